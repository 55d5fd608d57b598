"""The reader on a real PostgreSQL: what comes back, what the limits cut, and what happens when it breaks."""

import math
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import psycopg
import pytest

from nlq.answer import Column
from nlq.database import Limits, Reader
from nlq.errors import DatabaseUnavailable, QueryFailed
from nlq.sql.allowed import RELATIONS
from nlq.sql.guard import check
from tests.postgres import Database
from tests.sql_grammar import SAFE


@pytest.fixture
def reader(migrated: Database) -> Iterator[Reader]:
    with psycopg.connect(migrated.owner_url) as connection:
        connection.execute(
            "INSERT INTO teams (name, department) VALUES ('Ecommerce', 'Sales'), ('Support', NULL)"
        )
    yield from _opened(Reader(migrated.reader_url))


def _opened(reader: Reader) -> Iterator[Reader]:
    yield reader
    reader.close()


def _limited(database: Database, limits: Limits) -> Iterator[Reader]:
    return _opened(Reader(database.reader_url, limits))


def test_rows_come_back_with_names_types_and_the_time_it_took(reader: Reader) -> None:
    table, milliseconds = reader.run("SELECT name, department, id, id * 1.5 AS half FROM teams ORDER BY id;")
    assert table.columns == (
        Column("name", "text"),
        Column("department", "text"),
        Column("id", "integer"),
        Column("half", "number"),
    )
    assert table.rows == (("Ecommerce", "Sales", 1, Decimal("1.5")), ("Support", None, 2, Decimal("3.0")))
    assert not table.truncated
    assert 0 <= milliseconds < 10_000


@pytest.mark.parametrize(
    ("expression", "type_", "value"),
    [
        ("true", "boolean", True),
        ("DATE '2025-03-01'", "date", date(2025, 3, 1)),
        ("TIMESTAMP '2025-03-01 12:30'", "timestamp", datetime(2025, 3, 1, 12, 30)),
        ("'Infinity'::numeric", "number", Decimal("Infinity")),
        ("1.5::float8", "number", 1.5),
        ("interval '1 month 2 days'", "text", "1 mon 2 days"),
        ("TIME '12:30'", "text", "12:30:00"),
        ("ARRAY['a', NULL, 'b']", "text", "a, , b"),
        ("'100 %s %'", "text", "100 %s %"),
        ("'a\\'", "text", "a\\"),
        ("ROW(1, 'x')", "text", "(1,x)"),
        ("NULL", "text", None),
    ],
)
def test_every_type_has_a_place_in_an_answer(
    reader: Reader, expression: str, type_: str, value: object
) -> None:
    table, _ = reader.run(f"SELECT {expression} AS it")
    assert table.columns == (Column("it", type_),)
    assert table.rows == ((value,),)


def test_not_a_number_survives(reader: Reader) -> None:
    table, _ = reader.run("SELECT 'NaN'::numeric")
    assert isinstance(table.rows[0][0], Decimal)
    assert math.isnan(table.rows[0][0])


def test_a_result_of_no_rows_still_has_its_columns(reader: Reader) -> None:
    table, _ = reader.run("SELECT name FROM teams WHERE false")
    assert table.columns == (Column("name", "text"),)
    assert table.rows == ()


@pytest.mark.parametrize(("wanted", "truncated"), [(499, False), (500, False), (501, True), (100_000, True)])
def test_rows_beyond_the_limit_are_cut_off_and_said_so(
    migrated: Database, wanted: int, truncated: bool
) -> None:
    for reader in _limited(migrated, Limits(max_rows=500)):
        table, _ = reader.run(f"SELECT n FROM generate_series(1, {wanted}) AS n")
        assert len(table.rows) == min(wanted, 500)
        assert table.truncated is truncated


def test_bytes_beyond_the_limit_are_cut_off_and_said_so(migrated: Database) -> None:
    for reader in _limited(migrated, Limits(max_bytes=1000)):
        table, _ = reader.run("SELECT repeat('é', 50) FROM generate_series(1, 100)")
        assert len(table.rows) == 10
        assert table.truncated


def test_a_slow_statement_is_stopped_and_told_how_long_it_took(migrated: Database) -> None:
    for reader in _limited(migrated, Limits(statement_timeout_ms=200)):
        with pytest.raises(QueryFailed, match=r"longer than 0\.2 s"):
            reader.run("SELECT pg_sleep(60)")
        assert reader.run("SELECT 1")[0].rows == ((1,),)


