"""Prints answers and lists in a terminal, as JSON and as CSV."""

import csv
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from nlq import cells
from nlq.answer import Answer, Status, Table

_WIDE = 100_000
"""Columns of a line that is read by a program or a pager, not cut to fit a window."""


def print_json(value: Any) -> None:
    """Print `value` as JSON that people can read; moments as ISO 8601."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_json_default)
    print("".join(json.dumps(character)[1:-1] if _steers(character) else character for character in text))


def print_csv(answer: Answer) -> None:
    """Print the rows of an answer as CSV; where there is none, say why on standard error."""
    if answer.status is not Status.ANSWERED or answer.table is None:
        note(answer.text)
        return
    from nlq.export import csv_cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in (tuple(column.name for column in answer.table.columns), *answer.table.rows):
        written = (csv_cell(value) for value in row)
        writer.writerow([_shown(cell) if isinstance(cell, str) else cell for cell in written])


def print_answer(answer: Answer, with_sql: bool = False) -> None:
    """Print sentence, table, warnings and how the question was read; on demand the SQL."""
    print(plain(answer.text))
    if answer.choices:
        print("Ask again as one of these:")
        for choice in answer.choices:
            print(f"  - {plain(choice.question)}")
    elif answer.table and answer.table.rows:
        _print_rows(answer.table)
    for warning in answer.warnings:
        print(f"Note: {plain(warning)}")
    if answer.interpretation:
        print(f"Read as: {plain(answer.interpretation)}")
    if with_sql and answer.sql:
        print(f"\n{plain(answer.sql)}")


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()
) -> None:
    """Print a table as wide as the terminal allows; the columns with the numbers `right` are flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, header_style="bold")
    for position, head in enumerate(heads):
        table.add_column(Text(plain(head)), justify="right" if position in right else "left")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def working(sentence: str) -> AbstractContextManager[object]:
    """Show on a terminal that something is being done; elsewhere nothing."""
    from rich.console import Console

    return Console(stderr=True).status(sentence)


def note(sentence: str) -> None:
    """Print a sentence on standard error, where it does not mix with results."""
    print(plain(sentence), file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """`text` without control characters, so that data cannot steer the terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(character) else character for character in text)


def _shown(text: str) -> str:
    """`text` for a terminal; as it is where something else reads it."""
    return plain(text) if sys.stdout.isatty() else text


def _steers(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in {"Cc", "Cf"}


def _json_default(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print_rows(table: Table) -> None:
    heads = [column.name.replace("_", " ") for column in table.columns]
    right = frozenset(i for i, column in enumerate(table.columns) if cells.is_numeric(column))
    print_table(heads, cells.written(table), right)
    if table.truncated:
        print(f"Only the first {len(table.rows)} rows are shown; the result has more.")
