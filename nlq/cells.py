"""The values of a result as people read them, in the way of the page's `format.js`."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeGuard

from nlq.answer import Column, Table, Value

Number = int | float | Decimal

_UNGROUPED = re.compile(r"((fiscal|iso)_)?(year|quarter|month|week|day)|(.*_)?id", re.IGNORECASE)
_MOST_DECIMALS = 2
_MOST_DECIMALS_OF_SMALL = 4


def is_numeric(column: Column) -> bool:
    """Whether the values of `column` are numbers."""
    return column.type in {"number", "integer"}


def written(table: Table) -> list[list[str]]:
    """The rows of `table` as text; the numbers of a column have equally many decimals."""
    writers = [
        _writer(column, [row[position] for row in table.rows])
        for position, column in enumerate(table.columns)
    ]
    return [[write(value) for write, value in zip(writers, row, strict=True)] for row in table.rows]


def _writer(column: Column, values: Sequence[Value]) -> Callable[[Value], str]:
    numbers = [value for value in values if _is_number(value)]
    digits = _decimals(numbers)
    grouping = "" if _UNGROUPED.fullmatch(column.name) else ","

    def write(value: Value) -> str:
        if value is None:
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return _moment(value)
        return f"{value:{grouping}.{digits}f}" if _is_number(value) else str(value)

    return write


def _moment(value: datetime) -> str:
    """A moment without what is zero: `2026-11-09 14:00`."""
    return re.sub(r"(:\d\d):00(?=$|[+-])", r"\1", str(value)).removesuffix(" 00:00")


def _is_number(value: Value) -> TypeGuard[Number]:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _decimals(numbers: Sequence[Number]) -> int:
    small = bool(numbers) and all(-1 < number < 1 for number in numbers)
    most = _MOST_DECIMALS_OF_SMALL if small else _MOST_DECIMALS
    return max((len(_fraction(f"{number:.{most}f}")) for number in numbers), default=0)


def _fraction(number: str) -> str:
    """The digits after the point, without the zeros at the end."""
    return number.partition(".")[2].rstrip("0")
