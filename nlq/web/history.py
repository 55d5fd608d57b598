"""`GET /api/v1/history` and `GET /api/v1/history/{id}`: what was asked and how it went."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.answer import Status
from nlq.history_list import Filters, HistoryEntry
from nlq.web.feedback import feedback_json
from nlq.web.ports import service

blueprint = Blueprint("history", __name__)

_STATUSES = {*Status, "running"}
_MOST = 200
_USUAL = 50


@blueprint.get("/api/v1/history")
def history() -> ResponseReturnValue:
    """A page of questions, newest first; `next_cursor` is the `cursor` of the page after it."""
    readers = _readers(service().settings.timezone)
    if unknown := sorted(request.args.keys() - readers.keys()):
        abort(422, f"Unknown parameter: {', '.join(unknown)[:100]}. Known are {', '.join(readers)}.")
    values = {name: readers[name](name, text) for name, text in request.args.items() if text}
    cursor, limit = values.pop("cursor", None), values.pop("limit", _USUAL)
    page = service().history.page(Filters(**values), cursor, limit)
    return jsonify({"entries": [entry_json(e) for e in page.entries], "next_cursor": page.next_cursor})


@blueprint.get("/api/v1/history/<int:query_id>")
def one(query_id: int) -> ResponseReturnValue:
    """One question with all that is known about it, and the feedback on its answer."""
    entry = service().history.get(query_id)
    if entry is None:
        abort(404, f"There is no question with the id {query_id}.")
    feedback = [feedback_json(found) for found in service().review.of(query_id)]
    return jsonify({**entry_json(entry), "feedback": feedback})


def entry_json(entry: HistoryEntry) -> dict[str, Any]:
    """A question of the history as JSON values: times as ISO 8601."""
    values = asdict(entry)
    for name in ("timestamp", "finished_at"):
        values[name] = values[name].isoformat() if values[name] else None
    values["conversation_id"] = str(entry.conversation_id) if entry.conversation_id else None
    return values


def _readers(zone: tzinfo) -> dict[str, Callable[[str, str], Any]]:
    """Each parameter with the function that reads its value; a moment without a zone is one in `zone`."""
    return {
        "status": _status,
        "channel": _text,
        "user": _text,
        "successful": _truth,
        "text": _text,
        "since": lambda name, value: _moment(name, value, zone),
        "until": lambda name, value: _moment(name, value, zone),
        "conversation_id": _uuid,
        "cursor": lambda name, value: _number(name, value, 2**63 - 1),
        "limit": lambda name, value: _number(name, value, _MOST),
    }


def _text(_name: str, value: str) -> str:
    return value


def _status(name: str, value: str) -> str:
    if value not in _STATUSES:
        abort(422, f"{name} must be one of {', '.join(sorted(_STATUSES))}.")
    return value


def _truth(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        abort(422, f"{name} must be true or false.")
    return value == "true"


def _number(name: str, value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20 and 1 <= int(value) <= most):
        abort(422, f"{name} must be a whole number from 1 to {most}.")
    return int(value)


def _moment(name: str, value: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        abort(422, f"{name} must be a date or time such as 2026-03-31 or 2026-03-31T18:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _uuid(name: str, value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        abort(422, f"{name} must be the conversation_id of an answer.")
