"""Serves the application with gunicorn: one process that answers, many threads in it.

One process is enough, since a question waits for the model and the database, not for Python. Every question
under way has a thread, which costs little while it waits. There are some more, so that whoever is turned away
is told so at once, and health, history and stop buttons work while the service is full. What the service
owns beside it - the embedded database and model - lives in the parent process and outlives a worker that is
replaced.
"""

import errno
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from nlq.errors import NlqError
from nlq.web import slack
from nlq.web.ports import EXTENSION

_SPARE_THREADS = 32
_MOST_CONNECTIONS = 4096
"""Open at the same time, also those on which nothing is asked; others wait in line."""
_BACKLOG = 2048
"""Connections that wait in the kernel; those beyond it try again only after a second, then three, seven."""
_READ_S, _WRITE_S = 15, 30
"""Longest wait for the next bytes of a request, and for a client that does not read its answer."""
_TURN_S = 0.0005
"""After which one thread of Python lets another compute; the usual 5 ms add up where hundreds take turns."""
_GRACE_S, _MARGIN_S = 20, 5
"""Seconds until a service that is told to stop has ended; so long before, questions under way are ended."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port`, to be given to `serve`; port 0 takes any that is free.

    Raises:
        NlqError: the address is taken, not of this machine, or needs more rights.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
        bound.listen(_BACKLOG)
    except OSError as error:
        raise NlqError(_why_not(error, host, port)) from error
    return bound


def serve(
    load: Callable[[], Flask], listener: socket.socket, on_ready: Callable[[], None], questions: int
) -> None:
    """Serve the application that `load` makes until SIGTERM or Ctrl-C; then end with `SystemExit`.

    Args:
        load: called in the process that answers, so that nothing is shared across the fork.
        listener: from `listen`; it is closed at the end.
        on_ready: called in this process when requests are answered from now on.
        questions: how many the application works on at the same time.
    """
    Arbiter(_Application(load, listener, on_ready, questions + _SPARE_THREADS)).run()


def url(listener: socket.socket) -> str:
    """The address under which this machine reaches `listener`."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


class _Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker in which no client can hold a thread by sending or reading nothing."""

    def handle(self, conn: Any) -> Any:
        for option, seconds in ((socket.SO_RCVTIMEO, _READ_S), (socket.SO_SNDTIMEO, _WRITE_S)):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
        return super().handle(conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        ending = threading.Timer(_GRACE_S - _MARGIN_S, self.wsgi.extensions[EXTENSION].stop)
        ending.daemon = True
        ending.start()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End after Ctrl-C as after SIGTERM; gunicorn's way may wait for a lock that this thread holds."""
        self.handle_exit(sig, frame)


class _Application(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        load: Callable[[], Flask],
        listener: socket.socket,
        on_ready: Callable[[], None],
        threads: int,
    ) -> None:
        self._load = load
        self._options: dict[str, Any] = {
            "bind": f"fd://{os.dup(listener.fileno())}",
            "worker_class": _Worker,
            "workers": 1,
            "threads": threads,
            "worker_connections": max(_MOST_CONNECTIONS, 2 * threads),
            "timeout": 0,
            "graceful_timeout": _GRACE_S,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": lambda arbiter: on_ready(),
            "worker_exit": _leave,
        }
        super().__init__()
        listener.close()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        sys.setswitchinterval(_TURN_S)
        return self._load()


def _leave(_arbiter: object, worker: Any) -> None:
    """End a worker here: it is a fork, and must not run the parent's clean-up on its way out."""
    error = sys.exc_info()[1]
    if isinstance(worker.wsgi, Flask):
        slack.stop(worker.wsgi)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1)


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is already in use; stop what uses it or set NLQ_PORT to another one."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights; set NLQ_PORT to one above 1023."
    return f"{host}:{port} cannot be used ({error.strerror}); set NLQ_HOST to an address of this machine."
