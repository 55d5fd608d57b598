"""A spool: what could not be delivered, kept on disk in order until it can be."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlq.errors import NlqError


class SpoolFull(NlqError):
    """The disk, or the share of it that the spool may take, is full; or it cannot be written."""


class Spool:
    """A folder with a file for each entry.

    A file is there in one piece or not at all, whatever happens while it is written, and stays until it is
    removed: an entry is delivered at least once, and its receiver knows what it has already.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Keep entries of `most_bytes` together below `folder`, which is made with the first one."""
        self._folder, self._most_bytes = folder, most_bytes

    @property
    def folder(self) -> Path:
        """Where the entries are."""
        return self._folder

    def size(self) -> tuple[int, int]:
        """How many entries wait, and their bytes."""
        sizes = [entry.stat().st_size for entry in self.entries()]
        return len(sizes), sum(sizes)

    def entries(self) -> list[Path]:
        """The entries that wait, in the order of their names."""
        return sorted(self._folder.glob("*.json"))

    def add(self, name: str, entry: Mapping[str, Any]) -> None:
        """Keep `entry`; on return it is on the disk.

        Raises:
            SpoolFull: it cannot be kept; the message says why and what to do.
        """
        content = json.dumps(entry, ensure_ascii=False, default=str).encode(errors="replace")
        draft = self._folder / f"{name}.draft"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.size()[1] + len(content) > self._most_bytes:
                raise SpoolFull(
                    f"The history's spool {self._folder} is full: it may hold {self._most_bytes} bytes. "
                    "Let the history's database be reached again, or set NLQ_SPOOL_BYTES."
                )
            _write(draft, content)
            draft.rename(self._folder / f"{name}.json")
            _sync(self._folder)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise SpoolFull(
                f"The history's spool {self._folder} cannot be written ({error.strerror}); "
                "free some space on its disk, or set NLQ_HOME to a folder on another one."
            ) from error

    def read(self) -> Iterator[tuple[Path, dict[str, Any] | None]]:
        """Each entry that waits with its content, in order; None for one that is damaged."""
        for entry in self.entries():
            try:
                yield entry, json.loads(entry.read_bytes())
            except ValueError:
                yield entry, None

    def remove(self, entry: Path) -> None:
        """Forget an entry that was delivered."""
        entry.unlink(missing_ok=True)
        _sync(self._folder)

    def refuse(self, entry: Path) -> Path:
        """Put an entry aside that can never be delivered; return where it is now."""
        aside = self._folder / "refused"
        aside.mkdir(exist_ok=True)
        return entry.rename(aside / entry.name)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Let a new or removed name in `folder` be on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
