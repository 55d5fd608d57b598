"""Verified answers: which questions have the same shape, and what is put in the place of what."""

from datetime import date

import pytest

from nlq.linking import link
from nlq.linking.points import Calendar
from nlq.plan.check import read
from nlq.plan.draft import draft
from nlq.plan.model import Plan, as_json
from nlq.sql.rename import rename
from nlq.verified import Fitted, Verified, find, linked, nearest, runnable, shape
from tests.catalogs import CALENDAR, NAMES, SHOP, TODAY


def plan_of(question: str, today: date = TODAY) -> Plan:
    """The plan that the question's own words say."""
    return draft(link(question, NAMES, Calendar(today)), SHOP, Calendar(today)).plan


def found(question: str, *verified: Verified) -> Fitted | None:
    """What `verified`, newest first, say for `question`."""
    return find(link(question, NAMES, CALENDAR), linked(verified, NAMES), SHOP)


def right(question: str, asked_on: date = TODAY) -> Verified:
    """`question` with its own plan approved."""
    return Verified(1, question, asked_on, plan_of(question, asked_on))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Revenue in EMEA last month", "please show me the revenue for APAC in May 2025"),
        ("Which team had the highest revenue in 2025?", "Which team had the highest turnover in 2026?"),
        ("Revnue in EMEA", "revenue in emea"),
    ],
)
def test_names_periods_and_empty_words_do_not_change_the_shape(one: str, other: str) -> None:
    assert shape(link(one, NAMES, CALENDAR)) == shape(link(other, NAMES, CALENDAR))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Revenue in EMEA", "Revenue without EMEA"),
        ("Revenue in EMEA", "Revenue not in EMEA"),
        ("Revenue in EMEA", "Revenue by region"),
        ("Revenue in EMEA", "Revenue of the IT team"),
        ("Top 3 teams by revenue", "Top 5 teams by revenue"),
        ("Which team has the most revenue?", "Which team has the least revenue?"),
        ("Readings of revenue over 100", "Readings of revenue over 1000"),
    ],
)
def test_what_means_something_else_has_another_shape(one: str, other: str) -> None:
    assert shape(link(one, NAMES, CALENDAR)) != shape(link(other, NAMES, CALENDAR))


@pytest.mark.parametrize(
    ("taught", "asked"),
    [
        ("Revenue in EMEA in Q3 2026", "Revenue in APAC in May 2025"),
        ("Revenue in EMEA in Q3 2026", "New customers in EMEA in Q3 2026"),
        ("Revenue by month in 2025", "Revenue by month in 2024"),
        ("Revenue in EMEA versus APAC in 2025", "Revenue in APAC versus North America in 2025"),
        ("How did revenue change in Q3 2026?", "How did revenue change in Q1 2026?"),
        ("Revenue in Q3 2026 year over year", "Revenue in Q2 2026 year over year"),
        ("Revenue in Q1 2026 versus Q2 2026", "Revenue in Q2 2025 versus Q3 2025"),
        ("Revenue trend in the last 6 months", "Revenue trend in the last 3 months"),
        ("Anomalies with severity high in EMEA in 2025", "Anomalies with severity low in APAC in 2026"),
        ("Which region had the best support response time?", "Which region had the best conversion rate?"),
    ],
)
def test_a_fitted_plan_is_the_plan_that_the_question_has_of_itself(taught: str, asked: str) -> None:
    fitted = found(asked, right(taught))
    assert fitted is not None
    assert fitted.plan == plan_of(asked)


@pytest.mark.parametrize(
    ("taught", "asked"),
    [
        pytest.param("Revenue trend in 2025", "Revenue trend in May 2025", id="weeks instead of months"),
        pytest.param("Revenue in EMEA", "Conversion rate in EMEA", id="adds up another way"),
        pytest.param(
            "Best conversion rate in EMEA", "Best support response time in EMEA", id="the other way is good"
        ),
        pytest.param("Revenue in EMEA and APAC", "Revenue in EMEA and EMEA", id="one name twice"),
        pytest.param("How did revenue change in 2025?", "How did revenue change in Q1 2025?", id="units"),
    ],
)
def test_what_cannot_be_fitted_with_certainty_is_not_fitted(taught: str, asked: str) -> None:
    assert found(asked, right(taught)) is None


