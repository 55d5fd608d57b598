"""Statements for the tests of SQL: written ones, and a small grammar that makes more."""

from hypothesis import strategies as st

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
SAFE_STATEMENTS = _statements(SAFE_NUMBERS)
UNSAFE_STATEMENTS = _statements(UNSAFE_NUMBERS)
"""Statements of safe parts with exactly one unsafe one somewhere in them."""
