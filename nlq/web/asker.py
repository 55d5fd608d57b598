"""Who asks on the pages: the person of the request, as a question without a text yet."""

import uuid
from dataclasses import replace

from nlq.question import Question
from nlq.web import identity
from nlq.web.words import reader


def asker(text: str = "", conversation_id: uuid.UUID | None = None) -> Question:
    """A question of the person of this request, from the page."""
    return replace(identity.question(text, conversation_id, "web"), language=reader())
