"""A lock on a file that the kernel releases when its holder dies, however it dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Lease:
    """An advisory `flock` on `path`: many may hold it shared, or one alone.

    A process that was forked from the holder keeps it held too, until it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock, or change how it is held; False where `wait` is off and another holds it.

        After False it is not held any more.
        """
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._file, mode if wait else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Let go of the lock, also for processes that were forked from this one."""
        if self._file is None:
            return
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)
        self._file = None

    def __enter__(self) -> Self:
        """Wait until nobody else holds the lock, then hold it."""
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of it."""
        self.release()


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock on `path` at this moment."""
    lease = Lease(path)
    free = lease.take(wait=False)
    lease.release()
    return free
