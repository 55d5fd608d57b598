"""Writes the history: one row of `query_history` for each question, and what else is known beside it.

`History` works as the writer role. A question is written down before any work starts and completed after.
While it runs, its process renews a lease; one whose lease is over was left by a process that died, and is
ended as `failed` and `interrupted`. `nlq.history_list` reads the history.
"""

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from nlq.answer import Method, Status
from nlq.errors import DatabaseUnavailable, UnknownConversation
from nlq.question import Question, SlackPlace
from nlq.words import N_, gettext

LEASE_S = 20.0
"""Seconds after which a running question whose process has not renewed its lease counts as left behind."""


@dataclass(frozen=True)
class Started:
    """A question that was written down: its `query_history.id`, its conversation, and its own key."""

    query_id: int
    conversation_id: uuid.UUID
    key: uuid.UUID = field(default_factory=uuid.uuid4)


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
    choices: Sequence[Mapping[str, str]] | None = None
    """What there was to pick from where it was asked back, each with `label` and `question`."""
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
    messages: Sequence[Mapping[str, str]] = ()
    """What was said to the model and what it replied, each with `role` and `content`."""


_LEASE = timedelta(seconds=LEASE_S)

_CONVERSATION = "INSERT INTO nlq.conversations (id, channel, user_name) VALUES (%s, %s, %s)"

_START = """
INSERT INTO nlq.query_details
    (query_id, conversation_id, key, alive_until, channel, user_name, started_at,
     slack_team, slack_channel, slack_thread, permalink)
VALUES (%(query_id)s, %(conversation_id)s, %(key)s, now() + %(lease)s, %(channel)s, %(user)s,
        coalesce(%(asked_at)s, now()),
        %(slack_team)s, %(slack_channel)s, %(slack_thread)s, %(slack_permalink)s)
"""

_LATE_START = """
INSERT INTO public.query_history (id, query_text, timestamp, successful)
VALUES (%s, %s, %s::timestamptz::timestamp, false)
"""

_RENEW = """
UPDATE nlq.query_details SET alive_until = now() + %s WHERE query_id = ANY(%s) AND status = 'running'
"""

INTERRUPTED = "interrupted"
"""The reason of questions that were left behind."""
INTERRUPTED_TEXT = N_("The service ended before this question was answered; please ask again.")

_END_ABANDONED = """
UPDATE nlq.query_details
SET status = 'failed', reason = %(reason)s, finished_at = clock_timestamp(), answer_text = %(text)s
WHERE status = 'running' AND coalesce(alive_until, started_at + %(lease)s) < now()
"""

_FINISH = """
WITH open AS (
    SELECT query_id FROM nlq.query_details
    WHERE query_id = %(query_id)s AND (status = 'running' OR reason = 'interrupted')
), history AS (
    UPDATE public.query_history h
    SET execution_time_ms = %(execution_time_ms)s, successful = %(successful)s
    FROM open WHERE h.id = open.query_id
)
UPDATE nlq.query_details d SET
    status = %(status)s, method = %(method)s, reason = %(reason)s, error = %(error)s, sql = %(sql)s,
    plan = %(plan)s, interpretation = %(interpretation)s, answer_text = %(answer_text)s,
    warnings = %(warnings)s, choices = %(choices)s, attempts = %(attempts)s, model = %(model)s,
    prompt_tokens = %(prompt_tokens)s, completion_tokens = %(completion_tokens)s,
    cached_tokens = %(cached_tokens)s, confidence = %(confidence)s,
    row_count = %(row_count)s, truncated = %(truncated)s, stages = %(stages)s,
    messages = %(messages)s,
    finished_at = coalesce(%(finished_at)s, clock_timestamp())
FROM open WHERE d.query_id = open.query_id
"""


