"""The questions that this process is working on, so that they can be cancelled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nlq.cancellation import Cancellation, Cause


class Running:
    """The running questions of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._questions: dict[int, tuple[str | None, Cancellation]] = {}

    @contextmanager
    def question(self, query_id: int, user: str | None, cancellation: Cancellation) -> Iterator[None]:
        """Let the question `query_id` of `user` be cancelled while the context lasts."""
        with self._lock:
            self._questions[query_id] = user, cancellation
        try:
            yield
        finally:
            with self._lock:
                del self._questions[query_id]

    def ids(self) -> list[int]:
        """The ids of the running questions."""
        with self._lock:
            return list(self._questions)

    def cancel(self, query_id: int, user: str | None) -> bool:
        """Cancel the question `query_id`; False if `user` has no such question running here."""
        with self._lock:
            asker, cancellation = self._questions.get(query_id, (None, None))
        if cancellation is None or asker != user:
            return False
        cancellation.cancel(Cause.STOPPED)
        return True

    def cancel_all(self, cause: Cause) -> None:
        """Cancel every question."""
        with self._lock:
            questions = tuple(self._questions.values())
        for _, cancellation in questions:
            cancellation.cancel(cause)
