"""What a running service does beside questions, every few seconds, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from nlq.errors import DatabaseUnavailable
from nlq.history import LEASE_S, History
from nlq.running import Running
from nlq.safekeeping import Safekeeping

EVERY_S = LEASE_S / 4

_log = logging.getLogger(__name__)


@dataclass
class Upkeep:
    """Delivers what waits, renews the leases of running questions, ends those of processes that died."""

    history: History
    safekeeping: Safekeeping
    running: Running
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin, in a thread that ends with the process or with `stop`."""
        threading.Thread(target=self._work, name="upkeep", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end."""
        self._stopping.set()

    def once(self) -> None:
        """Do everything once.

        Raises:
            DatabaseUnavailable: what is left has to wait.
        """
        self.safekeeping.deliver()
        self.history.renew(self.running.ids())
        self.history.end_abandoned()

    def _work(self) -> None:
        steps: tuple[Callable[[], None], ...] = (self.once, self.safekeeping.reserve)
        while True:
            for step in steps:
                try:
                    step()
                except DatabaseUnavailable as outage:
                    _log.info("upkeep waits: %s", outage)
                except Exception:
                    _log.exception("upkeep failed and is tried again")
            if self._stopping.wait(EVERY_S):
                return
