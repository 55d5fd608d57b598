"""`POST /api/v1/ask`: a question in, an answer out, or its stages and then the answer as a stream."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.answer import as_json
from nlq.web import stream
from nlq.web.body import read_question
from nlq.web.ports import service

blueprint = Blueprint("ask", __name__)


@blueprint.post("/api/v1/ask")
def ask() -> ResponseReturnValue:
    """Answer the question of the request."""
    question = read_question(request, service().settings.max_question_chars)
    wanted = request.accept_mimetypes.best_match(["application/json", stream.MIMETYPE])
    if wanted == stream.MIMETYPE:
        return stream.response(service().pipeline, question)
    return jsonify(as_json(service().pipeline.ask(question)))
