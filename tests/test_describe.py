"""What a statement is said to read, and which names in it are said not to exist."""

import pytest
from hypothesis import given

from nlq.sql.describe import describe
from nlq.sql.guard import check
from nlq.sql.literals import check_literals
from tests.sql_grammar import SAFE, SAFE_STATEMENTS

READINGS = {
    "SELECT region, avg(value) AS a FROM kpi_values WHERE kpi = 'x' AND timestamp >= '2025-01-01'"
    " AND timestamp < '2025-04-01' GROUP BY region ORDER BY a DESC LIMIT 5": (
        "Average of value for each region; from KPI values; where kpi is 'x' and timestamp is on or after"
        " '2025-01-01' and timestamp is before '2025-04-01'; sorted by average of value, highest first;"
        " only the first 5."
    ),
    "SELECT r.name, sum(d.value), count(*) AS n FROM kpi_data d JOIN kpi_definitions k ON k.id = d.kpi_id"
    " AND k.name = 'x' LEFT JOIN regions r ON r.id = d.region_id GROUP BY 1 HAVING sum(d.value) > 3": (
        "Sum of value and n = number of rows for each region; from KPI readings, KPI definitions and regions;"
        " joined where kpi is 'x'; keeping only where sum of value is more than 3."
    ),
    "SELECT a.value - b.value AS rise FROM kpi_values a JOIN kpi_values b ON b.year = a.year - 1"
    " WHERE a.team NOT IN ('x', 'y') OR b.team IS NULL": (
        "Rise = value of a - value of b; from KPI values (a) and KPI values (b); joined where year of b is"
        " year of a - 1; where (team of a is not any of 'x' and 'y' or team of b is missing)."
    ),
    "SELECT kpi, avg(value) OVER (PARTITION BY team ORDER BY month ROWS 2 PRECEDING) FROM kpi_values": (
        "Kpi and average of value (for each team, in order of month, rows from 2 before to this one);"
        " from KPI values."
    ),
    "WITH m AS (SELECT month, max(value) AS v FROM kpi_values GROUP BY month) SELECT lag(v) OVER w FROM m"
    " WINDOW w AS (ORDER BY month)": (
        "With m = [v = highest value for each month; from KPI values]: previous v (over w); from m;"
        " w = (in order of month)."
    ),
    "SELECT count(DISTINCT team) FILTER (WHERE value BETWEEN 1 AND 2) FROM kpi_values": (
        "Number of different team (only where value is from 1 to 2); from KPI values."
    ),
    "SELECT DISTINCT name FROM teams UNION SELECT name FROM regions ORDER BY name OFFSET 2": (
        "[each different team; from teams] together with [region; from regions]; sorted by name;"
        " leaving out the first 2."
    ),
    "SELECT name FROM teams t WHERE NOT EXISTS (SELECT 1 FROM kpi_data WHERE team_id = t.id)": (
        "Team; from teams; where not (there is a row of (1; from KPI readings; where team_id is id))."
    ),
}


@pytest.mark.parametrize(("sql", "said"), READINGS.items(), ids=range(len(READINGS)))
def test_a_statement_is_read_back_in_plain_words(sql: str, said: str) -> None:
    assert describe(check(sql)) == said


@pytest.mark.parametrize("sql", SAFE)
def test_every_statement_can_be_read_back(sql: str) -> None:
    assert describe(check(sql)).endswith(".")


@given(SAFE_STATEMENTS)
def test_no_condition_is_left_out_of_the_reading(sql: str) -> None:
    said = describe(check(sql))
    assert "from KPI values" in said
    assert "where" in said
    assert ("EMEA" in said) == ("EMEA" in sql)


KNOWN = {
    "kpi": ("churn_rate", "revenue"),
    "team": ("Ecommerce", "Customer Support"),
    "region": ("EMEA", "APAC"),
    "severity": ("low", "high"),
    "department": (),
}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("kpi = 'revenu'", ('There is no KPI "revenu"; the nearest is "revenue".',)),
        ("'Emea' = region", ('There is no region "Emea"; the nearest is "EMEA".',)),
        ("lower(region) = 'emea'", ()),
        ("lower(region) = lower('Emea')", ()),
        ("lower(region) = 'EMEA'", ('There is no region "EMEA"; the nearest is "EMEA".',)),
        ("team IN ('Ecommerce', 'Legal')", ('There is no team "Legal".',)),
        ("team NOT IN ('Ecommerce')", ()),
        (
            "team = ANY (ARRAY['Ecommerce', 'Suport'])",
            ('There is no team "Suport"; the nearest is "Customer Support".',),
        ),
        (
            "team IS DISTINCT FROM 'customer support'::text",
            ('There is no team "customer support"; the nearest is "Customer Support".',),
        ),
        ("team LIKE '%Support'", ()),
        ("team LIKE '%support'", ('There is no team "%support"; the nearest is "Customer Support".',)),
        ("team ILIKE '_commerce'", ()),
        (r"team LIKE 'Ecommerce\%'", ('There is no team "Ecommerce\\%"; the nearest is "Ecommerce".',)),
        ("department = 'Sales'", ('There is no department "Sales".',)),
        ("country = 'Nowhere'", ()),
        ("kpi > 'a'", ()),
        ("CASE team WHEN 'Legal' THEN true END", ('There is no team "Legal".',)),
    ],
)
def test_a_name_that_no_row_holds_is_reported_with_the_nearest(condition: str, said: tuple[str, ...]) -> None:
    assert check_literals(check(f"SELECT value FROM kpi_values WHERE {condition}"), KNOWN) == said


def test_a_union_of_teams_and_regions_is_not_taken_for_teams() -> None:
    sql = "SELECT n FROM (SELECT name AS n FROM teams UNION SELECT name FROM regions) AS u WHERE n = 'EMEA'"
    assert check_literals(check(sql), KNOWN) == ()


def test_names_are_checked_in_every_table_and_through_subqueries() -> None:
    sql = (
        "WITH c AS (SELECT kpi AS k FROM kpi_values) SELECT 1 FROM c JOIN kpi_anomalies a ON a.kpi = k,"
        " teams t WHERE k = 'x' AND t.name = 'y' AND severity = 'z'"
        " AND EXISTS (SELECT 1 FROM regions WHERE name = 'y')"
    )
    assert [sentence.split('"')[0] for sentence in check_literals(check(sql), KNOWN)] == [
        "There is no KPI ",
        "There is no team ",
        "There is no severity ",
        "There is no region ",
    ]
