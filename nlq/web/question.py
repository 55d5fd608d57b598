"""`/history/{id}`: one question with all that is known about it, and what a reviewer can do about it."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from nlq.errors import InvalidFeedback, QueryFailed, UnsafeSql
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.review import Ran
from nlq.signing_in import Role
from nlq.verified import Fitted
from nlq.web import identity
from nlq.web.asker import asker
from nlq.web.cells import Grid, grid
from nlq.web.feedback import LONGEST_COMMENT
from nlq.web.labels import STAGES
from nlq.web.plan import stored_plan
from nlq.web.ports import service
from nlq.web.reviewing import methods, words
from nlq.web.turning import turns
from nlq.web.visibility import visible, visible_catalog
from nlq.web.words import gettext

blueprint = Blueprint("question", __name__)


@dataclass(frozen=True)
class Tried:
    """What a plan or SQL gives now: its result, also as people read it, or why there is none."""

    ran: Ran | None = None
    grid: Grid | None = None
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
    reason = comment()
    if verdict == Verdict.WRONG and not reason:
        return _page(entry, problem=gettext("Please say what is wrong, so that others can act on it.")), 422
    given = Feedback(query_id, Verdict(verdict), reason, approved=approved, user=user())
    return _given(entry, given, gettext("Thank you, that was noted."))


@blueprint.post("/history/<int:query_id>/again")
@identity.needs(Role.REVIEWER)
def again(query_id: int) -> ResponseReturnValue:
    """Ask the question once more, as the system answers it now, and compare."""
    entry = visible(query_id)
    answer = service().pipeline.ask(asker(entry.question))
    return redirect(url_for("question.compared", query_id=query_id, other_id=answer.id), 303)


@blueprint.get("/history/<int:query_id>/beside/<int:other_id>")
@identity.needs(Role.REVIEWER)
def compared(query_id: int, other_id: int) -> ResponseReturnValue:
    """Two questions side by side: how they were read, their SQL, and what that gives now."""
    sides = [(entry, tried(stored(entry))) for entry in (visible(query_id), visible(other_id))]
    (one, gave), (other, gives) = sides
    same = {
        "status": one.status == other.status,
        "interpretation": _reading(one) == _reading(other),
        "sql": one.sql == other.sql,
        "rows": _rows(gave) == _rows(gives),
    }
    return render_template("compared.html", sides=sides, same=same, **words())


def _reading(entry: HistoryEntry) -> object:
    """How a question was read, whichever language that was said in."""
    return entry.plan or entry.interpretation


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
        catalog = visible_catalog()
        ran = service().review.run(wanted, catalog, asker())
        return Tried(ran, grid(ran.table, ran.what.plan, catalog, str(get_locale() or "en")))
    except (UnsafeSql, QueryFailed) as error:
        return Tried(problem=str(error))


def stages(entry: HistoryEntry) -> list[Stage]:
    """The steps of the way of a question, in their order, as parts of a bar."""
    order = list(STAGES)
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
        reason=gettext(entry.reason) if entry.reason else "",
        rows=rows,
        problem=problem,
        stages=stages(entry),
        feedback=service().review.of(entry.id),
        chips=turns().of_entry(entry).chips,
        may_review=identity.may(Role.REVIEWER),
        stage_words={name: gettext(words) for name, words in STAGES.items()},
        method_words=methods(),
        **words(),
    )


def _given(entry: HistoryEntry, given: Feedback, thanks: str) -> ResponseReturnValue:
    try:
        return saved(given, thanks)
    except InvalidFeedback as error:
        return _page(entry, problem=str(error)), 422


def saved(given: Feedback, thanks: str) -> ResponseReturnValue:
    """Write `given` down, say `thanks`, and go back to the question; raises `InvalidFeedback`."""
    service().review.give(given, visible_catalog(), identity.current().groups)
    flash(thanks)
    return redirect(url_for("question.shown", query_id=given.query_id), 303)


def comment() -> str | None:
    """The reason in the form; 422 if it is too long."""
    given = request.form.get("comment", "").strip()
    if len(given) > LONGEST_COMMENT:
        abort(422, gettext("Please give a shorter reason."))
    return given or None


def user() -> str | None:
    """Who makes this request."""
    return identity.current().user


def _rows(found: Tried) -> object:
    return found.ran.table.rows if found.ran else found.problem
