"""The history: one row of `query_history` for each question, and what else is known about it beside it.

`History` works as the writer role. A question is written down before any work starts and completed after,
so that one whose process died stays visible as unsuccessful and `running`.
"""

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
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


@dataclass(frozen=True)
class HistoryEntry:
    """One question of the history.

    All below `successful` is None for a row that was there before this service; `status` is `running`
    while the question is worked on, and stays so if the process died.
    """

    id: int
    question: str
    timestamp: datetime | None
    execution_time_ms: int | None
    successful: bool | None
    conversation_id: uuid.UUID | None
    channel: str | None
    user: str | None
    status: str | None
    method: str | None
    reason: str | None
    error: str | None
    sql: str | None
    plan: Mapping[str, Any] | None
    interpretation: str | None
    answer_text: str | None
    warnings: Sequence[str] | None
    attempts: int | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    row_count: int | None
    truncated: bool | None
    stages: Mapping[str, int] | None
    finished_at: datetime | None
    cached_tokens: int | None = None
    confidence: float | None = None
    slack_team: str | None = None
    slack_channel: str | None = None
    slack_thread: str | None = None
    permalink: str | None = None
    """Address of the message that asked, where it has one."""


@dataclass(frozen=True)
class Filters:
    """Which questions to list; None leaves a filter out."""

    status: str | None = None
    channel: str | None = None
    user: str | None = None
    successful: bool | None = None
    text: str | None = None
    """A piece of the question's text, in any case."""
    since: datetime | None = None
    until: datetime | None = None
    """Asked before this moment."""
    conversation_id: uuid.UUID | None = None
    slack_team: str | None = None
    """Asked in this Slack workspace."""


@dataclass(frozen=True)
class HistoryPage:
    """Questions, newest first; `next_cursor` leads to the page after this one, None ends the list."""

    entries: tuple[HistoryEntry, ...]
    next_cursor: int | None


_ENTRY = """
SELECT h.id, h.query_text AS question, h.timestamp::timestamptz AS timestamp, h.execution_time_ms,
       h.successful, d.conversation_id, d.channel, d.user_name AS user, d.status, d.method, d.reason,
       d.error, d.sql, d.plan, d.interpretation, d.answer_text, d.warnings, d.attempts, d.model,
       d.prompt_tokens, d.completion_tokens, d.row_count, d.truncated, d.stages, d.finished_at,
       d.cached_tokens, d.confidence, d.slack_team, d.slack_channel, d.slack_thread, d.permalink
FROM public.query_history h LEFT JOIN nlq.query_details d ON d.query_id = h.id
"""

_CONDITIONS = {
    "status": "d.status = %(status)s",
    "channel": "d.channel = %(channel)s",
    "user": "d.user_name = %(user)s",
    "successful": "h.successful = %(successful)s",
    "text": "strpos(lower(h.query_text), lower(%(text)s)) > 0",
    "since": "h.timestamp::timestamptz >= %(since)s",
    "until": "h.timestamp::timestamptz < %(until)s",
    "conversation_id": "d.conversation_id = %(conversation_id)s",
    "slack_team": "d.slack_team = %(slack_team)s",
    "cursor": "h.id < %(cursor)s",
}

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
    """Writes and reads the history through connections of the writer role.

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

    def page(
        self,
        filters: Filters = Filters(),
        cursor: int | None = None,
        limit: int = 50,
    ) -> HistoryPage:
        """Up to `limit` questions that pass all `filters`, newest first, from `cursor` on."""
        wanted = {**vars(filters), "cursor": cursor}
        values = {name: storable(value) for name, value in wanted.items() if value is not None}
        where = " AND ".join(_CONDITIONS[name] for name in values) or "true"
        query = f"{_ENTRY} WHERE {where} ORDER BY h.id DESC LIMIT %(limit)s"
        entries = self._entries(query, {**values, "limit": limit + 1})
        shown = tuple(entries[:limit])
        return HistoryPage(shown, shown[-1].id if len(entries) > limit else None)

    def get(self, query_id: int) -> HistoryEntry | None:
        """The question `query_id`, or None if there is none."""
        entries = self._entries(f"{_ENTRY} WHERE h.id = %(query_id)s", {"query_id": query_id})
        return entries[0] if entries else None

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

    def _entries(self, query: str, values: Mapping[str, Any]) -> list[HistoryEntry]:
        with (
            self._connection() as connection,
            connection.cursor(row_factory=class_row(HistoryEntry)) as cursor,
        ):
            return cursor.execute(query.encode(), values).fetchall()

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
