"""A few threads that do the jobs which Slack's requests leave behind."""

import logging
import threading
import time
from collections.abc import Callable

from nlq.errors import DatabaseUnavailable
from nlq.slack.jobs import Claimed, Jobs

_LEASE_S = 15.0
"""How long a job waits for another process after its own has died."""
_LOOK_EVERY_S = 2.0
"""Jobs of other processes, and of those that died, are found within this time once they may be taken."""

_log = logging.getLogger(__name__)


class Workers:
    """Claims jobs and does them, several at a time, until it is stopped."""

    def __init__(self, jobs: Jobs, do: Callable[[Claimed], None], number: int) -> None:
        """`do` does one job to its end, on one of `number` threads."""
        self._jobs, self._do = jobs, do
        self._stopping = threading.Event()
        self._news = threading.Semaphore(0)
        self._held: set[str] = set()
        self._holding = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"slack-{n}", daemon=True) for n in range(number)
        ]
        self._heart = threading.Thread(target=self._beat, name="slack-heart", daemon=True)

    def start(self) -> None:
        """Begin; jobs that an earlier process left behind come first."""
        for thread in (*self._threads, self._heart):
            thread.start()

    def wake(self) -> None:
        """Tell that there is a new job."""
        self._news.release()

    def stop(self, grace_s: float = 20.0) -> None:
        """Take no more jobs, and wait up to `grace_s` seconds for those under way.

        What is not done by then is left to the next process.
        """
        self._stopping.set()
        for _ in self._threads:
            self._news.release()
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._holding:
            left, self._held = self._held, set()
        if left:
            self._jobs.renew(left, 0.0)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = self._jobs.claim(_LEASE_S)
            except DatabaseUnavailable as error:
                _log.warning("%s", error)
                self._stopping.wait(_LOOK_EVERY_S)
                continue
            if claimed is None:
                self._news.acquire(timeout=_LOOK_EVERY_S)
            else:
                self._hold(claimed)

    def _hold(self, claimed: Claimed) -> None:
        key = claimed.job.key
        with self._holding:
            self._held.add(key)
        try:
            self._do(claimed)
        except Exception:  # one job must not end the thread; it is tried again once its lease is over
            _log.exception("A job of Slack failed: %s", key)
        finally:
            with self._holding:
                self._held.discard(key)

    def _beat(self) -> None:
        while not self._stopping.wait(_LEASE_S / 3):
            with self._holding:
                held = set(self._held)
            if not held:
                continue
            try:
                self._jobs.renew(held, _LEASE_S)
            except DatabaseUnavailable as error:
                _log.warning("%s", error)
