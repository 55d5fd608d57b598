"""A circuit breaker: what has failed again and again is left alone for a while, then tried once."""

import threading
import time
from collections.abc import Callable
from enum import IntEnum

FAILURES = 5
"""In a row, after which the circuit opens."""
REST_S = 10.0
"""Seconds until a call is let through again, to try; so long, too, if that one fails."""


class State(IntEnum):
    """What a breaker does with calls."""

    CLOSED = 0
    """Lets them through."""
    HALF_OPEN = 1
    """Lets one through."""
    OPEN = 2
    """Lets none through."""


class Breaker:
    """Counts how calls ended; see M. Nygard, Release It!, for the pattern.

    Each call that `allows` let through ends with one of `succeeded`, `failed` and `abandoned`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """A closed one; `clock` gives seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._tried_at: float | None = None
        """When the circuit opened, or a call was let through to try; None while it is closed."""
        self._trying = False

    @property
    def state(self) -> State:
        """What happens to a call now."""
        with self._lock:
            return self._state()

    def allows(self) -> bool:
        """Whether a call may be made now."""
        with self._lock:
            state = self._state()
            if state is State.HALF_OPEN:
                self._trying = True
            return state is not State.OPEN

    def succeeded(self) -> None:
        """The endpoint lives: it replied, whatever it said."""
        with self._lock:
            self._failures, self._tried_at, self._trying = 0, None, False

    def failed(self) -> None:
        """The endpoint could not be reached, did not answer in time, or says itself that it is broken."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._tried_at, self._trying = self._clock(), False

    def abandoned(self) -> None:
        """The call was dropped before it ended; nothing is known."""
        with self._lock:
            self._trying = False

    def _state(self) -> State:
        if self._tried_at is None:
            return State.CLOSED
        if self._trying or self._clock() < self._tried_at + REST_S:
            return State.OPEN
        return State.HALF_OPEN
