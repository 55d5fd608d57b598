"""The history as people look at it: lists by filter and order, page after page, and single questions.

`HistoryList` works as the writer role, which may read `nlq.questions`: one narrow row for each question, kept
by triggers, with what a list is filtered and sorted by. Which rows a page shows is decided there; the rest of
what is known is joined to those few rows.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from nlq.errors import DatabaseUnavailable, UnknownQuestion
from nlq.history import storable, transaction

_LARGEST_ID = 2**31 - 1
_CHUNK = 1000
_TIMEOUT_MS = 15_000


@dataclass(frozen=True)
class HistoryEntry:
    """One question of the history.

    All below `successful` is None for a row that was there before this service; `status` is `running`
    while the question is worked on, `failed` with the reason `interrupted` if its process died.
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
    choices: Sequence[Mapping[str, str]] | None = None
    """What there was to pick from where it was asked back, as `label` and `question`."""
    messages: Sequence[Mapping[str, str]] | None = None
    """What was said to the model and what it replied, as `role` and `content`; not in lists."""
    verdict: str | None = None
    """What the newest feedback says: `right` or `wrong`; None without any."""


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
    method: str | None = None
    min_ms: int | None = None
    """It took at least this many milliseconds."""
    confidence_below: float | None = None
    slack_team: str | None = None
    """Asked in this Slack workspace."""
    feedback: str | None = None
    """`right` or `wrong`, what the newest feedback says; `none` for questions without any."""


class Sort(StrEnum):
    """What a list is sorted by."""

    TIME = "time"
    DURATION = "duration"
    CONFIDENCE = "confidence"


@dataclass(frozen=True)
class Order:
    """The order of a list. Questions without a duration or a confidence are not in a list sorted by it."""

    by: Sort = Sort.TIME
    ascending: bool = False


@dataclass(frozen=True)
class HistoryPage:
    """Questions in order; `next_cursor` leads to the page after this one, None ends the list."""

    entries: tuple[HistoryEntry, ...]
    next_cursor: int | None


NEWEST_FIRST = Order()

_ENTRY = """
SELECT h.id, h.query_text AS question, h.timestamp::timestamptz AS timestamp, h.execution_time_ms,
       h.successful, d.conversation_id, d.channel, d.user_name AS user, d.status, d.method, d.reason,
       d.error, d.sql, d.plan, d.interpretation, d.answer_text, d.warnings, d.attempts, d.model,
       d.prompt_tokens, d.completion_tokens, d.row_count, d.truncated, d.stages, d.finished_at,
       d.cached_tokens, d.confidence, d.slack_team, d.slack_channel, d.slack_thread, d.permalink, d.choices,
       q.verdict
"""
_DETAILS = "JOIN public.query_history h ON h.id = q.id LEFT JOIN nlq.query_details d ON d.query_id = q.id"

_PAGE = """
SELECT q.id, q.verdict, {key} AS key FROM {rows} q WHERE {conditions}
ORDER BY {key} {way}, q.id {way} LIMIT %(limit)s
"""
_FIRST_ROWS = """
(SELECT q.* FROM nlq.questions q WHERE {conditions} ORDER BY {key} {way}, q.id {way} LIMIT %(look_at)s)
"""
_ROWS_WITH_TEXT = "(SELECT q.* FROM nlq.questions q WHERE {conditions} OFFSET 0)"
"""OFFSET 0 lets PostgreSQL find them before it thinks of their order."""
_PLACE = "SELECT {key}::text FROM nlq.questions q WHERE {which}"
"""The key as text, since -infinity is no datetime of Python."""

_KEYS = {Sort.TIME: "q.asked_at", Sort.DURATION: "q.duration_ms", Sort.CONFIDENCE: "q.confidence"}

_CONDITIONS = {
    "status": "q.status = %(status)s",
    "channel": "q.channel = %(channel)s",
    "user": "q.user_name = %(user)s",
    "successful": "q.successful = %(successful)s",
    "since": "q.asked_at >= %(since)s::timestamptz::timestamp",
    "until": "q.asked_at < %(until)s::timestamptz::timestamp AND q.asked_at > '-infinity'",
    "conversation_id": "q.conversation_id = %(conversation_id)s",
    "slack_team": "q.slack_team = %(slack_team)s",
    "method": "q.method = %(method)s",
    "min_ms": "q.duration_ms >= %(min_ms)s",
    "confidence_below": "q.confidence < %(confidence_below)s",
    "feedback": "q.verdict = %(feedback)s",
}
_NO_FEEDBACK = "q.verdict IS NULL"
_TEXT = "strpos(q.folded, lower(%(text)s)) > 0"
_INDEXED_TEXT = "nlq.pieces(q.folded, 1, 3) @> nlq.pieces(lower(%(text)s), %(size)s, %(size)s)"
"""True of every text that holds the part; the left side is indexed, by pieces of one to three letters."""
_LONGEST_PIECE = 3
_LOOK_AT = 100
"""How many rows are looked at for each that is wanted, before the index on pieces of texts is used: that is
slow for usual words, of which PostgreSQL does not know how usual they are."""


