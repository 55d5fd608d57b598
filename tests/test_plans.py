"""A question's plan says what was asked, and every plan becomes SQL that the guard accepts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlq.linking import link
from nlq.period import Grain, unit
from nlq.plan.compiler import compile_plan
from nlq.plan.describe import describe_plan
from nlq.plan.draft import Draft, draft
from nlq.plan.model import (
    Calculation,
    Condition,
    Dimension,
    Filter,
    Measure,
    Order,
    Plan,
    Subject,
    as_json,
    from_json,
)
from nlq.sql import guard
from tests.catalogs import CALENDAR, NAMES, SHOP


def drafted(text: str, previous: Plan | None = None) -> Draft:
    return draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR, previous)


def said(text: str) -> dict[str, Any]:
    """The plan of `text` as JSON, with labels for periods."""
    plan = as_json(drafted(text).plan)
    if "periods" in plan:
        plan["periods"] = [period["label"] for period in plan["periods"]]
    return plan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Revenue by region and month in 2026", {"by": ["region", "month"], "periods": ["2026"]}),
        ("Which team had the highest revenue last month?", {"by": ["team"], "order": "high", "top": 1}),
        ("worst support response time by team", {"by": ["team"], "order": "worst"}),
        ("top 3 regions by new customers", {"by": ["region"], "order": "high", "top": 3}),
        ("best region per quarter for conversion rate", {"within": ["quarter"], "top": 1, "order": "best"}),
        ("How did revenue develop over the last 12 months?", {"by": ["month"]}),
        ("Compare revenue in Q1 and Q2 2026", {"by": ["period"], "periods": ["Q1 2026", "Q2 2026"]}),
        ("difference in revenue between EMEA and APAC", {"calculation": "difference", "by": ["region"]}),
        ("percent change of revenue from Q1 2026 to Q2 2026", {"calculation": "percent_change"}),
        ("what share of revenue came from EMEA", {"calculation": "share", "by": ["region"]}),
        ("change in revenue from the previous month in 2026", {"calculation": "change_from_previous"}),
        ("which teams were above average in revenue", {"calculation": "above_average", "by": ["team"]}),
        ("running total of revenue by month", {"calculation": "running_total", "by": ["month"]}),
        ("4 week moving average of revenue", {"calculation": "moving_average", "window": 4, "by": ["week"]}),
        ("median response time by region", {"measure": "median", "by": ["region"]}),
        ("how many readings of revenue were over 500", {"subject": "readings", "count": True}),
        ("how many weeks had revenue above 1,000", {"by": ["week"], "count": True, "subject": "values"}),
        ("anomalies by severity", {"subject": "anomalies", "by": ["severity"]}),
        ("how many anomalies were there", {"subject": "anomalies", "count": True}),
        ("which teams are in the Sales department?", {"subject": "teams"}),
        ("how many regions do we have?", {"subject": "regions", "count": True}),
        ("what does customer acquisition cost mean?", {"subject": "kpis"}),
        ("revenue year over year for Q3 2026", {"periods": ["Q3 2025", "Q3 2026"], "by": ["period"]}),
    ],
)
def test_the_plan_says_what_was_asked(text: str, expected: dict[str, Any]) -> None:
    plan = said(text)
    assert {key: plan.get(key) for key in expected} == expected
    assert drafted(text).settled


def test_a_condition_on_a_number_reads_thousands_and_percent() -> None:
    assert drafted("regions with revenue above 1.5 million").plan.conditions == (
        Condition(">", Decimal("1500000.0")),
    )
    assert drafted("regions with a conversion rate of at least 3%").plan.conditions == (
        Condition(">=", Decimal(3)),
    )


def test_a_follow_up_keeps_what_it_does_not_say() -> None:
    first = drafted("Conversion rate in EMEA last quarter").plan
    second = drafted("and in APAC?", first).plan
    assert second.filters == (Filter(Dimension.REGION, ("APAC",)),)
    assert (second.kpis, second.periods) == (first.kpis, first.periods)
    third = drafted("by month?", second).plan
    assert (third.by, third.filters) == ((Dimension.MONTH,), second.filters)


def test_a_new_question_keeps_nothing_of_the_one_before() -> None:
    first = drafted("Conversion rate in EMEA last quarter").plan
    assert drafted("How many anomalies were there last month?", first).plan.filters == ()


@pytest.mark.parametrize("text", ["delete all anomalies", "please set revenue to 5", "Drop the teams"])
def test_a_wish_to_change_data_is_refused(text: str) -> None:
    assert drafted(text).refuse == "change"


def test_what_is_not_settled_is_left_to_choose() -> None:
    unknown = drafted("What is the weather tomorrow?")
    assert not unknown.settled
    assert set(unknown.kpis) == set(SHOP.by_name)
    assert drafted("what is the forecast of revenue for 2027").beyond


def test_the_interpretation_names_kpi_aggregation_filters_and_dates() -> None:
    plan = drafted("Conversion rate in EMEA last quarter").plan
    assert describe_plan(plan, SHOP) == (
        "Average of Sales conversion rate (%), region EMEA, Q3 2026 (1 July to 30 September 2026)."
    )


_NAMES = {
    Dimension.TEAM: ["Ecommerce", 'O\'Neill "Q"'],
    Dimension.REGION: ["EMEA", "APAC"],
    Dimension.SEVERITY: ["high"],
}
_DIMENSIONS: list[Dimension] = [d for d in Dimension if d not in {Dimension.PERIOD, Dimension.SEVERITY}]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan about numbers that the vocabulary can say."""
    subject = draw(st.sampled_from([Subject.VALUES, Subject.READINGS, Subject.ANOMALIES]))
    kpis = draw(st.lists(st.sampled_from(sorted(SHOP.by_name)), min_size=1, max_size=3, unique=True))
    by: list[Dimension] = draw(st.lists(st.sampled_from(_DIMENSIONS), max_size=3, unique=True))
    periods = tuple(
        unit(day, draw(st.sampled_from(list(Grain))))
        for day in draw(st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), max_size=2))
    )
    dims = [d for d in _NAMES if d is not Dimension.SEVERITY or subject is Subject.ANOMALIES]
    filters = tuple(
        Filter(dim, tuple(_NAMES[dim]), draw(st.booleans()))
        for dim in draw(st.lists(st.sampled_from(dims), max_size=2, unique=True))
    )
    if len(periods) == 2 and draw(st.booleans()):
        by.append(Dimension.PERIOD)
    units = st.sampled_from([None, *(dim for dim in _DIMENSIONS if dim.is_time)])
    number = Condition(
        draw(st.sampled_from([">", "<", ">=", "<=", "="])), Decimal("1.5"), draw(st.booleans())
    )
    return Plan(
        subject=subject,
        kpis=tuple(kpis),
        measure=draw(st.sampled_from(list(Measure))),
        filters=filters,
        periods=periods,
        by=tuple(by),
        calculation=draw(st.sampled_from(list(Calculation))),
        conditions=draw(st.sampled_from([(), (number,)])),
        order=draw(st.sampled_from(list(Order))),
        top=draw(st.sampled_from([None, 1, 5])),
        within=tuple(by[:1]) if len(by) > 1 and draw(st.booleans()) else (),
        each=draw(units) if Dimension.PERIOD not in by else None,
        window=draw(st.sampled_from([1, 3, 12])),
        skip=draw(st.sampled_from([0, 2])),
        count=draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(plans())
def test_every_plan_compiles_to_one_statement_that_the_guard_accepts(plan: Plan) -> None:
    checked = guard.check(compile_plan(plan, SHOP))
    assert set(checked.relations) <= {"nlq.kpi_values", "nlq.kpi_anomalies"}


_LISTED = {
    Subject.TEAMS: Dimension.DEPARTMENT,
    Subject.REGIONS: Dimension.COUNTRY,
    Subject.KPIS: Dimension.CATEGORY,
}


@settings(max_examples=50, deadline=None)
@given(plans(), st.sampled_from(sorted(_LISTED)), st.booleans())
def test_every_plan_about_names_compiles_to_such_a_statement_too(
    plan: Plan, subject: Subject, lists: bool
) -> None:
    filters = tuple(found for found in plan.filters if found.dimension is not Dimension.SEVERITY)
    by = (_LISTED[subject],) if lists else ()
    named = replace(plan, subject=subject, filters=filters, by=by, within=())
    checked = guard.check(compile_plan(named, SHOP))
    assert checked.relations[0] in {"public.teams", "public.regions", "public.kpi_definitions"}


@settings(max_examples=100, deadline=None)
@given(plans())
def test_a_plan_survives_the_way_through_the_history(plan: Plan) -> None:
    assert from_json(as_json(plan)) == plan
