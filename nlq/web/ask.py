"""`POST /api/v1/ask`: a question in, an answer out, or its stages and then the answer as a stream.

`POST /api/v1/ask/{id}/cancel` ends a question that is being worked on, and so does the client that goes away.
"""

from functools import partial

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.web import identity
from nlq.web.answering import respond
from nlq.web.body import json_object, read_question
from nlq.web.ports import service

blueprint = Blueprint("ask", __name__)


@blueprint.post("/api/v1/ask")
def ask() -> ResponseReturnValue:
    """Answer the question of the request."""
    question = read_question(request, service().settings.max_question_chars)
    return respond(request, partial(service().pipeline.ask, question))


@blueprint.post("/api/v1/ask/<int:query_id>/cancel")
def cancel(query_id: int) -> ResponseReturnValue:
    """End the question `query_id`; its answer, with the status `failed`, goes to whoever waits for it."""
    json_object(request, "{}")  # which another site cannot send unasked
    if not service().pipeline.running.cancel(query_id, identity.current().user):
        abort(404, f"The question {query_id} is not being worked on; it has ended, or never began.")
    return jsonify({"id": query_id}), 202
