"""Prints answers and lists in a terminal, as JSON and as CSV."""

import csv
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

_NUMERIC = {"number", "integer"}
_CALENDAR = ("year", "quarter", "month", "week", "day", "id")
_MOST_DECIMALS = 4


def print_json(value: Any) -> None:
    """Print `value` as JSON that people can read."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_csv(answer: dict[str, Any]) -> None:
    """Print the rows of an answer as CSV; where there is none, say why on standard error."""
    if answer["status"] != "answered":
        note(answer["text"])
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column["name"] for column in answer["columns"])
    writer.writerows(answer["rows"])


def print_answer(answer: dict[str, Any]) -> None:
    """Print sentence, table, warnings and how the question was read."""
    print(plain(answer["text"]))
    if answer["status"] == "clarify":
        for row in answer["rows"]:
            print(f"  - {plain(str(row[0]))}")
    elif answer["rows"]:
        _print_rows(answer)
    for warning in answer["warnings"]:
        print(f"Note: {plain(warning)}")
    if answer["interpretation"]:
        print(f"Read as: {plain(answer['interpretation'])}")


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()
) -> None:
    """Print a table; the columns with the numbers `right` are set flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for position, head in enumerate(heads):
        table.add_column(Text(plain(head)), justify="right" if position in right else "left")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def note(sentence: str) -> None:
    """Print a sentence on standard error, where it does not mix with results."""
    print(plain(sentence), file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """`text` without control characters, so that data cannot steer the terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(character) else character for character in text)


def _steers(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in {"Cc", "Cf"}


def _print_rows(answer: dict[str, Any]) -> None:
    columns = answer["columns"]
    right = frozenset(i for i, column in enumerate(columns) if column["type"] in _NUMERIC)
    rows = [
        [_cell(value, column["name"]) for value, column in zip(row, columns, strict=True)]
        for row in answer["rows"]
    ]
    print_table([column["name"].replace("_", " ") for column in columns], rows, right)
    if answer["truncated"]:
        print(f"Only the first {len(rows)} rows are shown; the result has more.")


def _cell(value: Any, column: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if column.lower().endswith(_CALENDAR):
        return str(value)
    return f"{round(value, _MOST_DECIMALS):,}"
