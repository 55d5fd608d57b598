"""Calls over the network that can be dropped at any moment, whatever they wait for."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from nlq.cancellation import Cancellation

T = TypeVar("T")


class Calls:
    """Runs coroutines for other threads, in an event loop of its own.

    A thread that waits for a socket cannot be stopped; a coroutine can, and what it holds is then closed: an
    endpoint sees that nobody waits for it any more. The loop starts with the first call, after any fork.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, call: Coroutine[Any, Any, T], timeout_s: float, cancellation: Cancellation) -> T:
        """What `call` returns.

        Raises:
            TimeoutError: it took longer than `timeout_s` seconds and was dropped.
            Cancelled: the question was cancelled and the call dropped.
        """
        bounded = asyncio.wait_for(call, timeout_s)
        future = asyncio.run_coroutine_threadsafe(bounded, self._running_loop())
        try:
            with cancellation.calling(future.cancel):
                return future.result()
        finally:
            future.cancel()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="calls", daemon=True).start()
            return self._loop
