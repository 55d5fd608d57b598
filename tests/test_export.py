"""Files for spreadsheets: numbers stay numbers, and nothing in them is a formula."""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.answer import Column, Table
from nlq.export import as_csv, as_xlsx

ROWS = (("EMEA", Decimal("1.50"), date(2026, 3, 1), datetime(2026, 3, 1, 9, 30), True, None),)
COLUMNS = tuple(
    Column(name, kind)
    for name, kind in (
        *(("region", "text"), ("revenue", "number"), ("day", "date")),
        *(("seen", "timestamp"), ("ok", "boolean"), ("note", "text")),
    )
)
FORMULA = '=HYPERLINK("http://evil.example","x")'


def sheet(content: bytes, name: str = "sheet1") -> str:
    return zipfile.ZipFile(io.BytesIO(content)).read(f"xl/worksheets/{name}.xml").decode()


def test_csv_has_the_values_as_they_are() -> None:
    lines = list(csv.reader(io.StringIO(as_csv(Table(COLUMNS, ROWS)).lstrip("\ufeff"))))
    assert lines == [
        ["region", "revenue", "day", "seen", "ok", "note"],
        ["EMEA", "1.5", "2026-03-01", "2026-03-01T09:30:00", "True", ""],
    ]


@pytest.mark.parametrize("start", "=+-@\t\r\n")
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(start: str) -> None:
    table = Table((Column(f"{start}a", "text"),), ((f"{start}1+1",), (Decimal(-5),)))
    lines = list(csv.reader(io.StringIO(as_csv(table).lstrip("\ufeff"), newline="")))
    assert lines == [[f"'{start}a"], [f"'{start}1+1"], ["-5"]]


def test_a_workbook_holds_numbers_dates_and_texts_and_no_formula() -> None:
    rows = (*ROWS, (FORMULA, Decimal(2), None, None, None, "http://x.example"))
    content = as_xlsx(Table(COLUMNS, rows), [column.name for column in COLUMNS], [("SQL", FORMULA)])
    for name in ("sheet1", "sheet2"):
        assert "<f>" not in sheet(content, name)
        assert "<hyperlink" not in sheet(content, name)
    assert "<v>1.5</v>" in sheet(content)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_any_texts_make_a_csv_without_formulas(rows: list[list[str]]) -> None:
    table = Table((Column("a", "text"), Column("b", "text")), tuple(map(tuple, rows)))
    read = list(csv.reader(io.StringIO(as_csv(table).lstrip("\ufeff"), newline="")))
    assert len(read) == len(rows) + 1
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for line in read for cell in line)


@given(st.lists(st.tuples(st.text(), st.decimals(allow_nan=True)), max_size=3))
def test_any_rows_make_a_workbook(rows: list[tuple[str, Decimal]]) -> None:
    content = as_xlsx(Table((Column("a", "text"), Column("b", "number")), tuple(rows)), ["a", "b"])
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
