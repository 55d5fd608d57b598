"""`/history/{id}/reading`, `/history/{id}/correction`: what would have been right, tried and then saved."""

import json
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from nlq.errors import InvalidFeedback
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.plan.model import Plan, as_json
from nlq.signing_in import Role
from nlq.verified import Fitted
from nlq.web import identity
from nlq.web.labels import chip_words
from nlq.web.page import edits_of_form
from nlq.web.plan import chips_of, edit, stored_plan
from nlq.web.question import Tried, comment, saved, tried, user
from nlq.web.reviewing import words
from nlq.web.visibility import visible, visible_catalog
from nlq.web.words import gettext, reader
from nlq.words import speaking

blueprint = Blueprint("correcting", __name__)


@blueprint.route("/history/<int:query_id>/reading", methods=["GET", "POST"])
@identity.needs(Role.REVIEWER)
def reading(query_id: int) -> ResponseReturnValue:
    """Change the parts of the plan, see what it gives, and save it as what would have been right."""
    entry, action = visible(query_id), request.form.get("action")
    plan = _plan_of_form() if request.method == "POST" else _first_plan(entry)
    if request.method == "POST" and action != "save":
        plan = edit(plan, edits_of_form())
    if action != "save":
        return _reading(entry, plan)
    try:
        return saved(_correction(query_id, correct_plan=as_json(plan)), gettext("The correction was saved."))
    except InvalidFeedback as error:
        return _reading(entry, plan, str(error)), 422


@blueprint.route("/history/<int:query_id>/correction", methods=["GET", "POST"])
@identity.needs(Role.REVIEWER)
def sql(query_id: int) -> ResponseReturnValue:
    """Write SQL that would have been right: try it as often as needed, then save it."""
    entry, written = visible(query_id), request.form.get("sql", "").strip()
    if request.method == "GET":
        return _sql(entry, entry.sql or "")
    if not written:
        return _sql(entry, written, Tried(problem=gettext("Please write the SQL first."))), 422
    if request.form.get("action") != "save":
        return _sql(entry, written, tried(Fitted(sql=written)))
    try:
        return saved(_correction(query_id, correct_sql=written), gettext("The correction was saved."))
    except InvalidFeedback as error:
        return _sql(entry, written, Tried(problem=str(error))), 422


def _first_plan(entry: HistoryEntry) -> Plan:
    """The plan of the answer; where there is none, one that the reviewer can begin with."""
    if entry.plan:
        return stored_plan(dict(entry.plan))
    kpis = visible_catalog().kpis
    if not kpis:
        abort(404, gettext("There is no KPI that a plan could be about."))
    return Plan(kpis=(kpis[0].name,))


def _plan_of_form() -> Plan:
    try:
        given = json.loads(request.form.get("plan", ""))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        abort(422, gettext("The change could not be understood."))
    return stored_plan(given)


def _correction(query_id: int, **correction: Any) -> Feedback:
    approved = "approved" in request.form
    return Feedback(query_id, Verdict.WRONG, comment(), approved=approved, user=user(), **correction)


def _reading(entry: HistoryEntry, plan: Plan, problem: str | None = None) -> str:
    return render_template(
        "reading.html",
        entry=entry,
        plan=json.dumps(as_json(plan), default=str),
        chips=_chips(plan),
        tried=Tried(problem=problem) if problem else tried(Fitted(plan)),
        form=_form(),
        **words(),
    )


def _chips(plan: Plan) -> list[dict[str, Any]]:
    with speaking(reader()):
        return [chip_words(chip) for chip in chips_of(plan)]


def _sql(entry: HistoryEntry, written: str, found: Tried | None = None) -> str:
    return render_template("correction.html", entry=entry, sql=written, tried=found, form=_form(), **words())


def _form() -> dict[str, Any]:
    return {"comment": comment() or "", "approved": "approved" in request.form}