def test_a_statement_that_trickles_rows_is_stopped_too(migrated: Database) -> None:
    started = time.monotonic()
    for reader in _limited(migrated, Limits(statement_timeout_ms=400, max_rows=100_000)):
        with pytest.raises(QueryFailed, match="longer than"):
            reader.run("SELECT pg_sleep(0.001) FROM generate_series(1, 100000)")
    assert time.monotonic() - started < 5


def test_a_statement_cannot_lift_its_own_timeout(migrated: Database) -> None:
    slow_after_a_while = (
        "SELECT CASE WHEN n < 300 THEN set_config('statement_timeout', '0', false) ELSE pg_sleep(9)::text END"
        " FROM generate_series(1, 1000) AS n"
    )
    for reader in _limited(migrated, Limits(statement_timeout_ms=400)):
        with pytest.raises(QueryFailed, match="longer than"):
            reader.run(slow_after_a_while)


def test_an_expensive_plan_is_refused_before_it_runs(migrated: Database) -> None:
    for reader in _limited(migrated, Limits(max_plan_cost=1000)):
        with pytest.raises(QueryFailed, match="would read too much"):
            reader.run("SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 10000) b")


def test_a_locked_table_does_not_hold_the_question_up(migrated: Database) -> None:
    with psycopg.connect(migrated.owner_url) as owner:
        owner.execute("LOCK TABLE teams IN ACCESS EXCLUSIVE MODE")
        for reader in _limited(migrated, Limits(lock_timeout_ms=100)):
            with pytest.raises(QueryFailed, match="locked"):
                reader.run("SELECT * FROM teams")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nmae FROM teams", r'column "nmae" does not exist\. Perhaps you meant'),
        ("SELECT 1 / 0 FROM teams", "division by zero"),
        ("SELECT 'infinity'::date", "date too large"),
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("SELECT", ""),
    ],
)
def test_what_postgresql_says_is_passed_on(reader: Reader, sql: str, said: str) -> None:
    if not said:
        assert reader.run(sql)[0].columns == ()
        return
    with pytest.raises(QueryFailed, match=said):
        reader.run(sql)
    assert reader.ready()


def test_names_are_found_in_the_two_schemas_only_and_system_names_win(migrated: Database) -> None:
    with psycopg.connect(migrated.owner_url) as owner:
        owner.execute("CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$")
    for reader in _opened(Reader(f"{migrated.reader_url}&options=-csearch_path%3Dpublic,pg_catalog")):
        assert reader.run("SELECT lower('X')")[0].rows == (("x",),)
        assert reader.run("SELECT count(*) FROM kpi_values")[0].rows == ((0,),)


def test_nothing_of_a_statement_stays_on_its_connection(migrated: Database) -> None:
    for reader in _opened(Reader(migrated.reader_url, max_connections=1)):
        reader.run(
            "SELECT set_config('nlq.secret', 'kept', false), set_config('statement_timeout', '0', false)"
        )
        assert reader.run("SELECT coalesce(current_setting('nlq.secret', true), '')")[0].rows == (("",),)


def test_trusted_reads_take_parameters_and_give_dicts(reader: Reader) -> None:
    rows = reader.fetch("SELECT id, name FROM teams WHERE name = %s", ["Support"])
    assert rows == [{"id": 2, "name": "Support"}]


def test_killed_connections_are_replaced_without_the_user_noticing(migrated: Database) -> None:
    for reader in _opened(Reader(migrated.reader_url)):
        reader.run("SELECT 1")
        with psycopg.connect(migrated.owner_url) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nlq_reader'"
            )
        assert reader.run("SELECT 2")[0].rows == ((2,),)


def test_a_database_that_is_down_is_said_to_be_down() -> None:
    for reader in _opened(Reader("postgresql://nobody@127.0.0.1:1/nothing", Limits(connect_timeout_s=0.5))):
        assert not reader.ready()
        with pytest.raises(DatabaseUnavailable, match="try again"):
            reader.run("SELECT 1")


def test_a_closed_reader_says_that_the_service_is_stopping(migrated: Database) -> None:
    reader = Reader(migrated.reader_url)
    reader.run("SELECT 1")
    reader.close()
    with pytest.raises(DatabaseUnavailable, match="shutting down"):
        reader.run("SELECT 1")


@pytest.mark.parametrize("sql", SAFE)
def test_what_the_guard_lets_through_really_runs(reader: Reader, sql: str) -> None:
    table, _ = reader.run(check(sql).text)
    assert not table.truncated


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_guard_knows_the_columns_that_each_relation_has(reader: Reader, relation: str) -> None:
    table, _ = reader.run(f"SELECT * FROM {relation}")
    assert tuple(column.name for column in table.columns) == RELATIONS[relation]
