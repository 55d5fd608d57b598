"""The guard by itself: what people ask for passes, what could do harm or look elsewhere is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.errors import UnsafeSql
from nlq.sql.guard import check

SAFE = (
    "SELECT kpi, avg(value) FROM kpi_values GROUP BY kpi",
    "SELECT * FROM teams t JOIN kpi_data d ON d.team_id = t.id WHERE d.timestamp >= DATE '2025-01-01'",
    "WITH m AS (SELECT date_trunc('month', timestamp) AS month, sum(value) AS v FROM kpi_values GROUP BY 1),"
    " d AS (SELECT m.month, v, lag(v) OVER (ORDER BY m.month) AS p FROM m)"
    " SELECT month, round(100 * (v - p) / nullif(p, 0), 1) AS change FROM d ORDER BY change DESC NULLS LAST",
    "SELECT x.d FROM generate_series('2025-01-01'::date, '2025-12-31'::date, interval '1 day') AS x(d)",
    "SELECT -n FROM generate_series(-5, 5, 2) AS n",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT v.a FROM (VALUES (1), (2)) AS v(a) UNION ALL SELECT id FROM teams ORDER BY a LIMIT 3",
    "SELECT region AS r, sum(value) FILTER (WHERE year = 1) FROM kpi_values GROUP BY ROLLUP (r) ORDER BY 2",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FROM kpi_values",
    "SELECT nlq.kpi_values.kpi, extract(quarter FROM timestamp) FROM nlq.kpi_values",
    "SELECT (array_agg(team ORDER BY value DESC))[1] FROM kpi_values",
    "SELECT rank() OVER w FROM kpi_values WINDOW w AS (PARTITION BY kpi ORDER BY value ROWS 2 PRECEDING)",
    "SELECT k.*, l.n FROM kpi_values k, LATERAL (SELECT count(*) AS n FROM anomalies"
    " WHERE kpi_data_id = k.kpi_data_id) AS l",
    "SELECT id, teams.name FROM teams JOIN regions USING (id) ORDER BY id",
    "SELECT CASE WHEN value > 1 THEN 'high' END FROM kpi_data WHERE kpi_id = ANY (ARRAY[1, 2])",
    "SELECT kpi FROM kpi_values WHERE team IS DISTINCT FROM 'x' AND kpi ILIKE '%a%' ESCAPE '!'",
    "SELECT value FROM kpi_values WHERE timestamp >= current_date - interval '3' month",
    "SELECT DISTINCT ON (kpi) kpi, value FROM kpi_values ORDER BY kpi, timestamp DESC",
    "SELECT name FROM teams t WHERE NOT EXISTS (SELECT FROM kpi_data WHERE team_id = t.id)",
    "SELECT created_at::date AS day FROM teams ORDER BY day",
    "SELECT 'DROP TABLE teams; --' AS text /* ; DELETE FROM teams */",
)


@pytest.mark.parametrize("sql", SAFE)
def test_a_question_s_select_passes(sql: str) -> None:
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


ATOMS = st.sampled_from(["value", "kpi_values.value", "1", "2.5", "NULL", "year", "CAST('3' AS numeric)"])
TEXTS = st.sampled_from(["kpi", "'EMEA'", "team", "lower(region)", "to_char(timestamp, 'YYYY-MM')"])
UNSAFE_ATOMS = st.sampled_from(
    [
        "pg_sleep(1)",
        "(SELECT 1 FROM pg_class)",
        "'x'::regclass::oid",
        "kpi_values.pg_sleep",
        "lo_import('/etc/passwd')",
        "(SELECT id FROM teams FOR UPDATE)",
        "nextval('teams_id_seq')",
        "current_setting('x')",
        "$1",
        "(kpi_values).value",
        "(SELECT random() FROM regions)",
        "(SELECT count(*) FROM query_history)",
    ]
)


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Numeric expressions around `inner`, one for each place that an expression can stand in."""
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), ATOMS),
        inner.map("abs({})".format),
        inner.map("CASE WHEN {} > 1 THEN 1 ELSE 0 END".format),
        inner.map("CASE WHEN true THEN 1 ELSE {} END".format),
        inner.map("coalesce(NULL, {})".format),
        inner.map("greatest(1, {})".format),
        inner.map("nullif({}, 0)".format),
        inner.map("({})::numeric(10, 2)".format),
        inner.map("(ARRAY[1, {}])[1]".format),
        inner.map("(SELECT {} FROM kpi_values LIMIT 1)".format),
        inner.map("(SELECT 1 FROM teams ORDER BY (SELECT {} FROM kpi_values))".format),
        inner.map("(SELECT 1 FROM teams JOIN kpi_values ON {} > 1)".format),
        inner.map("(SELECT max(value) FILTER (WHERE {} > 1) FROM kpi_values)".format),
        inner.map("(SELECT count(*) OVER (PARTITION BY {}) FROM kpi_values)".format),
        inner.map("(SELECT 1 FROM kpi_values GROUP BY {} HAVING count(*) > 1)".format),
        inner.map("(SELECT 1 FROM kpi_values WHERE 1 IN (1, {}))".format),
        inner.map("(WITH c AS (SELECT {} AS n FROM kpi_values) SELECT n FROM c)".format),
        inner.map("(SELECT n FROM (SELECT {} AS n FROM kpi_values) AS s)".format),
        inner.map("(SELECT v.a FROM kpi_values, LATERAL (VALUES (1), ({})) AS v(a))".format),
        inner.map("(SELECT 1 LIMIT (SELECT {} FROM kpi_values))".format),
        inner.map("(SELECT 1 EXCEPT SELECT {} FROM kpi_values)".format),
        inner.map("(SELECT DISTINCT ON ({}) 1 FROM kpi_values)".format),
        inner.map("(value BETWEEN 1 AND {})::int".format),
        inner.map("(NOT EXISTS (SELECT {} FROM kpi_values))::int".format),
        inner.map("(value = ANY (SELECT {} FROM kpi_values))::int".format),
        inner.map("string_agg(kpi, ',' ORDER BY {})".format),
        inner.map("length(concat('a', {}))".format),
    )


def _statements(expressions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("SELECT {}, {} FROM nlq.kpi_values WHERE kpi = {}".format, expressions, TEXTS, TEXTS)


SAFE_NUMBERS = st.recursive(ATOMS, _numbers, max_leaves=4)
UNSAFE_NUMBERS = st.recursive(UNSAFE_ATOMS, _numbers, max_leaves=4)


@given(_statements(SAFE_NUMBERS))
def test_any_composition_of_safe_parts_passes(sql: str) -> None:
    assert "nlq.kpi_values" in check(sql).relations


@given(_statements(UNSAFE_NUMBERS))
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
