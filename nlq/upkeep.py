"""What a running service does beside questions, every few seconds, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from nlq.errors import DatabaseUnavailable
from nlq.history import LEASE_S, History
from nlq.retention import Retention, Which
from nlq.running import Running
from nlq.safekeeping import Safekeeping

EVERY_S = LEASE_S / 4
FORGET_EVERY_S = 3600.0

_log = logging.getLogger(__name__)


@dataclass
class Upkeep:
    """Delivers what waits, keeps running questions alive, ends those of dead processes, and forgets."""

    history: History
    safekeeping: Safekeeping
    running: Running
    retention: Retention
    keep_days: int | None = None
    """Days after which the history forgets what was said; None: never."""
    _forget_at: float = 0.0
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
        steps: tuple[Callable[[], None], ...] = (self.once, self.safekeeping.reserve, self._forget)
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

    def _forget(self) -> None:
        """Redact what is too old, once in a while."""
        if self.keep_days is None or time.monotonic() < self._forget_at:
            return
        before = datetime.now(UTC) - timedelta(days=self.keep_days)
        if count := self.retention.redact(Which(before=before)):
            _log.info("%s questions older than %s days were redacted", count, self.keep_days)
        self._forget_at = time.monotonic() + FORGET_EVERY_S
