"""The child's side of `nlq.embedded.shared`: run a service until nobody uses it any more."""

import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from nlq.embedded.lease import Lease
from nlq.embedded.shared import Files
from nlq.errors import NlqError

_LOOK_EVERY_S = 0.2
_GLANCE_S = 1.0
"""Far longer than others hold the lock of a child to see whether it lives."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """What runs: `facts` for its users, and a look at whether it still runs."""

    facts: Mapping[str, Any]
    healthy: Callable[[], bool]


Runner = Callable[[Path, Mapping[str, Any]], AbstractContextManager[Service]]
"""Makes the service of a home from its configuration; it is stopped when the context ends."""


def main(runner: Runner) -> None:
    """Read the order from standard input, run the service, and end it after its last user or on a signal."""
    order = json.load(sys.stdin)
    files = Files(Path(order["home"]), order["name"])
    stopping = _stop_event()
    with _sole(files.alive):
        try:
            with runner(files.home, order["config"]) as service, _told(files, service.facts):
                _wait_for_the_last_user(Lease(files.users), service, stopping)
        except NlqError as error:
            _tell(files, {"error": str(error)})
        except Exception as error:
            traceback.print_exc()
            _tell(files, {"error": f"The {files.label} failed: {error}; see {files.log}."})


def die_with_parent(number: signal.Signals) -> None:
    """Ask the kernel for signal `number` when this process's parent dies; only Linux can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def _stop_event() -> threading.Event:
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


@contextmanager
def _sole(alive: Path) -> Iterator[None]:
    lease = Lease(alive)
    deadline = time.monotonic() + _GLANCE_S
    while not lease.take(wait=False):
        if time.monotonic() > deadline:
            raise SystemExit(f"Another process already holds {alive}.")
        time.sleep(0.01)
    try:
        yield
    finally:
        lease.release()


@contextmanager
def _told(files: Files, facts: Mapping[str, Any]) -> Iterator[None]:
    _tell(files, {"pid": os.getpid(), **facts})
    try:
        yield
    finally:
        files.facts.unlink(missing_ok=True)


def _tell(files: Files, facts: Mapping[str, Any]) -> None:
    """Write the facts in one piece, readable for their owner alone."""
    draft = files.facts.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(facts, file)
    draft.replace(files.facts)


def _wait_for_the_last_user(users: Lease, service: Service, stopping: threading.Event) -> None:
    while not users.take(wait=False):
        if stopping.wait(_LOOK_EVERY_S) or not service.healthy():
            return
