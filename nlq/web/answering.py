"""Answers a request whose work takes a while: alone or as a stream, until its client goes away."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from flask import Request, jsonify
from flask.typing import ResponseReturnValue

from nlq.answer import as_json
from nlq.cancellation import Cancellation, Cause
from nlq.web import stream
from nlq.web.departures import Departures

_departures = Departures()


def respond(request: Request, work: stream.Work) -> ResponseReturnValue:
    """The answer that `work` gives, as JSON or, where `request` prefers it, as a stream."""
    cancellation = Cancellation()
    watched = _departures.watched(request.environ, lambda: cancellation.cancel(Cause.GONE))
    if request.accept_mimetypes.best_match(["application/json", stream.MIMETYPE]) == stream.MIMETYPE:
        return stream.response(work, cancellation, _until_left(cancellation, watched))
    with watched:
        return jsonify(as_json(work(None, None, cancellation)))


@contextmanager
def _until_left(cancellation: Cancellation, watched: AbstractContextManager[None]) -> Iterator[None]:
    """While it lasts, `watched`; at its end, nobody waits for the question any more."""
    with watched:
        yield
    cancellation.cancel(Cause.GONE)
