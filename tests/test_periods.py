"""Calendar words become the dates that people mean by them; today is Tuesday, 24 November 2026."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.linking.periods import find
from nlq.linking.points import Calendar
from nlq.linking.words import tokenize
from nlq.period import Grain, floor, shift, unit
from tests.catalogs import TODAY


def dates(text: str, fiscal_start: int = 1) -> list[str]:
    """The periods that `text` names, as `start..end` with the end excluded."""
    words = [token.folded for token in tokenize(text)]
    found = find(words, [False] * len(words), Calendar(TODAY, fiscal_start))
    return [f"{m.period.start or ''}..{m.period.end or ''}" for m in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last month", ["2026-10-01..2026-11-01"]),
        ("this quarter", ["2026-10-01..2027-01-01"]),
        ("last quarter", ["2026-07-01..2026-10-01"]),
        ("year to date", ["2026-01-01..2026-11-25"]),
        ("YTD", ["2026-01-01..2026-11-25"]),
        ("in the last 30 days", ["2026-10-26..2026-11-25"]),
        ("over the past six months", ["2026-05-01..2026-11-01"]),
        ("since March 2025", ["2025-03-01.."]),
        ("before 2025", ["..2025-01-01"]),
        ("week 20", ["2026-05-11..2026-05-18"]),
        ("CW20 2025", ["2025-05-12..2025-05-19"]),
        ("same month last year", ["2025-11-01..2025-12-01"]),
        ("Q1", ["2026-01-01..2026-04-01"]),
        ("the third quarter of 2025", ["2025-07-01..2025-10-01"]),
        ("in December", ["2025-12-01..2026-01-01"]),
        ("on 5 March 2026", ["2026-03-05..2026-03-06"]),
        ("2026-03-05", ["2026-03-05..2026-03-06"]),
        ("between January and March 2026", ["2026-01-01..2026-04-01"]),
        ("from Nov 2025 to Feb 2026", ["2025-11-01..2026-03-01"]),
        ("first half of 2025", ["2025-01-01..2025-07-01"]),
        ("yesterday", ["2026-11-23..2026-11-24"]),
        ("two weeks ago", ["2026-11-09..2026-11-16"]),
        ("the day before yesterday", ["2026-11-22..2026-11-23"]),
        ("on 05.03.2026", ["2026-03-05..2026-03-06"]),
        ("on 24/12/2025", ["2025-12-24..2025-12-25"]),
        ("in 10/2026", ["2026-10-01..2026-11-01"]),
        ("01.02.2026 - 15.02.2026", ["2026-02-01..2026-02-16"]),
        ("Jan-Oct 2026", ["2026-01-01..2026-11-01"]),
        ("1-14 November 2026", ["2026-11-01..2026-11-15"]),
        ("2025 Q4", ["2025-10-01..2026-01-01"]),
        ("Q1/25", ["2025-01-01..2025-04-01"]),
        ("Oct 25", ["2025-10-01..2025-11-01"]),
        ("the first ten days of October", ["2026-10-01..2026-10-11"]),
        ("the second half of November 2026", ["2026-11-16..2026-12-01"]),
        ("2025 until October", ["2025-01-01..2025-11-01"]),
    ],
)
def test_a_period_in_words_is_the_days_that_people_mean(text: str, expected: list[str]) -> None:
    assert dates(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q1 vs Q2 2025", ["2025-01-01..2025-04-01", "2025-04-01..2025-07-01"]),
        ("in 2025 and 2026", ["2025-01-01..2026-01-01", "2026-01-01..2027-01-01"]),
        ("Q3 2026 compared to the previous quarter", ["2026-07-01..2026-10-01", "2026-04-01..2026-07-01"]),
        ("this month vs the same month last year", ["2026-11-01..2026-12-01", "2025-11-01..2025-12-01"]),
        ("last year vs the year before", ["2025-01-01..2026-01-01", "2024-01-01..2025-01-01"]),
        ("Q3 2024 and 2025", ["2024-07-01..2024-10-01", "2025-07-01..2025-10-01"]),
        ("compare this year to last year", ["2026-01-01..2027-01-01", "2025-01-01..2026-01-01"]),
        ("in October vs the same month last year", ["2026-10-01..2026-11-01", "2025-10-01..2025-11-01"]),
    ],
)
def test_two_periods_share_the_year_that_is_said_once(text: str, expected: list[str]) -> None:
    assert dates(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FY26", ["2025-04-01..2026-04-01"]),
        ("this fiscal year", ["2026-04-01..2027-04-01"]),
        ("fiscal Q1 2026", ["2025-04-01..2025-07-01"]),
        ("2026", ["2026-01-01..2027-01-01"]),
        ("the first quarter of this fiscal year", ["2026-04-01..2026-07-01"]),
        ("the second half of last fiscal year", ["2025-10-01..2026-04-01"]),
    ],
)
def test_a_fiscal_year_begins_in_the_month_that_is_set_and_only_where_it_is_named(
    text: str, expected: list[str]
) -> None:
    assert dates(text, fiscal_start=4) == expected


@pytest.mark.parametrize(
    "text",
    [
        "may I see revenue",
        "top 5 teams",
        "revenue by month",
        "30 minutes",
        "more than 2000 orders",
        "2.50 EUR",
    ],
)
def test_words_that_only_look_like_periods_are_none(text: str) -> None:
    assert dates(text) == []


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.sampled_from(list(Grain)))
def test_every_day_lies_in_its_unit_and_units_leave_no_gap(day: date, grain: Grain) -> None:
    period = unit(day, grain)
    assert period.start is not None
    assert period.end is not None
    assert period.start <= day < period.end
    assert floor(period.end, grain) == period.end == shift(period.start, grain, 1)
