"""A question as it comes in from a channel, and the check that it can be worked on."""

import re
import unicodedata
import uuid
from dataclasses import dataclass

from nlq.errors import InvalidQuestion
from nlq.words import N_, gettext

_CHOSEN = re.compile(r"\((?P<labels>[^()]{1,500})\)\Z")
_JOINS = re.compile(r"[(),\s]+")


@dataclass(frozen=True)
class SlackPlace:
    """Where in Slack a question was asked."""

    team: str
    """Id of the workspace."""
    channel: str
    thread: str | None = None
    """Timestamp of the message that the thread hangs from."""
    permalink: str | None = None
    """Address of the message that asked."""


@dataclass(frozen=True)
class Question:
    """What a person asked, who and from where."""

    text: str
    conversation_id: uuid.UUID | None = None
    """The conversation that this question continues; None starts a new one."""
    channel: str = "http"
    """`web`, `slack`, `cli` or `http`."""
    user: str | None = None
    groups: tuple[str, ...] = ()
    """The groups that the sign-on says `user` is in."""
    slack: SlackPlace | None = None
    language: str = "en"
    """The code of the language in which it is answered."""


def with_choice(question: str, label: str) -> str:
    """`question` as it is asked by who was asked back what it means, and chose `label`.

    What was chosen stands in brackets at the end, so that it can be read by people, and asked again.
    """
    asked, before = without_choices(question)
    return f"{asked} ({', '.join(dict.fromkeys((*before, written_as_choice(label))))})"


def without_choices(question: str) -> tuple[str, tuple[str, ...]]:
    """A question up to the brackets at its end, and what stands in them."""
    if (found := _CHOSEN.search(question.rstrip())) is None:
        return question, ()
    return question[: found.start()].rstrip(), tuple(found["labels"].split(", "))


def written_as_choice(label: str) -> str:
    """`label` without what has a meaning in brackets."""
    return unicodedata.normalize("NFC", _JOINS.sub(" ", label)).strip()


def check_text(text: object, max_chars: int) -> str:
    """Return `text` stripped and in NFC form.

    Raises:
        InvalidQuestion: it is not a string, is empty, is longer than `max_chars` characters without what
            was chosen for it, holds control characters, or has no letter or digit in it.
    """
    if not isinstance(text, str):
        raise InvalidQuestion(
            gettext('The question must be a text, for example "Sales by region last month".')
        )
    if (length := len(without_choices(text)[0])) > max_chars:
        long = N_("The question has %(length)s characters; please ask it in at most %(most)s.")
        raise InvalidQuestion(gettext(long, length=length, most=max_chars))
    question = unicodedata.normalize("NFC", text).strip()
    if not question:
        raise InvalidQuestion(gettext("The question is empty; please type what you want to know."))
    if any(unicodedata.category(c) in {"Cc", "Cs", "Co"} and c not in "\n\r\t" for c in question):
        raise InvalidQuestion(gettext("The question holds control characters; please send plain text."))
    if not any(c.isalnum() for c in question):
        raise InvalidQuestion(gettext("The question has no words in it; please type what you want to know."))
    return question
