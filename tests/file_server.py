"""A loopback HTTP server with one file, which can break off, refuse, or serve something else."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served, and which ranges were asked for."""

    content: bytes
    url: str = ""
    etag: str | None = None
    break_after: list[int] = field(default_factory=list)
    """For each of the next replies: the bytes after which the connection breaks."""
    status: int | None = None
    """An error to answer with."""
    ranges: list[str | None] = field(default_factory=list)
    """The `Range` of each request so far."""


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """Serve `content` at `url` until the context ends."""
    files = FileServer(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, files)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        files.url = f"http://127.0.0.1:{server.server_address[1]}/model.gguf"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield files
        finally:
            server.shutdown()
            thread.join()


def _answer(request: BaseHTTPRequestHandler, files: FileServer) -> None:
    asked = request.headers.get("Range")
    files.ranges.append(asked)
    if files.status:
        request.send_error(files.status)
        return
    start = int(re.findall(r"\d+", asked)[0]) if asked else 0
    if request.headers.get("If-Range", files.etag) != files.etag:
        start = 0
    if start and start >= len(files.content):
        request.send_response(416)
        request.send_header("Content-Range", f"bytes */{len(files.content)}")
        request.end_headers()
        return
    body = files.content[start:]
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(body)))
    if files.etag:
        request.send_header("ETag", files.etag)
    request.end_headers()
    request.wfile.write(body[: files.break_after.pop(0)] if files.break_after else body)
