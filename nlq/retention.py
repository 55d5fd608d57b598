"""Retention: the history forgets. Redacting empties what was said and by whom; expiring deletes whole rows.

A redacted question keeps its id, time, duration, status and counts, so that figures stay what they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg_pool import ConnectionPool

from nlq.history import transaction

REDACTED = "[redacted]"
"""What stands for the text of a redacted question."""
_AT_ONCE = 1000
"""Questions in one transaction."""


@dataclass(frozen=True)
class Which:
    """The questions to redact; all that is given must hold, and something must be."""

    ids: Sequence[int] | None = None
    user: str | None = None
    before: datetime | None = None
    """Asked before this moment."""
    keep_approved: bool = True
    """Leave out what reviewers approved an answer to: without it, what was learnt is gone."""


_CONDITIONS: Mapping[str, LiteralString] = {
    "ids": "q.id = ANY(%(ids)s)",
    "user": "q.user_name = %(user)s",
    "before": "q.asked_at < %(before)s::timestamptz::timestamp",
}
_CHOSEN: LiteralString = """
SELECT q.id FROM nlq.questions q
WHERE q.folded <> %(redacted)s AND q.status IS DISTINCT FROM 'running' AND {}
    AND NOT (%(keep_approved)s AND EXISTS (SELECT FROM nlq.feedback f WHERE f.query_id = q.id AND f.approved))
ORDER BY q.id LIMIT %(at_once)s
"""
_EMPTY: tuple[LiteralString, ...] = (
    "UPDATE public.query_history SET query_text = %(redacted)s WHERE id = ANY(%(chosen)s)",
    """
    UPDATE nlq.query_details SET user_name = NULL, error = NULL, sql = NULL, plan = NULL,
        interpretation = NULL, answer_text = NULL, warnings = NULL, choices = NULL, messages = NULL,
        permalink = NULL, slack_thread = NULL
    WHERE query_id = ANY(%(chosen)s)
    """,
    """
    UPDATE nlq.feedback SET comment = NULL, correct_sql = NULL, correct_plan = NULL, user_name = NULL,
        approved = false
    WHERE query_id = ANY(%(chosen)s)
    """,
    """
    UPDATE nlq.slack_jobs SET asker = NULL, request = NULL
    WHERE query_id = ANY(%(chosen)s) AND status NOT IN ('waiting', 'working')
    """,
    """
    UPDATE nlq.conversations c SET user_name = NULL, name = NULL
    WHERE id IN (SELECT conversation_id FROM nlq.query_details WHERE query_id = ANY(%(chosen)s))
        AND NOT EXISTS (SELECT FROM nlq.questions q
                        WHERE q.conversation_id = c.id AND q.folded <> %(redacted)s)
    """,
)
_EXPIRE: tuple[LiteralString, ...] = (
    """
    DELETE FROM public.query_history h WHERE h.id IN (
        SELECT q.id FROM nlq.questions q
        WHERE q.asked_at < %(before)s::timestamptz::timestamp AND q.status IS DISTINCT FROM 'running')
    AND NOT EXISTS (SELECT FROM nlq.feedback f WHERE f.query_id = h.id AND f.approved)
    """,
    """
    DELETE FROM nlq.slack_jobs
    WHERE finished_at < %(before)s AND status NOT IN ('waiting', 'working')
    """,
    """
    DELETE FROM nlq.slack_threads t USING nlq.conversations c
    WHERE c.id = t.conversation_id AND c.created_at < %(before)s
        AND NOT EXISTS (SELECT FROM nlq.query_details d WHERE d.conversation_id = c.id)
    """,
    """
    DELETE FROM nlq.conversations c
    WHERE created_at < %(before)s
        AND NOT EXISTS (SELECT FROM nlq.query_details d WHERE d.conversation_id = c.id)
        AND NOT EXISTS (SELECT FROM nlq.slack_threads t WHERE t.conversation_id = c.id)
    """,
)


class Retention:
    """Redacts over connections of the writer role, which deletes nothing."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def redact(self, which: Which) -> int:
        """Empty the questions that are `which`, with the feedback on them; return how many there were.

        A conversation loses its name and its asker with its last question. What is running is left out.

        Raises:
            ValueError: `which` chooses nothing.
            DatabaseUnavailable: the database cannot be reached; what was done so far stays done.
        """
        given = [name for name in _CONDITIONS if getattr(which, name) is not None]
        if not given:
            raise ValueError("say which questions are to be redacted")
        chosen = _CHOSEN.format(" AND ".join(_CONDITIONS[name] for name in given))
        values = {**vars(which), "redacted": REDACTED, "at_once": _AT_ONCE}
        count = 0
        while done := self._redact_some(chosen, values):
            count += done
        return count

    def _redact_some(self, chosen: str, values: Mapping[str, Any]) -> int:
        with transaction(self._pool) as connection:
            ids = [row[0] for row in connection.execute(chosen.encode(), values)]
            for statement in _EMPTY if ids else ():
                connection.execute(statement, {"chosen": ids, "redacted": REDACTED})
            return len(ids)


def expire(owner_url: str, before: datetime) -> int:
    """Delete the questions asked before a moment, as the owner; return how many there were.

    Conversations that are empty then go too. What reviewers approved stays, and what is running.
    """
    with psycopg.connect(owner_url) as connection:
        counts = [connection.execute(statement, {"before": before}).rowcount for statement in _EXPIRE]
    return counts[0]
