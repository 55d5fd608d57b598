"""Results as files for spreadsheets: CSV and XLSX, in which no cell can become a formula. Pure."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

import xlsxwriter

from nlq.answer import Table, Value, json_value
from nlq.chart.shape import is_number

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these a spreadsheet takes the text of a CSV file for a formula (OWASP, CSV Injection)."""
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Lets spreadsheets read CSV as UTF-8."""
_WIDEST = 60


def as_csv(table: Table) -> str:
    """`table` as CSV (RFC 4180) with its columns' names as the first line; numbers unrounded."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([harmless(column.name) for column in table.columns])
    writer.writerows([csv_cell(value) for value in row] for row in table.rows)
    return _BOM + out.getvalue()


def as_xlsx(table: Table, heads: Sequence[str], notes: Sequence[tuple[str, str]] = ()) -> bytes:
    """`table` as a workbook: the result, and a sheet that says where it comes from.

    Args:
        table: the result; numbers and dates stay what they are.
        heads: what its columns are called.
        notes: names and texts for the second sheet, such as the question and its SQL.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        dates = book.add_format({"num_format": "yyyy-mm-dd"})
        moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet("Result")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, heads, bold)
        for at, head in enumerate(heads):
            longest = max((len(str(row[at])) for row in table.rows[:200]), default=0)
            sheet.set_column(at, at, min(max(len(head), longest) + 2, _WIDEST))
        for line, row in enumerate(table.rows, start=1):
            for at, value in enumerate(row):
                _write(sheet, line, at, value, dates, moments)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), max(len(heads) - 1, 0))
        about = book.add_worksheet("About")
        about.set_column(0, 0, 18, bold)
        about.set_column(1, 1, 100, book.add_format({"text_wrap": True}))
        for line, note in enumerate(notes):
            about.write_row(line, 0, note)
    return out.getvalue()


def _write(
    sheet: "xlsxwriter.workbook.Worksheet", line: int, at: int, value: Value, *formats: object
) -> None:
    dates, moments = formats
    if isinstance(value, datetime):
        sheet.write_datetime(line, at, value.replace(tzinfo=None), moments)
    elif isinstance(value, date):
        sheet.write_datetime(line, at, datetime(value.year, value.month, value.day), dates)
    elif is_number(value):
        sheet.write_number(line, at, json_value(value))
    elif isinstance(value, bool):
        sheet.write_boolean(line, at, value)
    elif value is not None:
        sheet.write_string(line, at, str(value))


def csv_cell(value: Value) -> object:
    """`value` for a cell of a CSV file: numbers as they are, no text a formula."""
    return harmless(value) if isinstance(value, str) else json_value(value)


def harmless(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_FORMULA) else text
