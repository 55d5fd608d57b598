"""The page at `/` and what it asks: answered on the page of the conversation, or as a stream."""

import json
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nlq.answer import Answer
from nlq.cancellation import Cancellation
from nlq.errors import InvalidQuestion, NlqError
from nlq.history import Started
from nlq.plan.edit import Edit
from nlq.question import check_text
from nlq.trace import OnStage, OnStarted
from nlq.web import stream
from nlq.web.answers import entry_of
from nlq.web.asker import asker
from nlq.web.once import Once
from nlq.web.plan import edit, stored_plan
from nlq.web.ports import service
from nlq.web.problems import describe
from nlq.web.turning import turns
from nlq.web.words import gettext, reader
from nlq.words import speaking

blueprint = Blueprint("page", __name__)

_RECENT = 5
_once = Once()


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """The page on which a conversation begins. It opens also where the database is down."""
    return render_template("ask.html", **_beginning())


@blueprint.post("/ask")
def ask() -> ResponseReturnValue:
    """Ask the question of the form."""
    text = request.form.get("question", "")
    try:
        with speaking(reader()):
            question = asker(check_text(text, service().settings.max_question_chars), _conversation())
    except InvalidQuestion as error:
        return _refused(error, text)
    return _answered(partial(service().pipeline.ask, question), text)


@blueprint.post("/conversations/<uuid:conversation_id>/answers/<int:query_id>/edit")
def edited(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """Run the plan of an answer again, edited as the form says."""
    entry = entry_of(conversation_id, query_id)
    if not entry.plan:
        abort(404, gettext("This answer has no plan that could be edited."))
    plan = edit(stored_plan(dict(entry.plan)), edits_of_form())
    return _answered(partial(service().pipeline.run_plan, plan, asker("", conversation_id)), "")


def _answered(work: stream.Work, text: str) -> ResponseReturnValue:
    """Do `work` once for the form's token: as a stream, or by leading on to the conversation."""
    token = request.form.get("token", "")[:64]
    if not _once.claim(token):
        return _already(token)

    def noted(
        on_stage: OnStage | None, on_started: OnStarted | None, cancellation: Cancellation, /
    ) -> Answer:
        try:
            return work(on_stage, partial(_note, token, on_started), cancellation)
        finally:
            _once.release(token)

    if request.accept_mimetypes.best_match(["text/html", stream.MIMETYPE]) == stream.MIMETYPE:
        return stream.response(noted, Cancellation(), nullcontext(), _as_event)
    try:
        answer = noted(None, None, Cancellation())
    except NlqError as error:
        return _refused(error, text)
    return redirect(_address(answer.conversation_id, answer.id), 303)


def _note(token: str, on_started: Callable[[Started], object] | None, started: Started) -> None:
    _once.started(token, started)
    if on_started:
        on_started(started)


def _already(token: str) -> ResponseReturnValue:
    """Lead to the question that was asked under the token."""
    started = _once.asked(token)
    if started is None:
        abort(409, gettext("This question is being asked already. Please look at it in a moment."))
    return redirect(_address(started.conversation_id, started.query_id), 303)


def _address(conversation_id: uuid.UUID, query_id: int) -> str:
    where = url_for("conversations.one", conversation_id=conversation_id, rows=query_id)
    return f"{where}#q{query_id}"


def _as_event(answer: Answer) -> dict[str, Any]:
    """What the page is told at the end: the turn as HTML, and what is read aloud."""
    turn = turns().of_answer(answer)
    html = render_template("turn.html", turn=turn)
    return {"id": answer.id, "status": turn.status, "text": turn.text, "html": html}


def _refused(error: Exception, text: str) -> ResponseReturnValue:
    """The page again, with what was asked and why it was not."""
    problem = describe(error)
    if request.accept_mimetypes.best_match(["text/html", stream.MIMETYPE]) == stream.MIMETYPE:
        raise error
    shown = render_template("ask.html", **_beginning(), text=text, problem=problem)
    return shown, int(problem.status)


def _beginning() -> dict[str, Any]:
    """What the page shows of the catalogue and of conversations; nothing where the database is down."""
    try:
        examples = service().examples(asker())
        recent = service().conversations.page(asker().user, limit=_RECENT)
    except NlqError:
        examples, recent = [], ()
    return {"examples": examples, "recent": recent, "once": uuid.uuid4().hex}


def _conversation() -> uuid.UUID | None:
    given = request.form.get("conversation_id", "")
    try:
        return uuid.UUID(given) if given else None
    except ValueError:
        abort(422, gettext("There is no such conversation."))


def edits_of_form() -> list[Edit]:
    """The edits of the form: a list as JSON, or one slot with its values."""
    if given := request.form.get("edits"):
        try:
            return [Edit(str(slot), tuple(map(str, values))) for slot, *values in json.loads(given)]
        except (ValueError, TypeError):
            abort(422, gettext("The change could not be understood."))
    values = tuple(value for value in request.form.getlist("values") if value)
    if request.form.get("remove"):
        values = ()
    first, last = request.form.get("first", ""), request.form.get("last", "")
    if request.form.get("dates"):
        values = (f"{first or '..'}/{_day_after(last)}",)
    return [Edit(request.form.get("slot", ""), values)]


def _day_after(day: str) -> str:
    """The day after the ISO date `day`; `..` for none."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat() if day else ".."
    except (ValueError, OverflowError):
        abort(422, gettext("Please give dates such as 2026-03-31."))
