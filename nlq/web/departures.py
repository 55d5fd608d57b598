"""Notices people who go away while their question is worked on: their connection closes."""

import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
"""Under which keys WSGI servers tell the connection of a request."""


class Departures:
    """Watches connections in one thread, whatever else the threads that answer them wait for.

    Nothing is read from them: a request that the client sent in advance stays where it is. A client that
    closes its sending half counts as gone, as for most HTTP servers.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._changing = threading.Lock()
        self._watched: dict[int, Callable[[], object]] = {}
        self._epoll: select.epoll | None = None

    @contextmanager
    def watched(self, environ: Mapping[str, Any], on_gone: Callable[[], object]) -> Iterator[None]:
        """Call `on_gone`, which must be quick, if the client of the WSGI request `environ` goes away.

        Behind a server that does not tell the connection, nothing is watched.
        """
        connection = next((environ[name] for name in _SOCKETS if name in environ), None)
        if not isinstance(connection, socket.socket) or connection.fileno() < 0:
            yield
            return
        epoll, number = self._started(), connection.fileno()
        with self._changing:
            self._watched[number] = on_gone
            epoll.register(number, _GONE | select.EPOLLONESHOT)
        try:
            yield
        finally:
            with self._changing:
                epoll.unregister(number)
                del self._watched[number]

    def _started(self) -> select.epoll:
        """The epoll with its thread, made with the first connection: after any fork."""
        with self._starting:
            if self._epoll is None:
                self._epoll = select.epoll()
                threading.Thread(
                    target=self._watch, args=(self._epoll,), name="departures", daemon=True
                ).start()
            return self._epoll

    def _watch(self, epoll: select.epoll) -> None:
        while True:
            for number, _ in epoll.poll():
                with self._changing:
                    if on_gone := self._watched.get(number):
                        on_gone()
