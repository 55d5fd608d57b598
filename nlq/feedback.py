"""Feedback: what reviewers say about answers, in `nlq.feedback`, read and written as the writer role."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg_pool import ConnectionPool

from nlq.access import Scope
from nlq.errors import DatabaseUnavailable
from nlq.history import jsonb, storable, transaction
from nlq.knowledge import MOST_SCOPES, Knowledge
from nlq.plan.check import read
from nlq.plan.model import Plan
from nlq.verified import Known, Verified, linked

LOOK_EVERY_S = 3.0
"""How old the list of verified questions may be before the table is looked at again."""

_log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What a reviewer says about an answer."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True)
class Feedback:
    """A reviewer's verdict on the answer to the question `query_id`, and what would have been right."""

    query_id: int
    verdict: Verdict
    comment: str | None = None
    correct_sql: str | None = None
    correct_plan: Mapping[str, Any] | None = None
    """A plan as JSON, as `nlq.plan.model.as_json` writes it."""
    approved: bool = False
    """It may change how later questions are answered."""
    user: str | None = None


@dataclass(frozen=True)
class FeedbackEntry(Feedback):
    """Feedback as it was written down."""

    id: int = 0
    created_at: datetime | None = None


_ENTRY = """
SELECT id, query_id, verdict, comment, correct_sql, correct_plan, approved, user_name AS user, created_at
FROM nlq.feedback WHERE query_id = %s ORDER BY id
"""
_ADD = """
INSERT INTO nlq.feedback (query_id, verdict, comment, correct_sql, correct_plan, approved, user_name)
VALUES (%(query_id)s, %(verdict)s, %(comment)s, %(correct_sql)s, %(correct_plan)s, %(approved)s, %(user)s)
RETURNING id, created_at
"""
_VERSION = """
SELECT md5(string_agg(concat_ws(':', id, xmin), ',' ORDER BY id)) FROM nlq.feedback WHERE approved
"""
_APPROVED = """
SELECT f.id, h.query_text AS question, f.verdict = 'wrong' AS is_correction,
       coalesce(h.timestamp::timestamptz, f.created_at) AS asked_at,
       CASE f.verdict WHEN 'right' THEN d.plan ELSE f.correct_plan END AS plan,
       CASE f.verdict WHEN 'right' THEN d.sql ELSE f.correct_sql END AS sql,
       EXISTS (SELECT FROM nlq.query_details b WHERE b.conversation_id = d.conversation_id
               AND b.query_id < d.query_id AND b.status = 'answered') AS continues
FROM nlq.feedback f
JOIN public.query_history h ON h.id = f.query_id
LEFT JOIN nlq.query_details d ON d.query_id = f.query_id
WHERE f.approved AND (f.verdict = 'wrong' OR d.status = 'answered') ORDER BY f.id DESC
"""


class FeedbackStore:
    """Writes and reads feedback.

    Every method raises `DatabaseUnavailable` if the database cannot be reached.
    """

    def __init__(self, pool: ConnectionPool, zone: tzinfo) -> None:
        """Work over `pool`, the writer's; `zone` says on which day a question was asked."""
        self._pool, self._zone = pool, zone

    def add(self, feedback: Feedback) -> FeedbackEntry:
        """Write `feedback` down; its question must be in the history."""
        values = {name: storable(value) for name, value in vars(feedback).items()}
        with transaction(self._pool) as connection:
            row = connection.execute(
                _ADD, {**values, "correct_plan": jsonb(values["correct_plan"])}
            ).fetchone()
        assert row is not None  # noqa: S101 - an INSERT ... RETURNING of one row returns one
        return FeedbackEntry(**values, id=row[0], created_at=row[1])

    def of(self, query_id: int) -> tuple[FeedbackEntry, ...]:
        """The feedback on one question, oldest first."""
        with (
            transaction(self._pool) as connection,
            connection.cursor(row_factory=class_row(FeedbackEntry)) as cursor,
        ):
            return tuple(cursor.execute(_ENTRY, (query_id,)).fetchall())

    def version(self) -> str:
        """A text that changes when what is approved does."""
        with transaction(self._pool) as connection:
            row = connection.execute(_VERSION).fetchone()
        return str(row[0]) if row else ""

    def approved(self) -> tuple[Verified, ...]:
        """What reviewers approved, newest first; plans that cannot be read any more count as withdrawn."""
        with (
            transaction(self._pool) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute(_APPROVED).fetchall()
        return tuple(self._verified(row) for row in rows)

    def _verified(self, row: Mapping[str, Any]) -> Verified:
        plan = _plan(row)
        return Verified(
            id=row["id"],
            question=row["question"],
            asked_on=row["asked_at"].astimezone(self._zone).date(),
            plan=plan,
            sql=None if row["plan"] else row["sql"],
            is_correction=row["is_correction"],
            continues=row["continues"],
        )


class VerifiedQuestions:
    """The verified questions, kept in memory: linked once, looked at again when the table has changed."""

    def __init__(self, store: FeedbackStore, fiscal_start: int = 1) -> None:
        """Read from `store`; `fiscal_start` is the month in which years begin."""
        self._store, self._fiscal_start = store, fiscal_start
        self._lock = threading.Lock()
        self._verified: tuple[Verified, ...] = ()
        self._version: str | None = None
        self._looked = float("-inf")
        self._linked: dict[Scope, tuple[tuple[Verified, ...], Knowledge, tuple[Known, ...]]] = {}

    def __call__(self, knowledge: Knowledge) -> tuple[Known, ...]:
        """The verified questions, newest first, linked to the catalogue of `knowledge`."""
        if self._is_old() and self._lock.acquire(blocking=self._version is None):
            try:
                if self._is_old():
                    self._look()
            finally:
                self._lock.release()
        verified, current = self._verified, self._linked.get(knowledge.scope)
        if current is None or current[0] is not verified or current[1] is not knowledge:
            current = verified, knowledge, linked(verified, knowledge.names, self._fiscal_start)
            self._remember(knowledge.scope, current)
        return current[2]

    def _remember(
        self, scope: Scope, linked: tuple[tuple[Verified, ...], Knowledge, tuple[Known, ...]]
    ) -> None:
        if len(self._linked) >= MOST_SCOPES:
            self._linked = {}
        self._linked[scope] = linked

    def refresh(self) -> None:
        """Look at the table now, so that the next question already knows what was just written there."""
        with self._lock:
            self._look()

    def _is_old(self) -> bool:
        return time.monotonic() - self._looked >= LOOK_EVERY_S

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            version = self._store.version()
            if version != self._version:
                self._verified, self._version = self._store.approved(), version
        except DatabaseUnavailable:
            _log.warning("the verified questions could not be looked at; what was known of them stays")


def _plan(row: Mapping[str, Any]) -> Plan | None:
    try:
        return read(row["plan"]) if row["plan"] else None
    except ValueError as error:
        _log.warning("the plan of feedback %s cannot be used: %s", row["id"], error)
        return None
