"""The door: questions for which there is no room are turned away before they cost a thread.

What they are told is what the application says, made by the application itself and kept. What is kept is the
same for everybody, in each language: nothing of a request gets into it.
"""

import sys
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.test import EnvironBuilder

from nlq.web.ports import EXTENSION, Service
from nlq.web.stream import MIMETYPE
from nlq.web.words import reader
from nlq.words import ENGLISH, speaking

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_HEAD = 8192
"""Bytes of a request that are looked at."""
_FOR_PROGRAMS = frozenset({b"/api/v1/ask", b"/api/v1/plan"})
_OF_THE_PAGE = b"/ask"
"""Where the page's script asks; a form sent without it gets the page again, which the application makes."""
_PREFERENCES = {b"cookie": "HTTP_COOKIE", b"accept-language": "HTTP_ACCEPT_LANGUAGE"}
"""Where a request says in which language it is answered, and what WSGI calls that."""
_TO_A_SCRIPT = b"\r\naccept: " + MIMETYPE.encode() + b"\r\n"


class Door:
    """Sees from the first bytes of a request whether it asks, and says what it is told if there is no room.

    A request that is not known to ask here goes in; the application knows, too, how many it takes.
    """

    def __init__(self, app: Flask) -> None:
        """The door of `app`."""
        self._app = app
        self._service: Service = app.extensions[EXTENSION]
        self._told: dict[tuple[bytes, str], bytes] = {}

    def asked(self, head: bytes) -> bytes | None:
        """The path at which the request that begins with `head` asks a question; None where it does not."""
        line, _, fields = head.partition(b"\r\n")
        method, _, rest = line.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        asks = path in _FOR_PROGRAMS or (path == _OF_THE_PAGE and _TO_A_SCRIPT in b"\r\n" + fields.lower())
        return path if method == b"POST" and asks else None

    def refusal(self, path: bytes, head: bytes, coming: int) -> bytes | None:
        """The response to a question at `path` beside `coming` others; None where there is room for it."""
        if (refused := self._service.no_room(coming)) is None:
            return None
        self._service.metrics.turned_away(type(refused).__name__)
        language = self._language(head) if path == _OF_THE_PAGE else ENGLISH
        if (path, language) not in self._told:
            self._told[path, language] = self._response(path, language)
        return self._told[path, language]

    def _language(self, head: bytes) -> str:
        """What the person reads whose request begins with `head`."""
        fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        said = {
            _PREFERENCES.get(name.lower(), ""): value.strip().decode("latin-1") for name, _, value in fields
        }
        try:
            with self._app.request_context({**_environ(_OF_THE_PAGE), **said}):
                return reader()
        except Exception:  # nobody else may be kept waiting by what somebody sends
            return ENGLISH

    def _response(self, path: bytes, language: str) -> bytes:
        with self._app.request_context(_environ(path)), speaking(language):
            refused = self._service.no_room(sys.maxsize)
            assert refused is not None  # noqa: S101 - nobody has room for so many
            said = self._app.make_response(self._app.handle_user_exception(refused))
            response = self._app.process_response(said)
        fields = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        head = f"HTTP/1.1 {response.status}\r\n{fields}Connection: close\r\n\r\n"
        return head.encode("latin-1") + response.get_data()


def _environ(path: bytes) -> "WSGIEnvironment":
    return EnvironBuilder(path.decode(), method="POST", headers=[("Accept", MIMETYPE)]).get_environ()