class History:
    """Writes the history through connections of the writer role.

    Every method raises `DatabaseUnavailable` if the database cannot be reached.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def start(self, question: Question, key: uuid.UUID | None = None) -> Started:
        """Write `question` down as unsuccessful and running, in a new conversation if it names none.

        `key` is what the question is known by where its id did not arrive.

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
            started = Started(row[0], conversation_id, key or uuid.uuid4())
            connection.execute(_START, _start_values(started, question))
        return started

    def finish(self, query_id: int, record: Record) -> bool:
        """Complete the question `query_id`; it counts as successful exactly when it was answered.

        False, and nothing is changed, where no such question is there that has not ended yet.
        """
        with self._connection() as connection:
            return connection.execute(_FINISH, _finish_values(query_id, record)).rowcount == 1

    def enter(self, started: Started, question: Question, asked_at: datetime) -> None:
        """Write down, as of `asked_at`, a question that `start` could not, unless it is there already."""
        with self._connection() as connection:
            if _id_of(connection, started.key) is not None:
                return
            connection.execute(
                f"{_CONVERSATION} ON CONFLICT DO NOTHING", _conversation_values(started, question)
            )
            connection.execute(_LATE_START, (started.query_id, storable(question.text), asked_at))
            connection.execute(_START, _start_values(started, question, asked_at))

    def complete(self, started: Started, record: Record, finished_at: datetime) -> None:
        """Complete, as of `finished_at`, a question that `finish` could not; nothing where it has ended.

        Raises:
            LookupError: it is not in the history.
        """
        with self._connection() as connection:
            if (query_id := _id_of(connection, started.key)) is None:
                raise LookupError(f"question {started.query_id} was not entered")
            connection.execute(_FINISH, _finish_values(query_id, record, finished_at))

    def new_ids(self, count: int) -> list[int]:
        """Ids that no other question will get."""
        query = "SELECT nextval('public.query_history_id_seq') FROM generate_series(1, %s)"
        with self._connection() as connection:
            return [row[0] for row in connection.execute(query, (count,))]

    def renew(self, query_ids: Sequence[int]) -> None:
        """Renew the leases of questions that this process works on."""
        if query_ids:
            with self._connection() as connection:
                connection.execute(_RENEW, (_LEASE, list(query_ids)))

    def end_abandoned(self) -> None:
        """End the questions whose leases are over: the processes that worked on them have died."""
        with self._connection() as connection:
            values = {"reason": INTERRUPTED, "text": INTERRUPTED_TEXT, "lease": _LEASE}
            connection.execute(_END_ABANDONED, values)

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
            connection.execute(_CONVERSATION, _conversation_values(Started(0, new), question))
            return new
        known = "UPDATE nlq.conversations SET last_asked_at = now() WHERE id = %s AND deleted_at IS NULL"
        if connection.execute(known, (question.conversation_id,)).rowcount == 0:
            raise UnknownConversation(
                f"There is no conversation {question.conversation_id}; leave it out to start a new one."
            )
        return question.conversation_id

    def _connection(self) -> AbstractContextManager[psycopg.Connection]:
        return transaction(self._pool)


def _conversation_values(started: Started, question: Question) -> tuple[Any, ...]:
    return started.conversation_id, storable(question.channel), storable(question.user)


def _start_values(started: Started, question: Question, asked_at: datetime | None = None) -> dict[str, Any]:
    asked = {"channel": question.channel, "user": question.user, **_slack(question.slack)}
    values = {name: storable(value) for name, value in asked.items()}
    return {**values, **vars(started), "lease": _LEASE, "asked_at": asked_at}


def _finish_values(query_id: int, record: Record, finished_at: datetime | None = None) -> dict[str, Any]:
    values = {name: storable(value) for name, value in vars(record).items()}
    for name in ("plan", "warnings", "choices", "stages", "messages"):
        values[name] = jsonb(values[name])
    successful = record.status is Status.ANSWERED
    return {**values, "query_id": query_id, "successful": successful, "finished_at": finished_at}


def _id_of(connection: psycopg.Connection, key: uuid.UUID) -> int | None:
    """The id under which the question with this key was written down."""
    row = connection.execute("SELECT query_id FROM nlq.query_details WHERE key = %s", (key,)).fetchone()
    return row[0] if row else None


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
        gone = N_("The database that keeps the history cannot be reached; please try again in a moment.")
        raise DatabaseUnavailable(gettext(gone)) from error


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
        reconnect_timeout=timeout_s,  # then the next question tries anew, without the pool's growing pauses
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
