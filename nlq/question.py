"""A question as it comes in from a channel, and the check that it can be worked on."""

import unicodedata
import uuid
from dataclasses import dataclass

from nlq.errors import InvalidQuestion


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


def check_text(text: object, max_chars: int) -> str:
    """Return `text` stripped and in NFC form.

    Raises:
        InvalidQuestion: it is not a string, is empty, is longer than `max_chars` characters, holds
            control characters, or has no letter or digit in it.
    """
    if not isinstance(text, str):
        raise InvalidQuestion('The question must be a text, for example "Sales by region last month".')
    if len(text) > max_chars:
        raise InvalidQuestion(
            f"The question has {len(text)} characters; please ask it in at most {max_chars}."
        )
    question = unicodedata.normalize("NFC", text).strip()
    if not question:
        raise InvalidQuestion("The question is empty; please type what you want to know.")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Co"} and c not in "\n\r\t" for c in question):
        raise InvalidQuestion("The question holds control characters; please send plain text.")
    if not any(c.isalnum() for c in question):
        raise InvalidQuestion("The question has no words in it; please type what you want to know.")
    return question
