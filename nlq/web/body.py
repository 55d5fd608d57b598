"""Reads the body of a request, strictly: what is not understood is not ignored."""

import json
import uuid
from typing import Any

from flask import Request, abort
from werkzeug.exceptions import ClientDisconnected

from nlq.question import Question, check_text
from nlq.web import identity

_CHANNELS = {"web"}
"""Our own clients, which say who they are in the header `NLQ-Channel`; all else is `http`."""


def read_question(request: Request, max_chars: int) -> Question:
    """The checked question of a request.

    Raises:
        InvalidQuestion: the text cannot be worked on.
        HTTPException: 400, 413, 415 or 422; the description says what to send instead.
    """
    body = json_object(request, '{"question": "..."}')
    only_fields(body, "question", "conversation_id")
    if "question" not in body:
        abort(422, 'The field question is missing; send {"question": "..."}.')
    return identity.question(
        text=check_text(body["question"], max_chars),
        conversation_id=conversation_id(body.get("conversation_id")),
        channel=asked_from(request),
    )


def asked_from(request: Request) -> str:
    """The channel that a request comes from."""
    channel = request.headers.get("NLQ-Channel", "")
    return channel if channel in _CHANNELS else "http"


def only_fields(body: dict[str, Any], *known: str) -> None:
    """Refuse a body with other fields than `known`: 422."""
    if unknown := sorted(body.keys() - set(known)):
        abort(422, f"Unknown field: {', '.join(unknown)[:100]}. Known are {', '.join(known)}.")


def json_object(request: Request, example: str) -> dict[str, Any]:
    """The JSON object in the body of a request, such as `example`.

    Raises:
        HTTPException: 400, 413, 415 or 422; the description says what to send instead.
    """
    if request.mimetype != "application/json":
        abort(415, f"Send JSON such as {example} with the header Content-Type: application/json.")
    try:
        body = json.loads(request.get_data())
    except ClientDisconnected:  # what a socket's time limit ends with, too
        abort(408, "The body of the request did not arrive in time.")
    except (ValueError, RecursionError):
        abort(400, "The body is not valid JSON.")
    if not isinstance(body, dict):
        abort(422, f"The body must be a JSON object such as {example}.")
    return body


def conversation_id(value: object) -> uuid.UUID | None:
    """The conversation that `value` names; None starts a new one; 422 where it can be none."""
    if value is None:
        return None
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        abort(422, "The field conversation_id must be null or the conversation_id of an earlier answer.")
