"""Many clients that ask at the same time, each over a connection of its own."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_S = 300


@dataclass(frozen=True)
class Reply:
    """What one client got, and how long after it had asked."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float


def ask_at_once(url: str, questions: Sequence[str]) -> list[Reply]:
    """Ask each of `questions` at `url`, all at the same time; return the replies in their order."""
    return asyncio.run(_all(url, questions))


async def _all(url: str, questions: Sequence[str]) -> list[Reply]:
    return list(await asyncio.gather(*(_one(url, question) for question in questions)))


async def _one(url: str, question: str) -> Reply:
    where = urlsplit(url)
    body = json.dumps({"question": question})
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with asyncio.timeout(_PATIENCE_S):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        asked = time.monotonic()
        writer.write((head + body).encode())
        await writer.drain()
        received = await reader.read()
        seconds = time.monotonic() - asked
        writer.close()
    return _reply(received, seconds)


def _reply(received: bytes, seconds: float) -> Reply:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Reply(int(first.split()[1]), headers, json.loads(body), seconds)
