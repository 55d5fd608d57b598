"""`GET /api/v1/history` and `GET /api/v1/history/{id}`: what was asked and how it went; the same as CSV."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.history_export import lines
from nlq.history_list import HistoryEntry
from nlq.web import history_query
from nlq.web.feedback import feedback_json
from nlq.web.history_query import Wanted
from nlq.web.ports import service
from nlq.web.visibility import visible, visible_part

blueprint = Blueprint("history", __name__)


@blueprint.get("/api/v1/history")
def history() -> ResponseReturnValue:
    """A page of questions; `next_cursor` is the `cursor` of the page after it."""
    wanted = visible_part(history_query.read(request.args, service().settings.timezone))
    page = service().history.page(wanted.filters, wanted.cursor, wanted.limit, wanted.order)
    return jsonify({"entries": [entry_json(e) for e in page.entries], "next_cursor": page.next_cursor})


@blueprint.get("/api/v1/history.csv")
def export() -> ResponseReturnValue:
    """All questions that pass the filters, as CSV that is sent while it is read."""
    return csv_response(visible_part(history_query.read(request.args, service().settings.timezone)))


@blueprint.get("/api/v1/history/<int:query_id>")
def one(query_id: int) -> ResponseReturnValue:
    """One question with all that is known about it, and the feedback on its answer."""
    entry = visible(query_id)
    feedback = [feedback_json(found) for found in service().review.of(query_id)]
    return jsonify({**entry_json(entry), "feedback": feedback})


def csv_response(wanted: Wanted) -> Response:
    """The questions that were asked for as a file; an error before the first line is answered as one."""
    entries = service().history.all(wanted.filters, wanted.order)
    text = lines(entries, service().settings.timezone)
    head, first = next(text), next(text, "")
    return Response(
        _chained(head + first, text),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="history.csv"'},
    )


def entry_json(entry: HistoryEntry) -> dict[str, Any]:
    """A question of the history as JSON values: times as ISO 8601."""
    values = asdict(entry)
    for name in ("timestamp", "finished_at"):
        values[name] = values[name].isoformat() if values[name] else None
    values["conversation_id"] = str(entry.conversation_id) if entry.conversation_id else None
    return values


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
