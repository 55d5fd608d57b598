"""Many clients that ask at the same time, each over a connection of its own.

One thread serves all of them with as little work as can be, so that what they measure is the service.
"""

import json
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_S = 300


@dataclass(frozen=True)
class Reply:
    """What one client got, and how long after it began to connect it had all of it."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float


def ask_at_once(url: str, questions: Sequence[str]) -> list[Reply]:
    """Ask each of `questions` at `url`, all at the same time; return the replies in their order."""
    where = urlsplit(url)
    clients = [_Client(_request(where.netloc, question)) for question in questions]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.connect((where.hostname or "", where.port or 80))
            selector.register(client.connection, selectors.EVENT_WRITE, client)
        deadline = time.monotonic() + _PATIENCE_S
        while selector.get_map():
            assert time.monotonic() < deadline, "some got no reply"
            for key, _ in selector.select(1):
                _go_on(selector, key.data)
    return [_reply(client) for client in clients]


def _request(host: str, question: str) -> bytes:
    body = json.dumps({"question": question})
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


@dataclass
class _Client:
    request: bytes
    connection: socket.socket = field(default_factory=socket.socket)
    began: float = 0.0
    asked: bool = False
    received: list[bytes] = field(default_factory=list)
    seconds: float = 0.0

    def connect(self, address: tuple[str, int]) -> None:
        self.connection.setblocking(False)
        self.began = time.monotonic()
        self.connection.connect_ex(address)


def _go_on(selector: selectors.BaseSelector, client: _Client) -> None:
    """Send the request where the connection is made, else read on, to the end of the reply."""
    if not client.asked:
        client.connection.sendall(client.request)
        client.asked = True
        selector.modify(client.connection, selectors.EVENT_READ, client)
    elif received := client.connection.recv(65536):
        client.received.append(received)
    else:
        client.seconds = time.monotonic() - client.began
        selector.unregister(client.connection)
        client.connection.close()


def _reply(client: _Client) -> Reply:
    head, _, body = b"".join(client.received).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Reply(int(first.split()[1]), headers, json.loads(body), client.seconds)
