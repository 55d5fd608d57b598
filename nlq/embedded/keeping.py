"""Keeps embedded parts running: one that dies under its users is started again."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from nlq.errors import NlqError

_LOOK_EVERY_S, _LONGEST_PAUSE_S = 0.5, 30.0
"""How often a part is looked at; each failure to start it doubles the pause, up to the second."""

_log = logging.getLogger(__name__)


class Part(Protocol):
    """An embedded part that this process uses."""

    label: str
    """What messages call it."""

    def runs(self) -> bool:
        """Whether it lives."""

    def start(self) -> object:
        """Start it, or attach to it if somebody else has; returns how it is reached."""


@contextmanager
def kept(part: Part, address: object, prepare: Callable[[], object] = lambda: None) -> Iterator[None]:
    """While the context lasts, start `part` again whenever it has died, and `prepare` it.

    Its users know it by its `address`, what `start` returned, and find it there again.
    """
    ending = threading.Event()

    def watch() -> None:
        pause_s = _LOOK_EVERY_S
        while not ending.wait(pause_s):
            try:
                if not part.runs():
                    _log.warning("the %s has died and is started again", part.label)
                    _start_again(part, address)
                    prepare()
                    _log.warning("the %s runs again", part.label)
                pause_s = _LOOK_EVERY_S
            except NlqError as error:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                _log.error("the %s cannot be started again yet: %s", part.label, error)

    thread = threading.Thread(target=watch, name=f"keeping the {part.label}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _start_again(part: Part, address: object) -> None:
    if part.start() != address:
        _log.error("the %s is reached in another way now; restart this service", part.label)
