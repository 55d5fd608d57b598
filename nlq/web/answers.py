"""What belongs to one answer of a conversation: its turn, rows, chart, files, feedback, and stopping it."""

import re
import uuid
from collections.abc import Callable

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from nlq import export
from nlq.answer import Answer
from nlq.chart import image
from nlq.chart.choose import as_kind
from nlq.errors import QueryFailed, UnsafeSql
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.web.asker import asker
from nlq.web.ports import service
from nlq.web.turning import may_read, turns
from nlq.web.words import gettext

blueprint = Blueprint("answers", __name__, url_prefix="/conversations/<uuid:conversation_id>/answers")

_LONGEST_COMMENT = 5_000
_LOCALES: dict[str, image.Locale] = {"de": "de-DE"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/<int:query_id>/turn")
def turn(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """The turn as a piece of a page; 202 while the question is worked on."""
    entry = entry_of(conversation_id, query_id)
    shown = turns().of_entry(entry, may_read=may_read(entry))
    return render_template("turn.html", turn=shown), 202 if shown.status == "running" else 200


@blueprint.get("/<int:query_id>/result")
def result(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """Table and chart as a piece of a page, from the rows as they are now; the sentence where it is new."""
    entry = entry_of(conversation_id, query_id)
    shown = turns().of_answer(again(entry))
    return render_template("result.html", turn=shown, new_sentence=not may_read(entry))


@blueprint.get("/<int:query_id>.csv")
def csv(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """The rows as CSV."""
    answer = again(entry_of(conversation_id, query_id))
    assert answer.table is not None  # noqa: S101 - what is shown again has rows
    return _file(export.as_csv(answer.table), "text/csv", answer, "csv")


@blueprint.get("/<int:query_id>.xlsx")
def xlsx(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """The rows as a workbook."""
    answer = again(entry_of(conversation_id, query_id))
    assert answer.table is not None  # noqa: S101 - what is shown again has rows
    shown = turns().of_answer(answer)
    heads = [head.name for head in shown.grid.heads] if shown.grid else [c.name for c in answer.table.columns]
    facts = {
        gettext("Question"): answer.question,
        gettext("Answer"): answer.text,
        gettext("How I read this"): answer.interpretation or "",
        "SQL": answer.sql or "",
    }
    return _file(export.as_xlsx(answer.table, heads, list(facts.items())), _XLSX, answer, "xlsx")


@blueprint.get("/<int:query_id>.svg")
def svg(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """The chart as an SVG picture; `kind` and `theme` choose how."""
    return _picture(entry_of(conversation_id, query_id), image.svg, "image/svg+xml", "svg")


@blueprint.get("/<int:query_id>.png")
def png(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """The chart as a PNG picture; `kind` and `theme` choose how."""
    return _picture(entry_of(conversation_id, query_id), image.png, "image/png", "png")


@blueprint.post("/<int:query_id>/stop")
def stop(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """End the question while it is worked on, and go back to its conversation."""
    entry = entry_of(conversation_id, query_id)
    service().pipeline.running.cancel(query_id, asker().user)
    return _done(entry)


@blueprint.post("/<int:query_id>/feedback")
def feedback(conversation_id: uuid.UUID, query_id: int) -> ResponseReturnValue:
    """Take a thumb up or down, with a reason if there is one."""
    entry = entry_of(conversation_id, query_id)
    verdict, comment = request.form.get("verdict"), request.form.get("comment", "").strip()
    if verdict not in list(Verdict):
        abort(422, gettext("Please say whether the answer is right or wrong."))
    if len(comment) > _LONGEST_COMMENT:
        abort(422, gettext("Please give a shorter reason."))
    person = asker()
    given = Feedback(query_id, Verdict(verdict), comment or None, user=person.user)
    service().review.give(given, service().catalog(person), person.groups)
    return _done(entry)


def entry_of(conversation_id: uuid.UUID, query_id: int) -> HistoryEntry:
    """The question of a conversation, for whoever has the conversation's link; 404 where there is none."""
    service().conversations.get(conversation_id)
    entry = service().history.get(query_id)
    if entry is None or entry.conversation_id != conversation_id:
        abort(404, gettext("There is no question with the number %(number)s.", number=query_id))
    return entry


def again(entry: HistoryEntry) -> Answer:
    """The answer from the rows as they are now; 422 where it cannot be given any more."""
    try:
        return service().replay.again(entry, asker())
    except (QueryFailed, UnsafeSql) as error:
        abort(422, str(error))


def _picture(
    entry: HistoryEntry, draw: Callable[..., bytes | str], mimetype: str, ending: str
) -> ResponseReturnValue:
    answer = again(entry)
    if answer.chart is None:
        abort(404, gettext("There is no chart of this answer."))
    theme = "dark" if request.args.get("theme") == "dark" else "light"
    spec = as_kind(answer.chart, request.args.get("kind"))
    drawn = draw(spec, theme, _LOCALES.get(str(get_locale()), "en-US"))
    return _file(drawn, mimetype, answer, ending, inline="inline" in request.args)


def _file(
    content: bytes | str, mimetype: str, answer: Answer, ending: str, *, inline: bool = False
) -> Response:
    """A download that is called after its question; `inline` shows it instead."""
    name = re.sub(r"[^a-z0-9]+", "-", answer.question.lower())[:60].strip("-") or "answer"
    response = Response(content, mimetype=mimetype)
    if not inline:
        response.headers.set("Content-Disposition", "attachment", filename=f"{name}-{answer.id}.{ending}")
    return response


def _done(entry: HistoryEntry) -> ResponseReturnValue:
    """Nothing more for a script; for a form, back to where it was sent from."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return "", 204
    return redirect(f"{url_for('conversations.one', conversation_id=entry.conversation_id)}#q{entry.id}", 303)
