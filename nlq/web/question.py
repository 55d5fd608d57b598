"""`/history/{id}`: one question with all that is known about it, and what a reviewer can do about it."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nlq.errors import InvalidFeedback, QueryFailed, UnsafeSql
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.review import Ran
from nlq.signing_in import Role
from nlq.verified import Fitted
from nlq.web import identity
from nlq.web.feedback import LONGEST_COMMENT
from nlq.web.plan import stored_plan
from nlq.web.ports import service
from nlq.web.reviewing import words
from nlq.web.visibility import visible, visible_catalog
from nlq.web.words import gettext

blueprint = Blueprint("question", __name__)


@dataclass(frozen=True)
class Tried:
    """What a plan or SQL gives now: its result, or why there is none."""

    ran: Ran | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Stage:
    """A step of the way of a question: where its part of the bar begins and how long it is, in percent."""

    name: str
    ms: int
    start: float
    share: float


@blueprint.get("/history/<int:query_id>")
def shown(query_id: int) -> ResponseReturnValue:
    """All about one question; with `rows` also what its SQL gives now."""
    entry = visible(query_id)
    return _page(entry, rows=tried(stored(entry)) if "rows" in request.args else None)


@blueprint.post("/history/<int:query_id>/verdict")
def judge(query_id: int) -> ResponseReturnValue:
    """Take whether the answer is right, with a reason; approve it, if a reviewer says so."""
    entry, form = visible(query_id), request.form
    verdict, approved = form.get("verdict"), "approved" in form
    if verdict not in list(Verdict):
        abort(422, gettext("Please say whether the answer is right or wrong."))
    if approved:
        identity.require(Role.REVIEWER)
    comment = _comment()
    if verdict == Verdict.WRONG and not comment:
        return _page(entry, problem=gettext("Please say what is wrong, so that others can act on it.")), 422
    given = Feedback(query_id, Verdict(verdict), comment, approved=approved, user=_user())
    return _given(entry, given, gettext("Thank you, that was noted."))


@blueprint.route("/history/<int:query_id>/correction", methods=["GET", "POST"])
@identity.needs(Role.REVIEWER)
def correct(query_id: int) -> ResponseReturnValue:
    """Write SQL that would have been right: try it as often as needed, then save it."""
    entry, sql = visible(query_id), request.form.get("sql", "").strip()
    if request.method == "GET":
        return _correction(entry, entry.sql or "")
    if not sql:
        return _correction(entry, sql, Tried(problem=gettext("Please write the SQL first."))), 422
    if request.form.get("action") != "save":
        return _correction(entry, sql, tried(Fitted(sql=sql)))
    approved = "approved" in request.form
    given = Feedback(query_id, Verdict.WRONG, _comment(), correct_sql=sql, approved=approved, user=_user())
    try:
        return _saved(given, gettext("The correction was saved."))
    except InvalidFeedback as error:
        return _correction(entry, sql, Tried(problem=str(error))), 422


@blueprint.post("/history/<int:query_id>/again")
@identity.needs(Role.REVIEWER)
def again(query_id: int) -> ResponseReturnValue:
    """Ask the question once more, as the system answers it now, and compare."""
    entry = visible(query_id)
    answer = service().pipeline.ask(identity.question(entry.question, None, "web"))
    return redirect(url_for("question.compared", query_id=query_id, other_id=answer.id), 303)


@blueprint.get("/history/<int:query_id>/beside/<int:other_id>")
@identity.needs(Role.REVIEWER)
def compared(query_id: int, other_id: int) -> ResponseReturnValue:
    """Two questions side by side: how they were read, their SQL, and what that gives now."""
    sides = [(entry, tried(stored(entry))) for entry in (visible(query_id), visible(other_id))]
    (one, gave), (other, gives) = sides
    same = {
        "status": one.status == other.status,
        "interpretation": one.interpretation == other.interpretation,
        "sql": one.sql == other.sql,
        "rows": _rows(gave) == _rows(gives),
    }
    return render_template("compared.html", sides=sides, same=same, **words())


def stored(entry: HistoryEntry) -> Fitted | None:
    """What was run for the answer of `entry`; None if nothing was."""
    if entry.plan and entry.method != "sql":
        return Fitted(stored_plan(dict(entry.plan)))
    return Fitted(sql=entry.sql) if entry.sql else None


def tried(wanted: Fitted | None) -> Tried:
    """What `wanted` gives now, over the rows that who asks may see."""
    if wanted is None:
        return Tried(problem=gettext("Nothing was run for this question."))
    try:
        return Tried(service().review.run(wanted, visible_catalog(), identity.question()))
    except (UnsafeSql, QueryFailed) as error:
        return Tried(problem=str(error))


def stages(entry: HistoryEntry) -> list[Stage]:
    """The steps of the way of a question, in their order, as parts of a bar."""
    order = list(_stage_words())
    given = dict(sorted((entry.stages or {}).items(), key=lambda one: [*order, one[0]].index(one[0])))
    whole = max(sum(given.values()), 1)
    found, start = [], 0.0
    for name, ms in given.items():
        share = 100 * ms / whole
        found.append(Stage(name, ms, round(start, 3), round(share, 3)))
        start += share
    return found


def _page(entry: HistoryEntry, rows: Tried | None = None, problem: str | None = None) -> str:
    return render_template(
        "question.html",
        entry=entry,
        rows=rows,
        problem=problem,
        stages=stages(entry),
        feedback=service().review.of(entry.id),
        sql=entry.sql,
        chips=(),
        can_edit=False,
        may_review=identity.may(Role.REVIEWER),
        stage_words=_stage_words(),
        method_words=_method_words(),
        **words(),
    )


def _stage_words() -> dict[str, str]:
    return {
        "linking": gettext("Reading"),
        "prompting": gettext("Prompting"),
        "llm": gettext("Model"),
        "plan": gettext("Planning"),
        "sql": gettext("Checking"),
        "database": gettext("Database"),
        "answer": gettext("Wording"),
    }


def _method_words() -> dict[str, str]:
    return {
        "plan": gettext("Query plan"),
        "sql": gettext("SQL by the model"),
        "verified": gettext("Verified answer"),
    }


def _correction(entry: HistoryEntry, sql: str, found: Tried | None = None) -> str:
    form: dict[str, Any] = {"comment": _comment() or "", "approved": "approved" in request.form}
    return render_template("correction.html", entry=entry, sql=sql, tried=found, form=form, **words())


def _given(entry: HistoryEntry, given: Feedback, thanks: str) -> ResponseReturnValue:
    try:
        return _saved(given, thanks)
    except InvalidFeedback as error:
        return _page(entry, problem=str(error)), 422


def _saved(given: Feedback, thanks: str) -> ResponseReturnValue:
    service().review.give(given, visible_catalog(), identity.current().groups)
    flash(thanks)
    return redirect(url_for("question.shown", query_id=given.query_id), 303)


def _comment() -> str | None:
    comment = request.form.get("comment", "").strip()
    if len(comment) > LONGEST_COMMENT:
        abort(422, gettext("Please give a shorter reason."))
    return comment or None


def _user() -> str | None:
    return identity.current().user


def _rows(found: Tried) -> object:
    return found.ran.table.rows if found.ran else found.problem
