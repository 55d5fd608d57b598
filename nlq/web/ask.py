"""`POST /api/v1/ask`: a question in, an answer out, or its stages and then the answer as a stream.

`POST /api/v1/ask/{id}/cancel` ends a question that is being worked on, and so does the client that goes away.
"""

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.answer import as_json
from nlq.cancellation import Cancellation, Cause
from nlq.web import stream
from nlq.web.body import json_object, read_question
from nlq.web.departures import Departures
from nlq.web.ports import service

blueprint = Blueprint("ask", __name__)
_departures = Departures()


@blueprint.post("/api/v1/ask")
def ask() -> ResponseReturnValue:
    """Answer the question of the request."""
    question = read_question(request, service().settings.max_question_chars)
    cancellation = Cancellation()
    watched = _departures.watched(request.environ, lambda: cancellation.cancel(Cause.GONE))
    wanted = request.accept_mimetypes.best_match(["application/json", stream.MIMETYPE])
    if wanted == stream.MIMETYPE:
        return stream.response(service().pipeline, question, cancellation, watched)
    with watched:
        return jsonify(as_json(service().pipeline.ask(question, cancellation=cancellation)))


@blueprint.post("/api/v1/ask/<int:query_id>/cancel")
def cancel(query_id: int) -> ResponseReturnValue:
    """End the question `query_id`; its answer, with the status `failed`, goes to whoever waits for it."""
    json_object(request, "{}")  # which another site cannot send unasked
    if not service().pipeline.running.cancel(query_id, user=None):
        abort(404, f"The question {query_id} is not being worked on; it has ended, or never began.")
    return jsonify({"id": query_id}), 202
