"""The rows of an answer as a CSV file (RFC 4180)."""

import csv
import io

from nlq.answer import Table, Value, json_value

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def content(table: Table) -> bytes:
    """The file: UTF-8 with a byte order mark, so that spreadsheets read it as such.

    Text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(column.name for column in table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return written.getvalue().encode("utf-8-sig", errors="replace")


def _cell(value: Value) -> str | int | float | bool | None:
    plain = json_value(value)
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(_FORMULA) else plain
