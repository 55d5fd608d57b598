"""Cells of a result and SQL as people read them: units, decimals, languages; markup that only marks up."""

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from nlq.answer import Column, Table
from nlq.overview import points
from nlq.plan.model import Calculation, Dimension, Plan
from nlq.web import highlight
from nlq.web.cells import Grid, grid
from tests.catalogs import SHOP

REVENUE = Plan(kpis=("revenue",), by=(Dimension.REGION,))


def table(*columns: tuple[str, str], rows: tuple[tuple[object, ...], ...]) -> Table:
    return Table(tuple(Column(*column) for column in columns), rows)  # type: ignore[arg-type]


def texts(found: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in found.rows]


def test_a_kpi_has_its_label_unit_and_decimals_in_the_reader_s_language() -> None:
    rows = table(
        ("region", "text"), ("revenue", "number"), rows=(("EMEA", Decimal("1234.5")), ("APAC", None))
    )
    english = grid(rows, REVENUE, SHOP, "en")
    assert [head.name for head in english.heads] == ["Region", "Revenue (USD)"]
    assert texts(english) == [["EMEA", "1,234.50"], ["APAC", "\u2013"]]
    assert [cell.value for cell in english.rows[0]] == ["EMEA", "1234.5"]
    german = grid(rows, REVENUE, SHOP, "de", {"region": "Gebiet"})
    assert german.heads[0].name == "Gebiet"
    assert texts(german)[0] == ["EMEA", "1.234,50"]


def test_what_is_worked_out_has_the_unit_of_its_kpi_or_one_of_its_own() -> None:
    plan = replace(REVENUE, calculation=Calculation.DIFFERENCE)
    columns = [("region", "text"), ("Q2", "number"), ("difference", "number"), ("percent_change", "number")]
    found = grid(table(*columns, rows=(("EMEA", 1, 2, Decimal("33.333")),)), plan, SHOP, "en")
    assert [head.name for head in found.heads] == ["Region", "Q2 (USD)", "Difference (USD)", "Change (%)"]
    assert texts(found) == [["EMEA", "1.00", "2.00", "33.3"]]


def test_years_moments_and_numbers_of_other_sql_are_written_for_people() -> None:
    columns = (("year", "integer"), ("n", "number"), ("day", "date"), ("seen", "timestamp"), ("kpi", "text"))
    row = (2026, Decimal("1234567.5"), date(2026, 3, 1), datetime(2026, 11, 9, 14), "revenue")
    other = (2025, Decimal("12.25"), None, datetime(2026, 11, 9), "unknown")
    assert texts(grid(table(*columns, rows=(row, other)), None, SHOP, "en")) == [
        ["2026", "1,234,567.50", "2026-03-01", "2026-11-09 14:00", "Revenue"],
        ["2025", "12.25", "\u2013", "2026-11-09", "unknown"],
    ]


@given(st.text())
def test_highlighting_changes_nothing_and_lets_no_markup_through(text: str) -> None:
    without = re.sub(r'<span class="[skn]">|</span>', "", str(highlight.sql(text)))
    assert without == str(escape(text))


def test_keywords_texts_and_numbers_are_told_apart() -> None:
    found = re.findall(r'<span class="(\w)">([^<]*)</span>', str(highlight.sql("SELECT 'it''s', \"AS\", 12")))
    assert found == [("k", "SELECT"), ("s", "&#39;it&#39;&#39;s&#39;"), ("n", "12")]


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20))
def test_a_sparkline_stays_within_its_frame(values: list[Decimal]) -> None:
    for point in points(values, 160, 32).split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 160
        assert 0 <= y <= 32