class HistoryList:
    """Reads the history; every method raises `DatabaseUnavailable` if the database cannot be reached."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def page(
        self,
        filters: Filters = Filters(),
        cursor: int | None = None,
        limit: int = 50,
        order: Order = NEWEST_FIRST,
    ) -> HistoryPage:
        """Up to `limit` questions that pass all `filters`, in `order`, from those after `cursor` on.

        Raises:
            UnknownQuestion: the question that `cursor` names has no place in this order.
        """
        with transaction(self._pool) as connection, in_time(connection):
            after = None if cursor is None else _place(connection, min(cursor, _LARGEST_ID), order)
            entries = _found(connection, filters, order, after, limit + 1)
        shown = tuple(entries[:limit])
        return HistoryPage(shown, shown[-1].id if len(entries) > limit else None)

    def all(self, filters: Filters = Filters(), order: Order = NEWEST_FIRST) -> Iterator[HistoryEntry]:
        """All questions that pass `filters`, in `order`; no connection is held between two chunks of them."""
        cursor: int | None = None
        while True:
            page = self.page(filters, cursor, _CHUNK, order)
            yield from page.entries
            if (cursor := page.next_cursor) is None:
                return

    def get(self, query_id: int) -> HistoryEntry | None:
        """The question `query_id`, or None if there is none."""
        query = f"{_ENTRY}, d.messages FROM nlq.questions q {_DETAILS} WHERE q.id = %(query_id)s"
        with transaction(self._pool) as connection:
            entries = _entries(connection, query, {"query_id": min(query_id, _LARGEST_ID)})
        return entries[0] if entries else None


def statement(
    filters: Filters,
    order: Order = NEWEST_FIRST,
    after: tuple[Any, int] | None = None,
    limit: int = 50,
    look_at: int | None = None,
) -> tuple[str, dict[str, Any]]:
    """The statement that reads a page, and its parameters.

    Args:
        filters: which questions.
        order: in which order.
        after: key and id of the last question before the page.
        limit: how many at most.
        look_at: search for the text in so many rows that pass the other filters, in place of all.
    """
    key, way = _KEYS[order.by], "ASC" if order.ascending else "DESC"
    values = {name: storable(value) for name, value in vars(filters).items() if value is not None}
    conditions = [*_conditions(values), f"{key} IS NOT NULL"]
    if after is not None:
        conditions.append(f"({key}, q.id) {'>' if order.ascending else '<'} (%(after_key)s, %(after_id)s)")
        values |= {"after_key": after[0], "after_id": after[1]}
    rows, size = "nlq.questions", min(_LONGEST_PIECE, len(values.get("text", "")))
    if size and look_at:
        rows = _FIRST_ROWS.format(key=key, way=way, conditions=" AND ".join(conditions))
        conditions = [_TEXT]
    elif size:
        rows = _ROWS_WITH_TEXT.format(conditions=" AND ".join([*conditions, _TEXT, _INDEXED_TEXT]))
        conditions = []
    page = _PAGE.format(key=key, way=way, rows=rows, conditions=" AND ".join(conditions) or "true")
    return (
        f"{_ENTRY} FROM ({page}) q {_DETAILS} ORDER BY q.key {way}, q.id {way}",
        {**values, "limit": limit, "look_at": look_at, "size": size},
    )


def _conditions(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if (name, value) == ("feedback", "none"):
            yield _NO_FEEDBACK
        elif name != "text":
            yield _CONDITIONS[name]


def _found(
    connection: psycopg.Connection, filters: Filters, order: Order, after: tuple[Any, int] | None, limit: int
) -> list[HistoryEntry]:
    if filters.text:
        near = _entries(connection, *statement(filters, order, after, limit, _LOOK_AT * limit))
        if len(near) == limit:
            return near
    return _entries(connection, *statement(filters, order, after, limit))


def _place(connection: psycopg.Connection, cursor: int, order: Order) -> tuple[Any, int]:
    """Key and id of the question `cursor`; in order of time, of the one before it if it is gone."""
    key, by_time = _KEYS[order.by], "q.id <= %s ORDER BY q.id DESC LIMIT 1"
    which = by_time if order.by is Sort.TIME else f"q.id = %s AND {key} IS NOT NULL"
    query = _PLACE.format(key=key, which=which)
    row = connection.execute(query.encode(), (cursor,)).fetchone()
    if row is None and order.by is not Sort.TIME:
        raise UnknownQuestion(f"Question {cursor} has no place in this list; start again without a cursor.")
    return (row[0] if row else "-infinity"), cursor


@contextmanager
def in_time(connection: psycopg.Connection) -> Iterator[None]:
    """Let a search end in time, so that it keeps no connection from the questions that are written down."""
    connection.execute(f"SET LOCAL statement_timeout = {_TIMEOUT_MS}".encode())
    try:
        yield
    except errors.QueryCanceled as error:
        raise DatabaseUnavailable(
            "The search of the history took too long; please narrow it down, for example to a period."
        ) from error


def _entries(connection: psycopg.Connection, query: str, values: Mapping[str, Any]) -> list[HistoryEntry]:
    with connection.cursor(row_factory=class_row(HistoryEntry)) as cursor:
        # Each set of values gets a plan of its own: what is right for a rare status is wrong for a usual one.
        return cursor.execute(query.encode(), values, prepare=False).fetchall()
