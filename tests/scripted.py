"""A scripted OpenAI-compatible server on loopback: it replies what a test wants and keeps what it got."""

import json
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_REPLY = json.dumps(
    {
        "sql": "SELECT count(*) AS n FROM nlq.kpi_values a JOIN nlq.kpi_values b ON a.kpi = b.kpi"
        " JOIN nlq.kpi_values c ON b.kpi = c.kpi"
    }
)
"""SQL that passes the guard and takes minutes, for a question that no plan can say:"""
SLOW_QUESTION = "What is the standard deviation of revenue?"
SLOW_LIMITS = {"NLQ_MAX_PLAN_COST": "1e15", "NLQ_STATEMENT_TIMEOUT_MS": "60000"}
"""Settings under which it may run."""


@dataclass
class Script:
    """What the server replies, one entry for each request, the last one for all that follow."""

    replies: list[str] = field(default_factory=lambda: ['{"kpi":"none"}'])
    obeys: Callable[[dict[str, Any]], str] | None = None
    """Makes the reply to each request instead of `replies`."""
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    """Statuses of the first replies, before `status` holds."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """What is sent instead of a reply in OpenAI's form."""
    held: bool = False
    """No reply is sent as long as this is so."""
    drip_s: float = 0.0
    """Seconds after each byte."""
    delay_s: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0
    """How many clients went away while they waited for their reply."""
    base_url: str = ""

    def next_reply(self) -> str:
        """The reply to the request that was recorded last."""
        if self.obeys:
            return self.obeys(self.requests[-1])
        return self.replies[min(len(self.requests), len(self.replies)) - 1]

    def next_status(self) -> int:
        """The status of the reply to the request that was recorded last."""
        number = len(self.requests) - 1
        return self.statuses[number] if number < len(self.statuses) else self.status


@contextmanager
def scripted_model() -> Iterator[Script]:
    """Run the server; yields its script."""
    script, ended = Script(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.requests.append(json.loads(body))
            if self._left_within(script.delay_s):
                script.dropped += 1
                self.close_connection = True
                return
            message = {"role": "assistant", "content": script.next_reply()}
            usage = {"prompt_tokens": 700, "completion_tokens": 9, "total_tokens": 709}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted"}
            written = json.dumps({**reply, "choices": [choice], "usage": usage}).encode()
            self._send(written if script.body is None else script.body)

        def _left_within(self, seconds: float) -> bool:
            """Wait `seconds`, or until the client goes away or the server ends."""
            deadline = time.monotonic() + seconds
            poll = select.poll()
            poll.register(self.connection, select.POLLIN)
            while not ended.is_set() and (script.held or time.monotonic() < deadline):
                left = deadline - time.monotonic()
                if poll.poll(1000 * (0.5 if script.held else max(0, min(left, 0.5)))):
                    return True
            return False

        def _send(self, content: bytes) -> None:
            self.send_response(script.next_status())
            self.send_header("Content-Type", "application/json")
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):
                self._write(content)

        def _write(self, content: bytes) -> None:
            if not script.drip_s:
                self.wfile.write(content)
                return
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self._left_within(script.drip_s) or ended.is_set():
                    return

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    script.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
