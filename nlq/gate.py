"""A gate: so many at once, so many in line, and whoever comes then is told so at once."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nlq.cancellation import Cancellation
from nlq.errors import Overloaded


class Gate:
    """Bounds how many questions do something at the same time; of those that wait, the oldest goes first.

    So a question that comes back, for a second call of the model, does not queue behind newer ones.
    """

    def __init__(self, at_once: int, in_line: float, full: str) -> None:
        """Let `at_once` in and `in_line` wait (`math.inf`: all); `full` is what the others are told."""
        self._at_once, self._in_line, self._full = at_once, in_line, full
        self._lock = threading.Lock()
        self._inside: set[threading.Event] = set()
        self._line: dict[threading.Event, float] = {}
        """Who waits, and when its question arrived."""
        self._closed = False

    @property
    def inside(self) -> int:
        """How many are in."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def refusal(self, coming: int) -> Overloaded | None:
        """What is told to who comes beside `coming` others, in or on their way; None where there is room."""
        full = max(len(self._inside), coming) >= self._at_once and len(self._line) >= self._in_line
        return Overloaded(self._full) if full else None

    def close(self) -> None:
        """Let nobody in until `open`; who is in stays."""
        self._closed = True

    def open(self) -> None:
        """Let in again who fits."""
        with self._lock:
            self._closed = False
            self._let_in()

    @contextmanager
    def passing(self, cancellation: Cancellation) -> Iterator[None]:
        """Wait for a place and hold it while the context lasts.

        Raises:
            Overloaded: the line is full.
            Cancelled: the question was cancelled while it waited, or its time was over.
        """
        mine = threading.Event()
        self._enter(mine, cancellation.began)
        try:
            with cancellation.calling(mine.set):
                left = cancellation.seconds_left()
                mine.wait(None if left == math.inf else left)
                cancellation.check()
            yield
        finally:
            self._leave(mine)

    def _enter(self, mine: threading.Event, arrived: float) -> None:
        with self._lock:
            if self._room and not self._line:
                self._inside.add(mine)
                mine.set()
            elif len(self._line) < self._in_line:
                self._line[mine] = arrived
            else:
                raise Overloaded(self._full)

    @property
    def _room(self) -> bool:
        return len(self._inside) < self._at_once and not self._closed

    def _leave(self, mine: threading.Event) -> None:
        with self._lock:
            if mine in self._inside:
                self._inside.remove(mine)
                self._let_in()
            else:
                del self._line[mine]

    def _let_in(self) -> None:
        while self._line and self._room:
            following = min(self._line, key=lambda waiting: self._line[waiting])
            del self._line[following]
            self._inside.add(following)
            following.set()
