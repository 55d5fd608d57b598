"""Conversations as people come back to them: listed, found, named, deleted. Works as the writer role."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from nlq.errors import UnknownConversation
from nlq.history import storable, transaction

LONGEST_NAME = 200


@dataclass(frozen=True)
class Conversation:
    """A conversation on the page. `name` is what a person called it, or else its first question."""

    id: uuid.UUID
    name: str
    user: str | None
    last_asked_at: datetime
    questions: int


_SELECT = """
SELECT c.id, c.user_name AS "user", c.last_asked_at,
       coalesce(c.name, (SELECT h.query_text FROM nlq.query_details d
                         JOIN public.query_history h ON h.id = d.query_id
                         WHERE d.conversation_id = c.id ORDER BY d.query_id LIMIT 1), '') AS name,
       (SELECT count(*) FROM nlq.query_details d WHERE d.conversation_id = c.id) AS questions
FROM nlq.conversations c WHERE c.deleted_at IS NULL
"""
_OF_THE_PAGE = " AND c.channel = 'web' AND c.user_name"
_BEFORE = " AND (c.last_asked_at, c.id) < (%(moment)s, %(id)s)"
_WITH_TEXT = """
 AND (strpos(lower(c.name), lower(%(text)s)) > 0 OR EXISTS (
    SELECT FROM nlq.query_details d JOIN public.query_history h ON h.id = d.query_id
    WHERE d.conversation_id = c.id AND strpos(lower(h.query_text), lower(%(text)s)) > 0))
"""


class Conversations:
    """The conversations of the page.

    Every method raises `DatabaseUnavailable` if the database cannot be reached.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        """Work over `pool`, the writer's."""
        self._pool = pool

    def page(
        self,
        user: str | None,
        text: str | None = None,
        after: Conversation | None = None,
        limit: int = 30,
    ) -> tuple[Conversation, ...]:
        """Up to `limit` conversations of `user`, the last asked in first, from those after `after` on.

        With a `text`, only those whose name or one of whose questions holds it, in any case.
        """
        where = _mine(user) + (_WITH_TEXT if text else "") + (_BEFORE if after else "")
        values: dict[str, Any] = {"user": user, "text": text, "limit": limit}
        values |= {"moment": after.last_asked_at, "id": after.id} if after else {}
        return self._found(f"{where} ORDER BY c.last_asked_at DESC, c.id DESC LIMIT %(limit)s", values)

    def get(self, conversation_id: uuid.UUID) -> Conversation:
        """The conversation, whoever began it: who has its link may see it.

        Raises:
            UnknownConversation: there is none, or it was deleted.
        """
        found = self._found(" AND c.id = %(id)s", {"id": conversation_id})
        if not found:
            raise UnknownConversation("There is no such conversation; it may have been deleted.")
        return found[0]

    def rename(self, conversation_id: uuid.UUID, user: str | None, name: str) -> None:
        """Call a conversation of `user` by `name`; an empty one takes its name away.

        Raises:
            UnknownConversation: `user` has no such conversation.
        """
        cut = name.strip()[:LONGEST_NAME] or None
        self._change("name = %(name)s", conversation_id, user, {"name": cut})

    def delete(self, conversation_id: uuid.UUID, user: str | None) -> None:
        """Show a conversation of `user` to nobody any more. Its questions stay in the history.

        Raises:
            UnknownConversation: `user` has no such conversation.
        """
        self._change("deleted_at = now()", conversation_id, user, {})

    def _change(
        self, what: str, conversation_id: uuid.UUID, user: str | None, values: Mapping[str, Any]
    ) -> None:
        which = f"c.id = %(id)s AND c.deleted_at IS NULL{_mine(user)}"
        statement = f"UPDATE nlq.conversations c SET {what} WHERE {which}"  # noqa: S608 - texts of ours
        given = _storable({**values, "id": conversation_id, "user": user})
        with transaction(self._pool) as connection:
            if connection.execute(statement.encode(), given).rowcount == 0:
                raise UnknownConversation("You have no such conversation; it may have been deleted.")

    def _found(self, rest: str, values: Mapping[str, Any]) -> tuple[Conversation, ...]:
        with (
            transaction(self._pool) as connection,
            connection.cursor(row_factory=class_row(Conversation)) as cursor,
        ):
            return tuple(cursor.execute(f"{_SELECT}{rest}".encode(), _storable(values)).fetchall())


def _mine(user: str | None) -> str:
    """The condition that a conversation is one of `user`, so that the index finds it."""
    return f"{_OF_THE_PAGE} {'IS NULL' if user is None else '= %(user)s'}"


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(value) for name, value in values.items()}
