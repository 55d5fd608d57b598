"""The guard by itself: what people ask for passes, what could do harm or look elsewhere is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.errors import UnsafeSql
from nlq.sql.guard import check
from tests.sql_grammar import SAFE, SAFE_STATEMENTS, UNSAFE_STATEMENTS


@pytest.mark.parametrize("sql", SAFE)
def test_a_question_s_select_passes(sql: str) -> None:
    assert check(sql).text == sql


TIED = (
    "SELECT count(*) FROM kpi_values a, kpi_values b WHERE a.team = b.team AND a.year = b.year - 1",
    "SELECT count(*) FROM kpi_data d JOIN kpi_data e USING (timestamp) JOIN teams t ON t.id = d.team_id",
    "SELECT count(*) FROM kpi_data d CROSS JOIN teams CROSS JOIN (SELECT avg(value) FROM kpi_data) AS mean",
    "SELECT n, count(value) FROM generate_series(1, 12) n LEFT JOIN kpi_values ON month = n GROUP BY n",
    "SELECT * FROM kpi_data d, LATERAL (SELECT * FROM anomalies a WHERE a.kpi_data_id = d.id) AS x",
    "WITH m AS (SELECT month, sum(value) AS v FROM kpi_values GROUP BY 1) SELECT * FROM m a, m b",
    "SELECT * FROM (SELECT * FROM kpi_values LIMIT 10) a, (SELECT * FROM kpi_values LIMIT 10) b",
    "SELECT substring(kpi FROM position('_' IN kpi) + 1 FOR 3) || ': ' || team FROM kpi_values",
    "SELECT string_agg(team || ' ' || value, ', ') FROM kpi_values",
)


@pytest.mark.parametrize("sql", TIED)
def test_joins_and_texts_of_bounded_size_pass(sql: str) -> None:
    assert check(sql).text == sql


UNSAFE = {
    "INSERT INTO teams (name) VALUES ('x')": "INSERT",
    "UPDATE teams SET name = 'x'": "UPDATE",
    "DELETE FROM teams": "DELETE",
    "MERGE INTO teams USING regions ON true WHEN MATCHED THEN DELETE": "MERGE",
    "DROP TABLE teams": "Drop",
    "SELECT * FROM teams; SELECT 1": "2",
    "": "0",
    "SELECT * INTO x FROM teams": "SELECT INTO",
    "SELECT * FROM teams FOR UPDATE": "FOR UPDATE",
    "SELECT * FROM teams FOR KEY SHARE NOWAIT": "FOR UPDATE",
    "WITH x AS (DELETE FROM teams RETURNING *) SELECT * FROM x": "DELETE",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM x) SELECT * FROM x": "recursive",
    "SELECT pg_sleep(60)": "pg_sleep",
    "SELECT pg_read_file('/etc/passwd')": "pg_read_file",
    "SELECT set_config('role', 'postgres', false)": "set_config",
    "SELECT nlq.avg(1)": "nlq.avg",
    "SELECT concat(VARIADIC ARRAY['a'])": "VARIADIC",
    "SELECT t.pg_sleep FROM teams t": "t.pg_sleep",
    "SELECT (1).pg_sleep": "field",
    "SELECT (t).name FROM teams t": "field",
    "SELECT teams FROM teams": "teams",
    "SELECT count(teams.*) FROM teams": "*",
    "SELECT ctid FROM teams": "ctid",
    "SELECT * FROM pg_class": "pg_class",
    "SELECT * FROM information_schema.tables": "information_schema.tables",
    "SELECT * FROM nlq.teams": "nlq.teams",
    "SELECT * FROM postgres.public.teams": "database",
    "SELECT * FROM query_history": "query_history",
    "TABLE pg_authid": "pg_authid",
    "SELECT * FROM pg_ls_dir('.')": "generate_series",
    "SELECT * FROM ROWS FROM (generate_series(1, 2))": "ROWS FROM",
    "SELECT * FROM generate_series(1, 2) WITH ORDINALITY": "ORDINALITY",
    "SELECT * FROM generate_series(1, 1000000000)": "rows",
    "SELECT * FROM generate_series(1, 10, 0)": "numbers or dates",
    "SELECT * FROM generate_series('0001-01-01'::date, '9999-01-01'::date, interval '1 day')": "rows",
    "SELECT * FROM generate_series(1, (SELECT max(id) FROM teams))": "numbers or dates",
    "SELECT generate_series(1, 2)": "generate_series",
    "SELECT * FROM teams TABLESAMPLE SYSTEM (1)": "TABLESAMPLE",
    "SELECT 'teams'::regclass": "regclass",
    "SELECT 'teams'::pg_catalog.regclass": "regclass",
    "SELECT '{}'::text[][]": "text[][]",
    "SELECT 'a'::char(1000000)": "1000",
    "SELECT current_user": "current_user",
    "SELECT $1": "parameter",
    "SELECT 1 OPERATOR(pg_catalog.+) 1": "pg_catalog.+",
    "SELECT name ~ '(a+)+$' FROM teams": '"~"',
    'SELECT name COLLATE "C" FROM teams': "COLLATE",
    "SELECT xmlparse(DOCUMENT '<x/>')": "Xml",
    "SELECT * FROM teams NATURAL JOIN regions": "natural",
    "SELECT * FROM teams ORDER BY id USING <": "USING",
    "SELECT 1 FROM teams, teams": "twice",
    "SELECT 1 FROM teams t(a, b)": "name all",
    "SELECT 1 FROM teams JOIN regions USING (country)": "USING",
    "SELECT 1\0; DROP TABLE teams": "characters",
    "SELECT '\ud800'": "characters",
    "SELECT " + "a || " * 21 + "a FROM (SELECT 'x') AS t(a)": "joins texts",
    "SELECT " + "1 + " * 200 + "1": "deeply",
    "SELECT 1" + " UNION SELECT 1" * 60: "deeply",
    "SELECT '" + "x" * 30_000 + "'": "20000",
    "SELECT FROM WHERE": "parsed",
    "SET ROLE postgres": "VariableSet",
    "COPY teams TO '/tmp/x'": "Copy",
    "EXPLAIN ANALYZE SELECT 1": "Explain",
    "DO $$ BEGIN END $$": "Do",
}


@pytest.mark.parametrize(("sql", "named"), UNSAFE.items(), ids=[sql[:60].strip() for sql in UNSAFE])
def test_a_statement_that_could_do_harm_is_refused_by_name(sql: str, named: str) -> None:
    with pytest.raises(UnsafeSql) as refusal:
        check(sql)
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT (SELECT t.version FROM (SELECT 1 AS x) t) FROM (SELECT 1 AS version) t",
        "SELECT 1 FROM (SELECT 1 AS version) a JOIN (teams c JOIN regions d ON a.version = 1) ON true",
        "SELECT 1 FROM (SELECT 1 AS version) a, (SELECT a.version) b",
        "WITH teams AS (SELECT 1 AS version) SELECT teams.version FROM public.teams",
        "SELECT * FROM (WITH t AS (SELECT 1 AS n) SELECT n FROM t) s, t",
    ],
)
def test_a_name_means_what_postgresql_takes_it_for(sql: str) -> None:
    """Each would call a function, or read a table, if names were only looked up in one list."""
    with pytest.raises(UnsafeSql):
        check(sql)


def test_a_cte_hides_the_table_of_its_name() -> None:
    checked = check("WITH pg_class AS (SELECT kpi FROM kpi_values) SELECT kpi FROM pg_class")
    assert checked.relations == ("nlq.kpi_values",)


def test_a_refusal_says_where_the_thing_stands() -> None:
    with pytest.raises(UnsafeSql, match=r"\(at character 13\)\.$"):
        check("SELECT 'é', pg_sleep(1)")


def test_relations_and_functions_are_reported_and_the_semicolon_is_dropped() -> None:
    checked = check(" SELECT lower(name), count(*) FROM public.teams GROUP BY 1 ; ")
    assert checked.relations == ("public.teams",)
    assert checked.functions == ("count", "lower")
    assert checked.text == "SELECT lower(name), count(*) FROM public.teams GROUP BY 1"


@given(SAFE_STATEMENTS)
def test_any_composition_of_safe_parts_passes(sql: str) -> None:
    assert "nlq.kpi_values" in check(sql).relations


@given(UNSAFE_STATEMENTS)
def test_one_unsafe_part_at_any_depth_is_refused(sql: str) -> None:
    with pytest.raises(UnsafeSql):
        check(sql)


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["SELECT", "(", ")", "'", "$$", "--", ";", "/*", "teams"])).map(" ".join)
)
def test_no_text_makes_the_guard_fail_in_another_way(sql: str) -> None:
    with suppress(UnsafeSql):
        check(sql)
