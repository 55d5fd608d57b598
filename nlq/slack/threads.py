"""Which thread is which conversation: the table `nlq.slack_threads`."""

import uuid

from psycopg_pool import ConnectionPool

from nlq.history import transaction


class Threads:
    """Works as the writer role; every method raises `DatabaseUnavailable` if there is no database."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def conversation(self, team: str, channel: str, thread: str) -> uuid.UUID | None:
        """The conversation of a thread; None if it is none yet."""
        query = "SELECT conversation_id FROM nlq.slack_threads WHERE (team, channel, thread) = (%s, %s, %s)"
        with transaction(self._pool) as connection:
            row = connection.execute(query, (team, channel, thread)).fetchone()
        return row[0] if row else None

    def remember(self, team: str, channel: str, thread: str, conversation_id: uuid.UUID) -> None:
        """A thread is the conversation `conversation_id` from now on."""
        insert = (
            "INSERT INTO nlq.slack_threads VALUES (%s, %s, %s, %s) "
            " ON CONFLICT (team, channel, thread) DO UPDATE SET conversation_id = excluded.conversation_id"
        )
        with transaction(self._pool) as connection:
            connection.execute(insert, (team, channel, thread, conversation_id))
