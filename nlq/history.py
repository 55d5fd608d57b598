"""Writes the history: one row of `query_history` for each question, and what else is known beside it.

`History` works as the writer role. A question is written down before any work starts and completed after,
so that one whose process died stays visible as unsuccessful and `running`. `nlq.history_list` reads it.
"""

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from nlq.answer import Method, Status
from nlq.errors import DatabaseUnavailable, UnknownConversation
from nlq.question import Question, SlackPlace


@dataclass(frozen=True)
class Started:
    """A question that was written down: its `query_history.id` and its conversation."""

    query_id: int
    conversation_id: uuid.UUID


@dataclass(frozen=True)
class Record:
    """What is written down about a question when it ends."""

    status: Status
    execution_time_ms: int
    """Milliseconds from the question's arrival to its answer."""
    method: Method | None = None
    reason: str | None = None
    """Why it was refused or asked back."""
    error: str | None = None
    """What went wrong, in the words of the part that failed."""
    sql: str | None = None
    plan: Mapping[str, Any] | None = None
    interpretation: str | None = None
    answer_text: str | None = None
    warnings: Sequence[str] = ()
    attempts: int = 0
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Of `prompt_tokens`, those that the model found in its cache."""
    confidence: float | None = None
    """From 0 to 1."""
    row_count: int | None = None
    truncated: bool | None = None
    stages: Mapping[str, int] = field(default_factory=dict)
    """Stage of the pipeline -> milliseconds that it took."""


_START = """
INSERT INTO nlq.query_details
    (query_id, conversation_id, channel, user_name, slack_team, slack_channel, slack_thread, permalink)
VALUES (%(query_id)s, %(conversation_id)s, %(channel)s, %(user)s,
        %(slack_team)s, %(slack_channel)s, %(slack_thread)s, %(slack_permalink)s)
"""

_FINISH = """
WITH history AS (
    UPDATE public.query_history
    SET execution_time_ms = %(execution_time_ms)s, successful = %(successful)s WHERE id = %(query_id)s
)
UPDATE nlq.query_details SET
    status = %(status)s, method = %(method)s, reason = %(reason)s, error = %(error)s, sql = %(sql)s,
    plan = %(plan)s, interpretation = %(interpretation)s, answer_text = %(answer_text)s,
    warnings = %(warnings)s, attempts = %(attempts)s, model = %(model)s,
    prompt_tokens = %(prompt_tokens)s, completion_tokens = %(completion_tokens)s,
    cached_tokens = %(cached_tokens)s, confidence = %(confidence)s,
    row_count = %(row_count)s, truncated = %(truncated)s, stages = %(stages)s,
    finished_at = clock_timestamp()
WHERE query_id = %(query_id)s
"""


class History:
    """Writes the history through connections of the writer role.

    Every method raises `DatabaseUnavailable` if the database cannot be reached.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def start(self, question: Question) -> Started:
        """Write `question` down as unsuccessful and running, in a new conversation if it names none.

        Raises:
            UnknownConversation: the conversation that it names does not exist; nothing was written.
        """
        with self._connection() as connection:
            conversation_id = self._conversation(connection, question)
            row = connection.execute(
                "INSERT INTO public.query_history (query_text, successful) VALUES (%s, false) RETURNING id",
                (storable(question.text),),
            ).fetchone()
            assert row is not None  # noqa: S101 - an INSERT ... RETURNING of one row returns one
            asked = {"channel": question.channel, "user": question.user, **_slack(question.slack)}
            values = {name: storable(value) for name, value in asked.items()}
            connection.execute(_START, {"query_id": row[0], "conversation_id": conversation_id, **values})
        return Started(row[0], conversation_id)

    def finish(self, query_id: int, record: Record) -> None:
        """Complete the question `query_id`; it counts as successful exactly when it was answered."""
        values = {name: storable(value) for name, value in vars(record).items()}
        for name in ("plan", "warnings", "stages"):
            values[name] = jsonb(values[name])
        values |= {"query_id": query_id, "successful": record.status is Status.ANSWERED}
        with self._connection() as connection:
            connection.execute(_FINISH, values)

    def last_plan(self, conversation_id: uuid.UUID) -> Mapping[str, Any] | None:
        """The plan of the newest answered question of a conversation, or None if that had no plan."""
        query = (
            "SELECT plan FROM nlq.query_details WHERE conversation_id = %s AND status = 'answered'"
            " ORDER BY query_id DESC LIMIT 1"
        )
        with self._connection() as connection:
            row = connection.execute(query, (conversation_id,)).fetchone()
        return row[0] if row else None

    @staticmethod
    def _conversation(connection: psycopg.Connection, question: Question) -> uuid.UUID:
        if question.conversation_id is None:
            new = uuid.uuid4()
            connection.execute(
                "INSERT INTO nlq.conversations (id, channel, user_name) VALUES (%s, %s, %s)",
                (new, storable(question.channel), storable(question.user)),
            )
            return new
        known = "SELECT FROM nlq.conversations WHERE id = %s"
        if connection.execute(known, (question.conversation_id,)).fetchone() is None:
            raise UnknownConversation(
                f"There is no conversation {question.conversation_id}; leave it out to start a new one."
            )
        return question.conversation_id

    def _connection(self) -> AbstractContextManager[psycopg.Connection]:
        return transaction(self._pool)


def _slack(place: SlackPlace | None) -> dict[str, str | None]:
    return {
        f"slack_{name}": getattr(place, name, None) for name in ("team", "channel", "thread", "permalink")
    }


@contextmanager
def transaction(pool: ConnectionPool) -> Iterator[psycopg.Connection]:
    """A connection of `pool` in a transaction that commits at the end.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    try:
        with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(
            "The database that keeps the history cannot be reached; please try again in a moment."
        ) from error


def open_pool(url: str, size: int = 8, timeout_s: float = 5.0) -> ConnectionPool:
    """A pool of up to `size` connections for `History`; the caller closes it.

    A connection is tested before use, so that a restart of the database goes unnoticed. `timeout_s` is how
    long a question waits for one.
    """
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=timeout_s,
        open=True,
        check=ConnectionPool.check_connection,
        kwargs={"connect_timeout": math.ceil(timeout_s), "application_name": "nlq history"},
    )


def storable(value: Any) -> Any:
    """`value` without what PostgreSQL cannot store: NUL, lone surrogates, numbers that are not finite."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def jsonb(value: Any) -> Jsonb | None:
    """`value` as a parameter for a column of type jsonb."""
    return None if value is None else Jsonb(value, dumps=lambda item: json.dumps(item, default=str))
