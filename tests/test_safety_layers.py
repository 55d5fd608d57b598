"""Each layer of safety holds alone: the guard, the reader role, the read-only transaction."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from nlq.database import Limits, Reader
from nlq.errors import QueryFailed, UnsafeSql
from nlq.sql.guard import check
from tests.postgres import Database

WRITES = {
    "insert": "INSERT INTO teams (name) VALUES ('x')",
    "update": "UPDATE teams SET name = 'x'",
    "delete": "DELETE FROM teams",
    "drop": "DROP TABLE anomalies",
    "locking": "SELECT * FROM teams FOR UPDATE",
    "writing CTE": "WITH gone AS (DELETE FROM teams RETURNING id) SELECT id FROM gone",
    "two statements": "SELECT 1; DELETE FROM teams",
}
READS_ELSEWHERE = {
    "file": "SELECT pg_read_file('/etc/passwd')",
    "history": "SELECT * FROM query_history",
    "passwords": "SELECT * FROM pg_authid",
}
SLOW = {"sleep": "SELECT pg_sleep(60)"}
TEMPORARY = {"temporary table": "CREATE TEMP TABLE t (a int)", "select into": "SELECT 1 AS a INTO t"}
ALL = {**WRITES, **READS_ELSEWHERE, **SLOW, **TEMPORARY}

QUICKLY = Limits(statement_timeout_ms=300)


@pytest.fixture
def company(migrated: Database) -> Database:
    """A database with one team in it."""
    with psycopg.connect(migrated.owner_url) as connection:
        connection.execute("INSERT INTO teams (name) VALUES ('Ecommerce')")
    return migrated


@pytest.fixture
def unguarded(company: Database) -> Iterator[Reader]:
    """The reader role in its read-only transaction, with no guard in front."""
    reader = Reader(company.reader_url, QUICKLY)
    yield reader
    reader.close()


def _untouched(database: Database) -> bool:
    with psycopg.connect(database.owner_url) as connection:
        teams = connection.execute("SELECT name FROM teams").fetchall()
        tables = connection.execute("SELECT to_regclass('public.anomalies') IS NOT NULL").fetchone()
    return teams == [("Ecommerce",)] and tables == (True,)


def _run_all(connection: psycopg.Connection, sql: str) -> None:
    """Run `sql` by the simple protocol, which takes several statements, and keep what it did."""
    connection.execute(sql.encode())
    connection.commit()


@pytest.mark.parametrize("sql", ALL.values(), ids=ALL)
def test_the_guard_alone_refuses(sql: str) -> None:
    with pytest.raises(UnsafeSql):
        check(sql)


@pytest.mark.parametrize("sql", ALL.values(), ids=ALL)
def test_the_database_alone_refuses(company: Database, unguarded: Reader, sql: str) -> None:
    started = time.monotonic()
    with pytest.raises(QueryFailed):
        unguarded.run(sql)
    assert time.monotonic() - started < 5
    assert _untouched(company)


@pytest.mark.parametrize("sql", {**WRITES, **READS_ELSEWHERE, **TEMPORARY}.values())
def test_the_role_alone_refuses_even_in_a_transaction_that_may_write(company: Database, sql: str) -> None:
    with psycopg.connect(company.reader_url, options="-c default_transaction_read_only=off") as connection:
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("off",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _run_all(connection, sql)
    assert _untouched(company)


@pytest.mark.parametrize("sql", WRITES.values(), ids=WRITES)
def test_a_read_only_transaction_alone_refuses_even_the_owner(company: Database, sql: str) -> None:
    with psycopg.connect(company.owner_url) as connection:
        connection.read_only = True
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            _run_all(connection, sql)
    assert _untouched(company)


@pytest.mark.parametrize("sql", {**WRITES, **TEMPORARY}.values())
def test_the_way_statements_are_run_refuses_even_for_the_owner(company: Database, sql: str) -> None:
    reader = Reader(company.owner_url, QUICKLY)
    with pytest.raises(QueryFailed):
        reader.run(sql)
    reader.close()
    assert _untouched(company)


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "COMMIT; DELETE FROM teams",
        "SELECT 1; COMMIT; SET default_transaction_read_only = off; DELETE FROM teams",
        "SET TRANSACTION READ WRITE",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "RESET ROLE",
    ],
)
def test_a_statement_cannot_get_out_of_its_transaction(
    company: Database, unguarded: Reader, sql: str
) -> None:
    with pytest.raises(QueryFailed):
        unguarded.run(sql)
    assert _untouched(company)
