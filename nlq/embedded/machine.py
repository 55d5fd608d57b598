"""What the machine has to spare: memory, disk, processor cores; inside a container, what that may use."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from nlq.errors import NlqError

MB = 1024 * 1024
FreeSpace = Callable[[Path], int]
"""Bytes that can still be written at a path."""

_CGROUP = Path("/sys/fs/cgroup")
_CPUS = Path("/sys/devices/system/cpu")


def free_disk(path: Path) -> int:
    """Bytes that can still be written at `path`, or at its nearest parent that exists."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require_disk(path: Path, needed: int, purpose: str, free_space: FreeSpace = free_disk) -> None:
    """Make sure that `needed` bytes can be written at `path`.

    Raises:
        NlqError: they cannot; the message says how much is missing, and what to do.
    """
    free = free_space(path)
    if free < needed:
        raise NlqError(
            f"The disk is too full for {purpose}: {path} has {free / MB:.0f} MB free "
            f"and needs {needed / MB:.0f} MB. Free some space, or set NLQ_HOME to a folder on another disk."
        )


def free_memory() -> int | None:
    """Bytes of memory that a new process can use; None where the system does not tell."""
    known = [free for free in (_system_memory(), _container_memory()) if free is not None]
    return min(known, default=None)


def cores() -> int:
    """Processor cores that this process may keep busy, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _first_line(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        allowed = min(allowed, round(int(quota) / int(period)))
    return max(1, allowed)


def physical_cores() -> int:
    """As `cores`, two threads of one core counted as one: arithmetic gains nothing from the second."""
    if not hasattr(os, "sched_getaffinity"):
        return cores()
    siblings = {
        _first_line(_CPUS / f"cpu{number}/topology/thread_siblings_list") or str(number)
        for number in os.sched_getaffinity(0)
    }
    return min(cores(), len(siblings))


def _system_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    sizes = dict(line.split(":", 1) for line in lines)
    return int(sizes["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in sizes else None


def _container_memory() -> int | None:
    """What the control group of a container leaves; files in its page cache can be given back."""
    limit, used = _first_line(_CGROUP / "memory.max"), _first_line(_CGROUP / "memory.current")
    if not limit.isdigit() or not used.isdigit():
        return None
    return int(limit) - int(used) + _page_cache()


def _page_cache() -> int:
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    counts = dict(line.split() for line in lines)
    return int(counts.get("inactive_file", 0)) + int(counts.get("active_file", 0))


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
