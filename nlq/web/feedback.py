"""`POST /api/v1/history/{id}/feedback`: what a reviewer says about an answer."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Request, abort, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.feedback import Feedback, FeedbackEntry, Verdict
from nlq.signing_in import Role
from nlq.web import identity
from nlq.web.body import json_object, only_fields
from nlq.web.ports import service
from nlq.web.visibility import visible, visible_catalog

blueprint = Blueprint("feedback", __name__)

_EXAMPLE = '{"verdict": "wrong", "correct_sql": "SELECT ...", "approved": true}'
_FIELDS = ("verdict", "comment", "correct_sql", "correct_plan", "approved")
LONGEST_COMMENT = 5_000


@blueprint.post("/api/v1/history/<int:query_id>/feedback")
def feedback(query_id: int) -> ResponseReturnValue:
    """Take the feedback on one question."""
    entry = visible(query_id)
    given = replace(read_feedback(request, entry.id), user=identity.current().user)
    if given.approved or given.correct_sql or given.correct_plan:
        identity.require(Role.REVIEWER)
    added = service().review.give(given, visible_catalog(), identity.current().groups)
    return jsonify(feedback_json(added)), 201


def feedback_json(entry: FeedbackEntry) -> dict[str, Any]:
    """Feedback as JSON values: its time as ISO 8601."""
    return {
        "id": entry.id,
        "query_id": entry.query_id,
        "verdict": str(entry.verdict),
        "approved": entry.approved,
        "comment": entry.comment,
        "correct_sql": entry.correct_sql,
        "correct_plan": entry.correct_plan,
        "user": entry.user,
        "created_at": entry.created_at.isoformat() if entry.created_at else None,
    }


def read_feedback(request: Request, query_id: int) -> Feedback:
    """The feedback in the body of a request.

    Raises:
        HTTPException: 400, 413, 415 or 422; the description says what to send instead.
    """
    body = json_object(request, _EXAMPLE)
    only_fields(body, *_FIELDS)
    if body.get("verdict") not in list(Verdict):
        abort(422, 'The field verdict must be "right" or "wrong".')
    if not isinstance(body.get("approved", False), bool):
        abort(422, "The field approved must be true or false.")
    plan = body.get("correct_plan")
    if not (plan is None or isinstance(plan, dict)):
        abort(422, "The field correct_plan must be null or a plan, as the field plan of an answer.")
    return Feedback(
        query_id=query_id,
        verdict=Verdict(body["verdict"]),
        comment=_text(body, "comment"),
        correct_sql=_text(body, "correct_sql"),
        correct_plan=plan,
        approved=body.get("approved", False),
    )


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not (isinstance(value, str) and value.strip()):
        abort(422, f"The field {name} must be null or a text that is not empty.")
    if name == "comment" and len(value) > LONGEST_COMMENT:
        abort(422, f"The field comment has {len(value)} characters; please use at most {LONGEST_COMMENT}.")
    return value.strip()
