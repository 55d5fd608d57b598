"""The corpus of hostile statements: the guard refuses all of it, and the database holds without the guard."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlq.database import Limits, Reader
from nlq.errors import DatabaseUnavailable, QueryFailed, UnsafeSql
from nlq.sql.allowed import FUNCTIONS, OPERATORS
from nlq.sql.guard import check
from schema import migrate
from tests.conftest import ROLES
from tests.hostile_statements import Hostile, corpus
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Database, Server
from tests.sql_grammar import SAFE

CORPUS = corpus()
SECRET = "CANARY"
"""Stands in every place that the reader has no right to read."""
FURNISH = f"""
INSERT INTO teams (name, department) VALUES ('Ecommerce', 'Sales'), ('Support', NULL);
INSERT INTO regions (name, country) VALUES ('EMEA', 'Germany');
INSERT INTO kpi_definitions (name, unit) VALUES ('revenue', 'USD');
INSERT INTO kpi_data (kpi_id, team_id, region_id, value, timestamp, year, quarter, month)
    SELECT 1, 1, 1, n, '2026-01-01', 2026, 1, 1 FROM generate_series(1, 3000) AS n;
INSERT INTO anomalies (kpi_data_id, description, severity) VALUES (1, 'Fell', 'high');
INSERT INTO query_history (query_text) VALUES ('{SECRET} question');
INSERT INTO nlq.slack_installations (enterprise, team, secret) VALUES ('e', 't', '{SECRET} token');
CREATE TABLE public.salaries (id int, amount text);
INSERT INTO public.salaries VALUES (1, '{SECRET} salary');
CREATE SCHEMA secret;
CREATE TABLE secret.plans AS SELECT '{SECRET} plan' AS plan;
SELECT lo_from_bytea(4711, '{SECRET} object');
ANALYZE;
"""
TABLES = (
    *("public.teams", "public.regions", "public.kpi_definitions", "public.kpi_data", "public.anomalies"),
    *("public.query_history", "public.salaries", "nlq.query_details", "nlq.feedback", "nlq.scope_key"),
)
CATALOGUES = (
    *(
        "pg_class",
        "pg_proc",
        "pg_namespace",
        "pg_type",
        "pg_extension",
        "pg_largeobject_metadata",
        "pg_rewrite",
    ),
    *("pg_policy", "pg_authid", "pg_auth_members", "pg_database", "pg_db_role_setting", "pg_tablespace"),
    *("pg_trigger", "pg_description", "pg_foreign_server", "pg_replication_slots", "pg_subscription"),
)
QUICKLY = Limits(statement_timeout_ms=300)


@pytest.fixture(scope="module")
def company(postgres_server: Server, migrated_template: str) -> Iterator[Database]:
    """A company with secrets in its database."""
    with postgres_server.fresh_database(migrated_template) as name:
        migrate.upgrade(postgres_server.url(name), ROLES)
        with psycopg.connect(postgres_server.url(name)) as owner:
            owner.execute(FURNISH)
        yield Database(
            postgres_server.url(name),
            postgres_server.url(name, "nlq_reader", READER_PASSWORD),
            postgres_server.url(name, "nlq_writer", WRITER_PASSWORD),
        )


@pytest.fixture(scope="module")
def owner(company: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(company.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def unguarded(company: Database) -> Iterator[Reader]:
    """The reader over one connection, with no guard in front."""
    reader = Reader(company.reader_url, QUICKLY, max_connections=1)
    yield reader
    reader.close()


def state(owner: psycopg.Connection) -> list[tuple[object, ...]]:
    """All that a statement could have changed: rows, objects, roles, settings of the server, locks."""
    rows = (
        f"SELECT '{name}', concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM {name}"
        for name in (*TABLES, *CATALOGUES)
    )
    others = (
        "SELECT 'sequences', string_agg(concat(schemaname, sequencename, last_value), '' ORDER BY 1)"
        " FROM pg_sequences",
        "SELECT 'settings', md5(string_agg(concat(name, setting), '' ORDER BY name)) FROM pg_settings",
        "SELECT 'locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory'",
    )
    return owner.execute(" UNION ALL ".join((*rows, *others)).encode()).fetchall()


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len({statement.sql for statement in CORPUS}) >= 300


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: f"{hostile.family}: {hostile.sql[:60]}")
def test_the_guard_alone_refuses(hostile: Hostile) -> None:
    with pytest.raises(UnsafeSql):
        check(hostile.sql)


def test_a_refusal_says_where_the_thing_stands() -> None:
    placed = 0
    for hostile in CORPUS:
        with pytest.raises(UnsafeSql) as refusal:
            check(hostile.sql)
        placed += "at character" in str(refusal.value)
    assert placed / len(CORPUS) > 0.99


@pytest.mark.parametrize("family", sorted({hostile.family for hostile in CORPUS}))
def test_the_database_alone_holds(family: str, unguarded: Reader, owner: psycopg.Connection) -> None:
    before, usual = state(owner), session(unguarded)
    for hostile in (one for one in CORPUS if one.family == family):
        told = refused = ""
        try:
            table, _ = unguarded.run(hostile.sql)
            told = str(table)
        except QueryFailed as error:
            refused = str(error)
        assert SECRET not in (told + refused).replace(hostile.sql, ""), hostile
        assert refused or hostile.harm not in {"read", "write"}, hostile
        assert session(unguarded) == usual, hostile
        assert state(owner) == before, hostile


def session(reader: Reader) -> object:
    """What the next statement on the same connection finds: its settings, and how it may use the session."""
    table, _ = reader.run(
        "SELECT string_agg(concat(name, setting), ' ' ORDER BY name), current_user,"
        " coalesce(current_setting('nlq.scope', true), '')"
        " FROM pg_settings WHERE name <> 'statement_timeout' AND name NOT LIKE 'plpgsql.%'"
    )
    return table.rows


VALID = (
    *SAFE,
    "SELECT region, round(avg(value), 2) AS v FROM nlq.kpi_values WHERE kpi = 'revenue' GROUP BY region",
    "SELECT name FROM teams WHERE department = 'Sales' ORDER BY name LIMIT 10",
)
FRAGMENTS = st.sampled_from(
    [
        *("DELETE", "FROM", "UPDATE", "SET", "INSERT INTO", "RETURNING", "INTO", "FOR UPDATE", "DROP TABLE"),
        *(
            "teams",
            "query_history",
            "public.salaries",
            "pg_authid",
            "nlq.scope_key",
            "nextval('teams_id_seq')",
        ),
        *(
            "set_config('transaction_read_only','off',false)",
            "lo_unlink(4711)",
            "WITH x AS (",
            ")",
            "(",
            ",",
            ";",
        ),
        *(
            "--",
            "/*",
            "*/",
            "'",
            '"',
            "$$",
            "SELECT",
            "UNION ALL",
            "TABLE",
            "::regclass",
            "COPY",
            "COMMIT",
            "*",
        ),
        "(DELETE FROM teams RETURNING id)",
        "; DELETE FROM teams",
        "UNION SELECT query_text FROM query_history",
        "query_to_xml('DELETE FROM teams', true, true, '')",
        "(SELECT query_text FROM query_history LIMIT 1)",
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """Valid SQL with a few of its words left out, doubled, exchanged, or replaced by hostile ones."""
    words = draw(st.sampled_from(VALID)).split(" ")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(words) - 1))
        other = draw(st.integers(0, len(words) - 1))
        change = draw(st.sampled_from(("insert", "replace", "leave out", "double", "exchange")))
        if change == "insert":
            words.insert(at, draw(FRAGMENTS))
        elif change == "replace":
            words[at] = draw(FRAGMENTS)
        elif change == "leave out" and len(words) > 1:
            del words[at]
        elif change == "double":
            words.insert(at, words[at])
        else:
            words[at], words[other] = words[other], words[at]
    return " ".join(words)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(mutations())
def test_no_mutation_of_valid_sql_gets_a_write_past_the_guard_or_the_database(
    unguarded: Reader, owner: psycopg.Connection, sql: str
) -> None:
    before = state(owner)
    with suppress(QueryFailed, DatabaseUnavailable):
        table, _ = unguarded.run(sql)
        assert SECRET not in str(table).replace(sql, "")
    assert state(owner) == before
    with suppress(UnsafeSql):
        checked = check(sql)
        assert checked.statement.DESCRIPTOR.name == "SelectStmt"
        with suppress(QueryFailed):
            unguarded.run(checked.text)


def test_every_allowed_function_is_one_of_postgresql_that_neither_writes_nor_makes_rows(
    owner: psycopg.Connection,
) -> None:
    rows = owner.execute(
        "SELECT proname, bool_or(provolatile = 'v'), bool_or(proretset), bool_or(prosecdef)"
        " FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (%s) GROUP BY 1",
        (sorted(FUNCTIONS),),
    ).fetchall()
    only_a_keyword = {"trim"}
    assert {name for name, *_ in rows} == FUNCTIONS - only_a_keyword
    assert [row for row in rows if any(row[1:])] == []


def test_every_allowed_operator_is_made_of_functions_that_do_not_write(owner: psycopg.Connection) -> None:
    volatile = owner.execute(
        "SELECT o.oprname, p.proname FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode"
        " WHERE o.oprname = ANY (%s) AND (p.provolatile = 'v' OR p.proretset)",
        (sorted(OPERATORS),),
    ).fetchall()
    assert volatile == []
