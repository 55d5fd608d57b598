"""Makes turns for the person of a request."""

from flask_babel import get_locale

from nlq.access import EVERYTHING
from nlq.history_list import HistoryEntry
from nlq.web.asker import asker
from nlq.web.ports import service
from nlq.web.turns import Turns


def turns() -> Turns:
    """What makes turns for the person of this request, from the catalogue as they may see it."""
    found = service()
    pipeline = found.pipeline
    return Turns(
        catalog=found.catalog(asker()),
        calendar=pipeline.calendar(),
        locale=str(get_locale() or "en"),
        timeout_s=found.settings.question_timeout_s,
    )


def may_read(entry: HistoryEntry) -> bool:
    """Whether the person of this request may read what was answered to `entry`.

    That are those who asked, and those who may see every row. Others see an answer made from their rows.
    """
    person = asker()
    mine = entry.channel == "web" and entry.user == person.user
    return mine or service().scope(person) == EVERYTHING
