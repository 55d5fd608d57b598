"""The process that answers: gunicorn's worker with threads, and a door in front of the threads.

One thread takes all connections and looks at the first bytes of each request, without ever waiting for a
client: a question for which there is no room is turned away there and then. While a crowd arrives, no
question of it is let in, and those under way begin no step that computes, until all are looked at: who must
come back learns it before the others' questions take the processor.
"""

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from nlq.web.door import MOST_HEAD, Door
from nlq.web.ports import EXTENSION

GRACE_S = 20
"""Seconds until a service that is told to stop has ended."""
_MARGIN_S = 5
"""So long before that, questions under way are ended."""
_READ_S, _WRITE_S = 15, 30
"""Longest wait for the next bytes of a request, and for a client that does not read its answer."""
_LINGER_S = 2.0
"""So long a client may take to close after its last response; a close before it could undo the response."""
_AT_A_TIME = 64
"""Connections that are taken before others are served."""
_FEW = 4
"""Questions that are let in before others are looked at."""
_CROWD = 8
"""Connections and questions that make a crowd when they come one soon after another."""
_LULL_S, _LONGEST_S = 0.005, 0.5
"""A crowd has arrived when nobody came for so long; and so long it may hold up questions at first."""


class Rush:
    """Whether a crowd arrives.

    It may hold up questions for half a second, and for half of the time if it goes on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has come yet; `clock` gives seconds."""
        self._clock = clock
        self._last = self._spent = 0.0
        self._count = 0

    def came(self) -> None:
        """A connection arrived, or a question."""
        now = self._clock()
        since = now - self._last
        rested = min(since, _LULL_S) if self._is_crowd() else 0.0
        self._spent = max(0.0, self._spent + rested - (since - rested))
        self._count = 1 if since > _LULL_S else self._count + 1
        self._last = now

    def left_s(self) -> float:
        """Seconds for which it goes on if nobody else comes."""
        lull = min(_LULL_S, _LONGEST_S - self._spent)
        return max(0.0, self._last + lull - self._clock()) if self._is_crowd() else 0.0

    def _is_crowd(self) -> bool:
        return self._count > _CROWD and self._spent < _LONGEST_S


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker in which no client can hold a thread by sending or reading nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asking: set[TConn] = set()
        self._held: deque[TConn] = deque()
        self._leaving: dict[TConn, float] = {}
        """Whom nothing more is sent, and when they began to leave."""
        self._rush = Rush()
        self._resting = False

    def run(self) -> None:
        """Answer until the end."""
        self._door = Door(self.wsgi)
        super().run()

    def accept(self, listener: Any) -> None:
        """Take the connections that wait."""
        for _ in range(min(_AT_A_TIME, self.worker_connections - self.nr_conns)):
            taken = self.nr_conns
            super().accept(listener)
            if self.nr_conns == taken:
                return

    def enqueue_req(self, conn: TConn) -> None:
        """Look at the request that begins on `conn`, and let it in, hold it or turn it away."""
        if not conn.initialized:
            self._rush.came()
        try:
            head = conn.sock.recv(MOST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._let_in(conn) if conn.initialized else self._wait(conn)  # what is read ahead is not seen
            return
        except OSError:
            self._close(conn)
            return
        path = self._door.asked(head)
        if path is None:
            self._let_in(conn)
        elif refusal := self._door.refusal(path, head, len(self._asking)):
            self._turn_away(conn, refusal)
        else:
            self._rush.came()
            self._asking.add(conn)
            self._held.append(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens next; let in who was held, and close who did not."""
        held = self._held or self._resting
        super().wait_for_and_dispatch_events(min(timeout, self._rush.left_s()) if held else timeout)
        if self._rests():
            return
        for _ in range(min(_FEW, len(self._held))):
            self._let_in(self._held.popleft())
        lingers_since = time.monotonic() - _LINGER_S
        while self._leaving and self._leaving[oldest := next(iter(self._leaving))] < lingers_since:
            self._end(oldest)

    def _rests(self) -> bool:
        """Whether a crowd arrives; questions under way are told so."""
        resting = self._rush.left_s() > 0
        if resting != self._resting:
            self._resting = resting
            self.wsgi.extensions[EXTENSION].rest(resting)
        return resting

    def handle(self, conn: TConn) -> Any:
        """Answer a request."""
        for option, seconds in ((socket.SO_RCVTIMEO, _READ_S), (socket.SO_SNDTIMEO, _WRITE_S)):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Keep the connection of an answered request, or let its client leave."""
        self._asking.discard(conn)
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop."""
        super().handle_exit(sig, frame)
        ending = threading.Timer(GRACE_S - _MARGIN_S, self.wsgi.extensions[EXTENSION].stop)
        ending.daemon = True
        ending.start()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End after Ctrl-C as after SIGTERM; gunicorn's way may wait for a lock that this thread holds."""
        self.handle_exit(sig, frame)

    def _wait(self, conn: TConn) -> None:
        """Look again when the first bytes are there."""
        conn.timeout = time.monotonic() + _READ_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _let_in(self, conn: TConn) -> None:
        conn.data_ready = True
        super().enqueue_req(conn)

    def _turn_away(self, conn: TConn, response: bytes) -> None:
        self._rush.came()
        with suppress(OSError):
            conn.sock.send(response)  # it is short, and nothing else is on its way
        self._leave(conn)

    def _leave(self, conn: TConn) -> None:
        """Say that nothing more is sent, and close when the client has closed, or does not."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._leaving[conn] = time.monotonic()
        self.poller.register(conn.sock, EVENT_READ, partial(self._read_off, conn))

    def _read_off(self, conn: TConn, _client: Any) -> None:
        try:
            if conn.sock.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._end(conn)

    def _end(self, conn: TConn) -> None:
        del self._leaving[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()
