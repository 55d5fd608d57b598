"""The reader: runs one SELECT in a read-only transaction, within limits of time, cost, rows and bytes.

It trusts nothing: whatever the guard let through, a statement here cannot write, cannot be two statements,
cannot run long and cannot return more than it may.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from threading import Event, Lock, Thread
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import Connection, ServerCursor, errors
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from nlq.access import NOTHING, Scope
from nlq.answer import Column, Table, Value
from nlq.cancellation import Cancellation
from nlq.errors import DatabaseUnavailable, QueryFailed
from nlq.gate import Gate
from nlq.seal import Key
from nlq.settings import Settings
from nlq.words import N_, gettext

T = TypeVar("T")

_log = logging.getLogger(__name__)

_TYPES = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("numeric", "float4", "float8"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz"), "timestamp"),
    "date": "date",
    "bool": "boolean",
}
"""PostgreSQL's types and what an answer calls them; every other type is text."""

_CURSOR = "nlq_answer"
_CHUNK_ROWS = 200
_CANCEL_AGAIN_S = 0.2
_DISCONNECTED = ("08", "57P")
"""SQLSTATE classes that say that the server went away, not that the statement is wrong."""

_SESSION: Mapping[str, str] = {
    "search_path": "pg_catalog, public, nlq",
    "standard_conforming_strings": "on",
    "cursor_tuple_fraction": "1",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "row_security": "on",
    "work_mem": "16MB",
    "hash_mem_multiplier": "2",
}
"""Settings under which a statement means what the guard read, and is planned for all of its rows."""


_TRANSACTION = """
SELECT nlq.transaction_mark(), bool_and(row_security_active(relation))
FROM unnest(ARRAY['public.teams', 'public.regions', 'public.kpi_definitions', 'public.kpi_data',
                  'public.anomalies']::regclass[]) AS protected (relation)
"""
"""What a scope is sealed for, and whether the database filters the rows of all KPI tables."""


