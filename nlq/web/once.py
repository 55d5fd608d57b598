"""Questions that are asked once, however often a form is sent: by a double click, or after a broken line."""

import threading
from collections import OrderedDict

from nlq.history import Started

_MOST = 2_000


class Once:
    """Remembers under which token which question was asked, the newest few thousand."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._started: OrderedDict[str, Started | None] = OrderedDict()

    def claim(self, token: str) -> bool:
        """Whether `token` is new; it is taken from now on. An empty token is always new."""
        with self._changed:
            if not token:
                return True
            if token in self._started:
                return False
            self._started[token] = None
            if len(self._started) > _MOST:
                self._started.popitem(last=False)
            return True

    def started(self, token: str, started: Started) -> None:
        """Say which question was asked under `token`."""
        with self._changed:
            if token in self._started:
                self._started[token] = started
            self._changed.notify_all()

    def release(self, token: str) -> None:
        """Let `token` be used again: nothing was asked under it."""
        with self._changed:
            if self._started.get(token, ...) is None:
                del self._started[token]
            self._changed.notify_all()

    def asked(self, token: str, timeout_s: float = 10.0) -> Started | None:
        """The question that was asked under `token`, once that is known; None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._started.get(token, ...) is not None, timeout_s)
            return self._started.get(token)
