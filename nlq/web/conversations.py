"""`/conversations`: the conversations of a person, and one of them with all its questions."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nlq.conversations import Conversation
from nlq.errors import NlqError, UnknownConversation
from nlq.history_list import Filters, HistoryEntry
from nlq.web.answers import again
from nlq.web.asker import asker
from nlq.web.ports import service
from nlq.web.turning import may_read, turns
from nlq.web.turns import Turn, Turns

blueprint = Blueprint("conversations", __name__, url_prefix="/conversations")

_PAGE = 30
_MOST_TURNS = 100


@blueprint.get("")
def listed() -> ResponseReturnValue:
    """The conversations, the last asked in first; `text` finds those in which it was said."""
    text = request.args.get("text", "").strip()
    after = _after(request.args.get("after", ""))
    found = service().conversations.page(asker().user, text or None, after, _PAGE + 1)
    shown = found[:_PAGE]
    older = url_for(".listed", text=text or None, after=shown[-1].id) if len(found) > _PAGE else None
    newest = url_for(".listed", text=text or None) if after else None
    return render_template("conversations.html", found=shown, text=text, older=older, newest=newest)


@blueprint.get("/<uuid:conversation_id>")
def one(conversation_id: uuid.UUID) -> ResponseReturnValue:
    """A conversation with its questions; `rows` says whose table is shown without JavaScript."""
    conversation = service().conversations.get(conversation_id)
    page = service().history.page(Filters(conversation_id=conversation_id), limit=_MOST_TURNS)
    make, wanted = turns(), request.args.get("rows", type=int)
    shown = [_turn(make, entry, wanted) for entry in reversed(page.entries)]
    return render_template(
        "ask.html",
        conversation=conversation,
        mine=conversation.user == asker().user,
        turns=shown,
        whole_page=True,
        once=uuid.uuid4().hex,
        cut=page.next_cursor is not None,
    )


@blueprint.post("/<uuid:conversation_id>/name")
def rename(conversation_id: uuid.UUID) -> ResponseReturnValue:
    """Give the conversation another name."""
    service().conversations.rename(conversation_id, asker().user, request.form.get("name", ""))
    return redirect(url_for(".one", conversation_id=conversation_id), 303)


@blueprint.post("/<uuid:conversation_id>/delete")
def delete(conversation_id: uuid.UUID) -> ResponseReturnValue:
    """Delete the conversation."""
    service().conversations.delete(conversation_id, asker().user)
    return redirect(url_for(".listed"), 303)


def _turn(make: Turns, entry: HistoryEntry, wanted: int | None) -> Turn:
    if entry.id == wanted and entry.status == "answered":
        try:
            return make.of_answer(again(entry), entry.verdict)
        except NlqError:
            pass  # its turn without rows says what was answered
    return make.of_entry(entry, may_read=may_read(entry))


def _after(given: str) -> Conversation | None:
    """The conversation after which the page begins; None for the first page."""
    try:
        return service().conversations.get(uuid.UUID(given)) if given else None
    except (ValueError, UnknownConversation):
        return None
