"""Serves the application with gunicorn: one process that answers, many threads in it.

One process is enough, since a question waits for the model and the database, not for Python. Every question
under way has a thread, which costs little while it waits. There are some more, so that whoever is turned away
is told so at once, and health, history and stop buttons work while the service is full. What the service
owns beside it - the embedded database and model - lives in the parent process and outlives a worker that is
replaced.
"""

import errno
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from nlq.errors import NlqError
from nlq.web import slack
from nlq.web.worker import GRACE_S, Worker

_SPARE_THREADS = 32
_MOST_CONNECTIONS = 4096
"""Open at the same time, also those on which nothing is asked; others wait in line."""
_OTHER_FILES = 512
"""Files that are open beside connections: of the databases, the model and the interpreter."""
_BACKLOG = 2048
"""Connections that wait in the kernel; those beyond it try again only after a second, then three, seven."""
_TURN_S = 0.0005
"""After which one thread of Python lets another compute; the usual 5 ms add up where hundreds take turns."""


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
            "worker_class": Worker,
            "workers": 1,
            "threads": threads,
            "worker_connections": _most_connections(threads),
            "timeout": 0,
            "graceful_timeout": GRACE_S,
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


def _most_connections(threads: int) -> int:
    """How many may be open: enough, or what the limit on open files leaves, raised as far as it may be."""
    wanted = max(_MOST_CONNECTIONS, 2 * threads)
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now == resource.RLIM_INFINITY:
        return wanted
    files = wanted + _OTHER_FILES if most == resource.RLIM_INFINITY else min(wanted + _OTHER_FILES, most)
    if files > now:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max(1, min(wanted, files - _OTHER_FILES))


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