@dataclass(frozen=True)
class Limits:
    """What one statement may take."""

    max_rows: int = 1000
    max_bytes: int = 5_000_000
    """Most bytes of text that the cells of a result may take together."""
    statement_timeout_ms: int = 10_000
    lock_timeout_ms: int = 1_000
    max_plan_cost: float = 10_000_000.0
    """Highest total cost in PostgreSQL's planner units."""
    connect_timeout_s: float = 5.0
    """Longest wait for a connection."""

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that `settings` give."""
        return cls(
            max_rows=settings.max_rows,
            max_bytes=settings.max_bytes,
            statement_timeout_ms=settings.statement_timeout_ms,
            lock_timeout_ms=min(cls.lock_timeout_ms, settings.statement_timeout_ms),
            max_plan_cost=settings.max_plan_cost,
        )

    def within(self, seconds: float) -> "Limits":
        """These limits for a statement that has `seconds` left."""
        milliseconds = max(1, round(1000 * min(seconds, self.statement_timeout_ms / 1000)))
        return replace(
            self,
            statement_timeout_ms=milliseconds,
            lock_timeout_ms=min(milliseconds, self.lock_timeout_ms),
            connect_timeout_s=min(seconds, self.connect_timeout_s),
        )


class Reader:
    """Runs statements as the reader role over a small pool, which opens with the first statement."""

    def __init__(
        self,
        url: str,
        limits: Limits | None = None,
        *,
        max_connections: int = 4,
        key: Callable[[], Key] | None = None,
    ) -> None:
        """Prepare to read from `url`; nothing connects yet.

        With a `key`, statements see the rows of their scope, and none without one; the database must filter
        rows then, or nothing is read at all.
        """
        self._limits = limits or Limits()
        self._key = key
        self._gate = Gate(max_connections, math.inf, "")
        self._opening = Lock()
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=max_connections,
            open=False,
            timeout=self._limits.connect_timeout_s,
            configure=_configure,
            reconnect_timeout=self._limits.connect_timeout_s,  # then the next statement tries anew
            reset=_forget,
            kwargs={
                "connect_timeout": max(2, math.ceil(self._limits.connect_timeout_s)),
                "client_encoding": "utf8",  # the guard read the statement's characters, not bytes
                "prepare_threshold": None,  # statements differ, and poolers in between know nothing of them
            },
        )

    def run(
        self, sql: str, cancellation: Cancellation | None = None, *, scope: Scope = NOTHING
    ) -> tuple[Table, int]:
        """Run one SELECT over the rows of `scope`; return its rows and the milliseconds that took.

        Raises:
            QueryFailed: PostgreSQL refused it, or it would take or took too much.
            DatabaseUnavailable: there is no connection, or it broke twice.
            Cancelled: the question was cancelled, and the statement with it in PostgreSQL.
        """
        started = time.monotonic()
        cancellation = cancellation or Cancellation()

        def select(connection: Connection) -> Table:
            with _cancellable(connection, cancellation):
                self._enter(connection, scope)
                return _select(connection, sql, limits)

        with self._gate.passing(cancellation):
            limits = self._limits.within(cancellation.seconds_left())
            table = self._retried(select, limits)
        return table, round((time.monotonic() - started) * 1000)

    def fetch(
        self,
        sql: LiteralString,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        scope: Scope = NOTHING,
    ) -> list[dict[str, Any]]:
        """The rows of a statement of ours, such as a read of the catalogue, in the same kind of transaction.

        Raises:
            QueryFailed: PostgreSQL refused it.
            DatabaseUnavailable: there is no connection, or it broke twice.
        """

        def read(connection: Connection) -> list[dict[str, Any]]:
            self._enter(connection, scope)
            return connection.cursor(row_factory=dict_row).execute(sql, params).fetchall()

        return self._retried(read, self._limits)

    def ready(self) -> bool:
        """Whether the database answers."""
        try:
            self.fetch("SELECT 1")
        except (DatabaseUnavailable, QueryFailed):
            return False
        return True

    def sees_nothing(self) -> bool:
        """Whether the database filters rows while this reader has no key to any of them.

        Raises:
            DatabaseUnavailable: it cannot be reached.
        """
        filters = "SELECT row_security_active('public.kpi_data') AS active"
        return self._key is None and bool(self.fetch(filters)[0]["active"])

    def close(self) -> None:
        """Close all connections; the reader cannot be used afterwards."""
        self._pool.close()

    def _retried(self, work: Callable[[Connection], T], limits: Limits) -> T:
        """Do `work` in a transaction; once more where the pooled connection turned out dead."""
        with _as_errors(limits):
            self._open()
            try:
                return self._in_transaction(work, limits)
            except psycopg.OperationalError as error:
                if not _disconnected(error):
                    raise
                _log.info("the database connection was lost; trying once more")
            self._pool.check()
            return self._in_transaction(work, limits)

    def _open(self) -> None:
        with self._opening:
            if self._pool.closed:
                self._pool.open()

    def _in_transaction(self, work: Callable[[Connection], T], limits: Limits) -> T:
        with self._pool.connection(limits.connect_timeout_s) as connection:
            try:
                _set_limits(connection, limits)
                return work(connection)
            finally:
                _roll_back(connection)

    def _enter(self, connection: Connection, scope: Scope) -> None:
        """Tell the database which rows this transaction may see, where it filters rows."""
        if self._key is None:
            return
        row = connection.execute(_TRANSACTION).fetchone()
        if not row or not row[1]:
            raise DatabaseUnavailable(
                "There is an access file, but the database does not filter rows; run `nlq db upgrade` with "
                "NLQ_ACCESS set."
            )
        connection.execute("SELECT set_config('nlq.scope', %s, true)", [self._key().seal(scope, row[0])])


@contextmanager
def _cancellable(connection: Connection, cancellation: Cancellation) -> Iterator[None]:
    """Cancel what PostgreSQL runs on `connection` when the question is cancelled.

    PostgreSQL forgets a cancel that meets no statement, as between two of them; so it is repeated until the
    context ends, and the end waits for one under way: it must not meet the next question's statement.
    """
    done, cancelling = Event(), Lock()

    def cancel() -> None:
        while not done.is_set():
            with cancelling, suppress(psycopg.Error):  # a server that is gone runs nothing
                if not done.is_set():
                    connection.cancel_safe(timeout=1)
            done.wait(_CANCEL_AGAIN_S)

    try:
        with cancellation.calling(lambda: Thread(target=cancel, name="cancel", daemon=True).start()):
            yield
    finally:
        done.set()
        with cancelling:
            pass


def _set_limits(connection: Connection, limits: Limits) -> None:
    """Set what holds until the transaction ends, in one round trip."""
    timeouts = {
        "statement_timeout": str(limits.statement_timeout_ms),
        "lock_timeout": str(limits.lock_timeout_ms),
        "idle_in_transaction_session_timeout": str(limits.statement_timeout_ms + 5_000),
    }
    settings = {**_SESSION, **timeouts}
    connection.execute(
        "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
        (list(settings), list(settings.values())),
    )


def _select(connection: Connection, sql: str, limits: Limits) -> Table:
    _check_cost(connection, sql, limits)
    with ServerCursor(connection, _CURSOR, scrollable=False) as cursor:
        cursor.execute(sql.encode())
        rows, truncated = _rows(cursor, limits)
        return Table(_columns(cursor), rows, truncated)


def _check_cost(connection: Connection, sql: str, limits: Limits) -> None:
    # Binary results need the extended protocol, which takes exactly one statement.
    explain = f"EXPLAIN (FORMAT JSON) DECLARE {_CURSOR} NO SCROLL CURSOR FOR {sql}"
    plan = connection.execute(explain.encode(), binary=True).fetchone()
    cost = float(plan[0][0]["Plan"]["Total Cost"]) if plan else math.inf
    if cost > limits.max_plan_cost:
        raise QueryFailed(
            f"The query would read too much: PostgreSQL expects a cost of {cost:,.0f}, "
            f"and {limits.max_plan_cost:,.0f} is allowed. Ask for fewer KPIs or a shorter period."
        )


def _rows(
    cursor: "ServerCursor[tuple[Any, ...]]", limits: Limits
) -> tuple[tuple[tuple[Value, ...], ...], bool]:
    """The rows up to the limits, and whether there are more."""
    rows: list[tuple[Value, ...]] = []
    size = 0
    for raw in _fetched(cursor, limits):
        row = tuple(_cell(value) for value in raw)
        size += sum(len(str(value).encode()) for value in row)
        if len(rows) == limits.max_rows or size > limits.max_bytes:
            return tuple(rows), True
        rows.append(row)
    return tuple(rows), False


def _fetched(cursor: "ServerCursor[tuple[Any, ...]]", limits: Limits) -> Iterator[tuple[Any, ...]]:
    """Rows as they are asked for. PostgreSQL times each chunk by itself, so each gets the time left.

    Setting it anew also undoes what a statement did to its own timeout.
    """
    deadline = time.monotonic() + limits.statement_timeout_ms / 1000
    while True:
        milliseconds_left = round((deadline - time.monotonic()) * 1000)
        if milliseconds_left <= 0:
            raise QueryFailed(_too_slow(limits))
        set_timeout = "SELECT set_config('statement_timeout', %s, true)"
        cursor.connection.execute(set_timeout, [str(milliseconds_left)])
        if not (chunk := cursor.fetchmany(_CHUNK_ROWS)):
            return
        yield from chunk


def _configure(connection: Connection) -> None:
    connection.read_only = True
    for name in ("interval", "time", "timetz", "record"):
        connection.adapters.register_loader(name, TextLoader)


def _forget(connection: Connection) -> None:
    """Leave nothing of a question on its connection: no setting, lock, cursor or notification."""
    connection.autocommit = True
    connection.execute("DISCARD ALL")
    connection.autocommit = False


def _roll_back(connection: Connection) -> None:
    with suppress(psycopg.Error):  # a dead connection has nothing to roll back; the pool drops it
        connection.rollback()


def _columns(cursor: "ServerCursor[tuple[Any, ...]]") -> tuple[Column, ...]:
    types = cursor.connection.adapters.types
    found = [(column.name, types.get(column.type_code)) for column in cursor.description or ()]
    return tuple(Column(name, _TYPES.get(info.name, "text") if info else "text") for name, info in found)


def _cell(value: Any) -> Value:
    """A value as an answer holds it: arrays as a list in text, anything unusual as text."""
    if value is None or isinstance(value, (str, int, float, Decimal, date)):
        return value
    if isinstance(value, list):
        return ", ".join("" if item is None else str(item) for item in value)
    return str(value)


def _disconnected(error: psycopg.OperationalError) -> bool:
    if isinstance(error, PoolTimeout):
        return False
    if isinstance(error, errors.ProtocolViolation):  # a statement with a parameter, which nobody gives
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_DISCONNECTED)


@contextmanager
def _as_errors(limits: Limits) -> Iterator[None]:
    """Turn the driver's errors into those of `nlq.errors`."""
    try:
        yield
    except PoolTimeout:
        none = N_(
            "The database gave no connection within %(seconds)s s; "
            "it is down or busy. Please try again in a moment."
        )
        raise DatabaseUnavailable(gettext(none, seconds=f"{limits.connect_timeout_s:g}")) from None
    except PoolClosed:
        ending = N_("The service is shutting down; please ask again in a moment.")
        raise DatabaseUnavailable(gettext(ending)) from None
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) and _disconnected(error):
            message = N_("The connection to the database was lost. Please try again in a moment.")
            raise DatabaseUnavailable(gettext(message)) from error
        raise QueryFailed(_sentence(error, limits)) from error


def _sentence(error: psycopg.Error, limits: Limits) -> str:
    primary = error.diag.message_primary or str(error) or type(error).__name__
    if isinstance(error, errors.QueryCanceled):
        return _too_slow(limits) if "statement timeout" in primary else "The query was cancelled."
    if isinstance(error, errors.LockNotAvailable):
        return "A table of the query is locked by somebody else. Please try again in a moment."
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return f"PostgreSQL refused the query: {primary.rstrip('.')}.{hint}"


def _too_slow(limits: Limits) -> str:
    seconds = limits.statement_timeout_ms / 1000
    return (
        f"The query took longer than {seconds:g} s and was stopped. Ask for fewer KPIs or a shorter period."
    )