def test_relative_periods_are_those_of_the_day_of_each_question() -> None:
    fitted = found("Revenue last month", right("Revenue last month", date(2026, 3, 10)))
    assert fitted is not None
    assert fitted.plan == plan_of("Revenue last month")


def test_a_name_is_replaced_in_every_place_and_two_names_can_change_places() -> None:
    names = {"EMEA": "APAC", "APAC": "EMEA"}
    sql = "SELECT sum(value) FILTER (WHERE region = 'EMEA') - sum(value) FILTER (WHERE region = 'APAC') AS d"
    swapped = sql.replace("EMEA", "*").replace("APAC", "EMEA").replace("*", "APAC")
    assert rename(f"{sql} FROM nlq.kpi_values", names) == f"{swapped} FROM nlq.kpi_values"


def test_a_name_with_a_quote_stays_one_literal() -> None:
    sql = "SELECT 1 FROM nlq.kpi_values WHERE team = 'IT'"
    hostile = "O'Neil'; DROP TABLE teams; --\\"
    renamed = rename(sql, {"IT": hostile})
    assert renamed is not None
    checked = runnable(Fitted(sql=renamed), SHOP)
    assert rename(checked.sql, {hostile: "IT"}) == sql


def test_a_name_that_is_not_a_whole_literal_is_not_replaced() -> None:
    start = "SELECT 1 AS x FROM nlq.kpi_values WHERE "
    for condition in ("region LIKE '%EMEA%'", "region = 'emea'", "region = 'EMEA' OR region = 'emea'"):
        assert rename(start + condition, {"EMEA": "APAC"}) is None, condition
    assert rename("not sql", {"EMEA": "APAC"}) is None


def test_a_correction_that_cannot_be_fitted_keeps_older_answers_from_other_names() -> None:
    old = right("Revenue in EMEA in 2025")
    correction = Verified(2, "Revenue in APAC in 2025", TODAY, sql="SELECT 1", is_correction=True)
    assert found("Revenue in North America in 2025", old) is not None
    assert found("Revenue in North America in 2025", correction, old) is None
    assert found("Revenue in EMEA in 2025", correction, old) == Fitted(old.plan)


def test_a_question_that_only_makes_sense_after_another_is_not_kept() -> None:
    again = Verified(1, "and in APAC?", TODAY, plan_of("Revenue in APAC"), continues=True)
    assert found("and in EMEA?", again) is None
    assert linked([again], NAMES) == ()


def test_the_nearest_questions_come_first_and_strange_ones_not_at_all() -> None:
    known = linked(
        [right(q) for q in ("Revenue by team", "Revenue by region in 2025", "Open tickets")], NAMES
    )
    near = nearest("Ratio of revenue by region to its average in 2025", known, SHOP)
    assert [question for question, _ in near] == ["Revenue by region in 2025", "Revenue by team"]
    assert all(sql.startswith("SELECT ") and "\n" not in sql for _, sql in near)
    assert nearest("Will it rain?", known, SHOP) == ()


@pytest.mark.parametrize(
    "question",
    [
        "Top 3 teams by revenue in each region in 2025",
        "Readings of revenue over 100 in EMEA since May",
        "Share of EMEA in revenue in Q3 2026",
        "How many anomalies were there by severity last year?",
        "List the teams",
        "6 month moving average of revenue",
        "What does conversion rate mean?",
    ],
)
def test_every_plan_of_our_own_can_be_sent_as_a_correction(question: str) -> None:
    plan = plan_of(question)
    assert read(as_json(plan)) == plan
