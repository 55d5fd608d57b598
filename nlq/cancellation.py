"""Cancellation: how a question ends before its answer, on whatever step of its way it is."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from nlq.errors import NlqError
from nlq.words import N_, gettext


class Cause(StrEnum):
    """Why a question was cancelled, as the history says it."""

    STOPPED = "stopped"
    """Somebody asked for it."""
    GONE = "gone"
    """Nobody waits for the answer any more."""
    TOO_LONG = "too long"
    """Its time was over."""
    SHUTDOWN = "shutdown"
    """The service ends."""


_SENTENCES = {
    Cause.STOPPED: N_("The question was stopped before it was answered."),
    Cause.GONE: N_("Whoever asked went away before the question was answered."),
    Cause.TOO_LONG: N_("The question took too long and was stopped; ask again later, or more simply."),
    Cause.SHUTDOWN: N_(
        "The service was stopped before the question was answered; please ask again in a moment."
    ),
}


class Cancelled(NlqError):
    """A question was cancelled; `cause` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(gettext(_SENTENCES[cause]))
        self.cause = cause


class Cancellation:
    """Travels with one question: any thread may cancel it, and the question's steps wait under it.

    Everything that waits does so for no longer than `seconds_left`, inside of `calling` with what ends
    its wait. So a deadline needs no timer, and a cancelled question no polling.
    """

    def __init__(self) -> None:
        self.began = time.monotonic()
        """When the question arrived, by the monotonic clock."""
        self._lock = threading.Lock()
        self._cause: Cause | None = None
        self._callbacks: list[Callable[[], object]] = []
        self._deadline = math.inf

    def within(self, seconds: float) -> None:
        """Let the question take `seconds` from now at most, or less where that was said before."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def seconds_left(self, most: float = math.inf) -> float:
        """Seconds until the deadline, at most `most`.

        Raises:
            Cancelled: there are none left, or the question was cancelled.
        """
        self.check()
        return min(most, self._deadline - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Wait `seconds`.

        Raises:
            Cancelled: the question was cancelled in the meantime, or its time was over.
        """
        over = threading.Event()
        with self.calling(over.set):
            over.wait(self.seconds_left(seconds))
            self.check()

    def cancel(self, cause: Cause = Cause.STOPPED) -> None:
        """End the question, once; whatever waits under the token is called back in this thread."""
        with self._lock:
            if self._cause is None:
                self._cause = cause
                for callback in self._callbacks:
                    callback()

    def check(self) -> None:
        """Go on, or raise `Cancelled` where the question was cancelled or its time is over."""
        if self._cause is None and time.monotonic() >= self._deadline:
            self.cancel(Cause.TOO_LONG)
        if self._cause is not None:
            raise Cancelled(self._cause)

    @contextmanager
    def calling(self, callback: Callable[[], object]) -> Iterator[None]:
        """While the context lasts, call `callback` when the question is cancelled; it must be quick.

        An error that ends the context of a cancelled question becomes `Cancelled`.

        Raises:
            Cancelled: the question is cancelled already.
        """
        with self._lock:
            self._callbacks.append(callback)
        try:
            self.check()
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                self._callbacks.remove(callback)
