"""Charts: which one an answer gets, what it says, and that it can be drawn."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.answer import Column, Table, Value
from nlq.chart import chart, image, period_before
from nlq.chart.choose import as_kind
from nlq.chart.theme import THEMES
from nlq.period import Grain, Period, unit
from nlq.plan.model import Calculation, Dimension, Filter, Order, Plan, Subject
from tests.catalogs import SHOP, TODAY

REVENUE = Plan(kpis=("revenue",))
Q3 = unit(date(2026, 8, 1), Grain.QUARTER)


def table(columns: str, *rows: tuple[Value, ...]) -> Table:
    """A table from column names with types, as `region:text revenue:number`."""
    found = [part.split(":") for part in columns.split()]
    return Table(tuple(Column(name, kind) for name, kind in found), rows)


def drawn(plan: Plan | None, rows: Table, **more: Any) -> Mapping[str, Any]:
    spec = chart(plan, rows, SHOP, "What the answer says.", **more)
    assert spec is not None
    return spec


def kinds(spec: Mapping[str, Any]) -> list[str]:
    """The kind of a chart and the others that can be switched to."""
    meta = spec["usermeta"]["nlq"]
    return [meta["kind"], *meta["views"]]


def months(*values: int) -> list[tuple[str, Decimal]]:
    return [(f"2026-{month:02d}", Decimal(value)) for month, value in enumerate(values, start=1)]


REGIONS = table("region:text revenue:number", ("APAC", Decimal(2)), ("EMEA", Decimal(5)), ("LATAM", None))
BY_MONTH = table("month:text revenue:number", *months(10, 30, 20))
GRID = [(f"team {t}", f"region {r}", Decimal(t * r + 1)) for t in range(4) for r in range(3)]
SHAPES: dict[str, tuple[Plan | None, Table, list[str]]] = {
    "one number": (REVENUE, table("revenue:number", (Decimal("12.5"),)), ["number"]),
    "ranks": (replace(REVENUE, by=(Dimension.REGION,)), REGIONS, ["bars", "columns", "donut"]),
    "time": (replace(REVENUE, by=(Dimension.MONTH,)), BY_MONTH, ["line", "columns", "area"]),
    "time and one more, however they are ordered": (
        replace(REVENUE, by=(Dimension.REGION, Dimension.MONTH)),
        table(
            "region:text month:text revenue:number",
            *((region, month, value) for region in ("APAC", "EMEA") for month, value in months(1, 2, 3)),
        ),
        ["line", "columns", "area", "heat"],
    ),
    "few by few": (
        replace(REVENUE, by=(Dimension.TEAM, Dimension.REGION)),
        table("team:text region:text revenue:number", *GRID),
        ["bars", "columns", "heat"],
    ),
    "many by many": (
        replace(REVENUE, by=(Dimension.TEAM, Dimension.REGION)),
        table("team:text region:text revenue:number", *[(f"t{i}", f"r{i % 12}", i) for i in range(60)]),
        ["heat"],
    ),
    "two sides": (
        replace(
            REVENUE,
            by=(Dimension.TEAM, Dimension.PERIOD),
            periods=(Q3, unit(date(2026, 5, 1), Grain.QUARTER)),
            calculation=Calculation.DIFFERENCE,
        ),
        Table(
            tuple(
                Column(name, "number" if at else "text")
                for at, name in enumerate(("team", "Q2 2026", "Q3 2026", "difference", "percent_change"))
            ),
            (("Ecommerce", 1, 2, 1, 100), ("IT", 3, 2, -1, -33)),
        ),
        ["bars", "columns"],
    ),
    "KPIs with different units over time": (
        replace(REVENUE, kpis=("revenue", "open_tickets"), by=(Dimension.KPI, Dimension.MONTH)),
        table(
            "kpi:text month:text result:number",
            *((kpi, month, v) for kpi in ("revenue", "open_tickets") for month, v in months(1, 2, 3)),
        ),
        ["line", "columns"],
    ),
    "changes": (
        replace(REVENUE, by=(Dimension.MONTH,), calculation=Calculation.CHANGE),
        table(
            "month:text revenue:number change:number percent_change:number",
            ("2026-01", 1, 2, 3),
            ("2026-02", 1, -2, 3),
        ),
        ["columns", "bars"],
    ),
    "what a change is made of": (
        replace(REVENUE, periods=(Q3, Q3), calculation=Calculation.CONTRIBUTION),
        table(
            "dimension:text member:text before:number after:number change:number",
            ("team", "IT", 1, 2, 1),
            ("region", "EMEA", 1, 2, 1),
        ),
        ["bars", "columns"],
    ),
    "a model's SQL with one number for each name": (None, REGIONS, ["bars", "columns"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_chart_is_chosen_by_the_shape_of_the_answer(name: str) -> None:
    plan, rows, expected = SHAPES[name]
    assert kinds(drawn(plan, rows)) == expected


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHAPES)
def test_every_kind_of_chart_can_be_drawn(name: str, theme: str) -> None:
    plan, rows, expected = SHAPES[name]
    spec = drawn(plan, rows)
    for kind in expected:
        svg = image.svg(as_kind(spec, kind), theme)
        assert 'class="mark-' in svg
        assert str(THEMES[theme]["background"]) in svg


def test_a_chart_can_be_a_png_picture() -> None:
    assert image.png(drawn(*SHAPES["ranks"][:2])).startswith(b"\x89PNG")


def test_numbers_in_pictures_are_written_as_the_language_writes_them() -> None:
    spec = drawn(
        replace(REVENUE, by=(Dimension.REGION,)), table("region:text revenue:number", ("A", 1234), ("B", 5))
    )
    assert "1,234.00" in image.svg(spec)
    assert "1.234,00" in image.svg(spec, locale="de-DE")


NOTHING: dict[str, tuple[Plan, Table]] = {
    "no rows": (REVENUE, table("revenue:number")),
    "no value": (REVENUE, table("revenue:number", (None,))),
    "names": (Plan(Subject.TEAMS), table("team:text department:text", ("IT", "Operations"), ("HR", None))),
    "single readings": (
        Plan(Subject.READINGS, ("revenue",)),
        table(
            "timestamp:timestamp kpi:text team:text region:text value:number",
            (None, "revenue", "IT", "EMEA", 1),
        ),
    ),
    "KPIs with different units side by side": (
        replace(REVENUE, kpis=("revenue", "open_tickets"), by=(Dimension.KPI,)),
        table("kpi:text result:number", ("revenue", 1), ("open_tickets", 2)),
    ),
    "three dimensions": (
        replace(REVENUE, by=(Dimension.MONTH, Dimension.TEAM, Dimension.REGION)),
        table(
            "month:text team:text region:text revenue:number",
            ("2026-01", "IT", "EMEA", 1),
            ("2026-02", "IT", "EMEA", 1),
        ),
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_there_is_no_chart_where_none_helps(name: str) -> None:
    plan, rows = NOTHING[name]
    assert chart(plan, rows, SHOP, "") is None


def test_a_chart_says_what_it_shows_and_in_which_unit() -> None:
    plan = replace(
        REVENUE, by=(Dimension.MONTH,), periods=(Q3,), filters=(Filter(Dimension.REGION, ("EMEA",)),)
    )
    spec = drawn(plan, BY_MONTH)
    assert spec["title"] == {"text": "Revenue (USD) by month", "subtitle": "region EMEA, Q3 2026"}
    assert spec["description"] == "What the answer says."
    assert spec["encoding"]["y"]["title"] == "Revenue (USD)"


def test_ranks_are_drawn_by_size_unless_their_order_says_something() -> None:
    plan = replace(REVENUE, by=(Dimension.REGION,))
    named = drawn(plan, REGIONS)["data"]["values"]
    assert [row["d0"] for row in named] == ["EMEA", "APAC", "LATAM"]
    lowest = drawn(replace(plan, order=Order.LOW), REGIONS)["data"]["values"]
    assert [row["d0"] for row in lowest] == ["APAC", "EMEA", "LATAM"]


def test_many_ranks_are_cut_and_say_so() -> None:
    rows = table("team:text revenue:number", *((f"team {i}", i) for i in range(80)))
    spec = drawn(replace(REVENUE, by=(Dimension.TEAM,)), rows)
    assert len(spec["data"]["values"]) == 30
    assert spec["title"]["subtitle"] == "the first 30 of 80"


def said(spec: Mapping[str, Any]) -> Any:
    return spec["usermeta"]["nlq"]["number"]


def test_one_number_is_set_against_the_period_before_with_what_is_good() -> None:
    plan = replace(REVENUE, kpis=("support_response_time",), periods=(Q3,))
    rows = table("support_response_time:number", (Decimal("33.1"),))
    change = said(drawn(plan, rows, before=("Q2 2026", Decimal("41.4"))))["change"]
    assert change == {
        "difference": "-8.30 minutes",
        "percent": "-20.0%",
        "against": "Q2 2026",
        "direction": "down",
        "good": True,
    }
    assert "33.10 minutes" in json.dumps(drawn(plan, rows))


def test_a_zero_before_has_no_percent_and_an_empty_one_no_change() -> None:
    rows = table("revenue:number", (Decimal(5),))
    assert said(drawn(REVENUE, rows, before=("Q2", Decimal(0))))["change"]["percent"] is None
    assert said(drawn(REVENUE, rows, before=("Q2", None)))["change"] is None


def test_the_winner_of_a_ranking_is_named_with_its_number() -> None:
    plan = replace(REVENUE, by=(Dimension.TEAM,), order=Order.HIGH, top=1)
    found = said(drawn(plan, table("team:text revenue:number", ("Ecommerce", Decimal(7)))))
    assert (found["label"], found["text"]) == ("Ecommerce", "7.00 USD")


NOVEMBER = unit(date(2026, 11, 1), Grain.MONTH)
INCOMPARABLE = {
    "a period that is not over": replace(REVENUE, periods=(NOVEMBER,)),
    "all time": REVENUE,
    "some days": replace(REVENUE, periods=(Period(date(2026, 1, 1), date(2026, 2, 9), "some days"),)),
    "a table": replace(REVENUE, periods=(Q3,), by=(Dimension.TEAM,)),
    "two periods": replace(REVENUE, periods=(Q3, NOVEMBER)),
    "a calculation": replace(REVENUE, periods=(Q3,), calculation=Calculation.SHARE),
    "anomalies": Plan(Subject.ANOMALIES, ("revenue",), periods=(Q3,), count=True),
}


def test_the_period_before_is_asked_in_the_same_way() -> None:
    plan = replace(REVENUE, periods=(Q3,), filters=(Filter(Dimension.REGION, ("EMEA",)),))
    before = period_before(plan, TODAY)
    assert before == replace(plan, periods=(unit(date(2026, 5, 1), Grain.QUARTER),))


@pytest.mark.parametrize("name", INCOMPARABLE)
def test_what_has_no_period_before_is_compared_with_none(name: str) -> None:
    assert period_before(INCOMPARABLE[name], TODAY) is None


NAMES = st.text(min_size=1, max_size=12)
NUMBERS: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.decimals(allow_nan=True, allow_infinity=False, places=2), st.integers(-(10**12), 10**12)
)


@given(rows=st.lists(st.tuples(NAMES, NUMBERS), max_size=50), time=st.booleans())
def test_any_rows_make_a_chart_of_plain_json_or_none(rows: Sequence[tuple[str, Value]], time: bool) -> None:
    dim = Dimension.QUARTER if time else Dimension.TEAM
    plan = replace(REVENUE, by=(dim,))
    spec = chart(plan, table(f"{dim.value}:text revenue:number", *rows), SHOP, "")
    written = json.dumps(spec, allow_nan=False)
    assert re.search(r'"(mark|layer)"', written) or spec is None
