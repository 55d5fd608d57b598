"""Execution accuracy: whether the rows of an answer hold the rows of the SQL by hand. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

TIME_COLUMNS = frozenset({"year", "quarter", "month", "week", "day", "timestamp", "detected_at"})
"""Columns that are left out: there are many ways to write a moment, and the values beside tell enough."""
UNSIGNED = frozenset({"difference", "change_without_sign"})
_RELATIVE = 1e-3
"""How far numbers may lie apart, as a part of the one by hand."""
_FEWEST_DECIMALS = 2
"""A rounding to these or more digits after the point counts as the same number."""


@dataclass(frozen=True)
class Result:
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def matches(gold: Result, answer: Result, *, ordered: bool = False) -> bool:
    """Whether `answer` holds the rows of `gold` and no others, in any layout.

    Additional columns are allowed; rows with an empty text cell that only a grouping makes are left out.
    """
    wanted = _without_time(gold)
    layouts = [(wanted, answer), *((wanted, long) for long in _long(answer))]
    layouts += [(long, answer) for long in _long(wanted)]
    return any(_holds(one, other, ordered=ordered) for one, other in layouts)


def difference(gold: Result, answer: Result, most: int = 3) -> str:
    """What is missing and what is too much, for a person to read."""
    return (
        f"{len(gold.rows)} rows expected, {len(answer.rows)} given; expected "
        f"{[_shown(row) for row in gold.rows[:most]]}, given {[_shown(row) for row in answer.rows[:most]]}"
    )


def _without_time(result: Result) -> Result:
    kept = [i for i, name in enumerate(result.columns) if name not in TIME_COLUMNS]
    if not kept:
        return result
    rows = tuple(tuple(row[i] for i in kept) for row in result.rows)
    return Result(tuple(result.columns[i] for i in kept), rows)


def _long(result: Result) -> Iterator[Result]:
    """A result with several numbers in a row as one with a row for each number."""
    numbers = [i for i in range(len(result.columns)) if _is_number_column(result, i)]
    texts = [i for i in range(len(result.columns)) if i not in numbers]
    for count in range(2, len(numbers) + 1):
        rows = [(*(row[t] for t in texts), row[n]) for row in result.rows for n in numbers[:count]]
        yield Result((*(result.columns[t] for t in texts), "value"), tuple(rows))


def _is_number_column(result: Result, index: int) -> bool:
    return any(_number(row[index]) for row in result.rows) and all(
        row[index] is None or _number(row[index]) for row in result.rows
    )


def _holds(gold: Result, answer: Result, *, ordered: bool) -> bool:
    wanted = _placed(gold.rows)
    if not wanted:
        return not answer.rows
    for chosen in _layouts(gold, wanted[0], answer):
        picked = [tuple(row[i] for i in chosen) for row in answer.rows]
        if _same_rows(gold, wanted, _placed(picked), ordered=ordered):
            return True
    return False


def _layouts(gold: Result, first: tuple[Any, ...], answer: Result) -> Iterator[tuple[int, ...]]:
    """The columns of `answer` that may stand for those of `gold`: each holds the cell of its first row."""
    candidates = [
        [i for i in range(len(answer.columns)) if any(_same(cell, row[i], no_sign) for row in answer.rows)]
        for cell, no_sign in zip(first, _unsigned(gold), strict=True)
    ]
    return (chosen for chosen in product(*candidates) if len(set(chosen)) == len(chosen))


def _unsigned(gold: Result) -> list[bool]:
    return [name in UNSIGNED for name in gold.columns]


def _placed(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows without those of a group that has no name, unless there is nothing else."""
    named = [row for row in rows if not (len(row) > 1 and any(cell is None for cell in row[:-1]))]
    return named or list(rows)


def _same_rows(
    gold: Result, wanted: list[tuple[Any, ...]], given: list[tuple[Any, ...]], *, ordered: bool
) -> bool:
    if len(wanted) != len(given):
        return False
    unsigned = _unsigned(gold)
    if ordered:
        return all(_same_row(w, g, unsigned) for w, g in zip(wanted, given, strict=True))
    left = list(given)
    for row in wanted:
        found = next((i for i, other in enumerate(left) if _same_row(row, other, unsigned)), None)
        if found is None:
            return False
        del left[found]
    return True


def _same_row(wanted: tuple[Any, ...], given: tuple[Any, ...], unsigned: list[bool]) -> bool:
    return all(_same(w, g, no_sign) for w, g, no_sign in zip(wanted, given, unsigned, strict=True))


def _same(wanted: Any, given: Any, no_sign: bool) -> bool:
    if wanted is None or given is None:
        return wanted is given
    if _number(wanted) and _number(given):
        one, other = float(wanted), float(given)
        if no_sign:
            one, other = abs(one), abs(other)
        return abs(one - other) <= max(_rounding(wanted, given), _RELATIVE * abs(one))
    if _number(wanted) or _number(given):
        return False
    return _text(wanted) == _text(given)


def _rounding(*numbers: int | float | Decimal) -> float:
    """How far the coarser rounding of the two may have moved a number."""
    written = (Decimal(str(number)).as_tuple().exponent for number in numbers)
    decimals = min(-exponent if isinstance(exponent, int) else 0 for exponent in written)
    return float(0.6 * 10 ** -max(decimals, _FEWEST_DECIMALS))


def _number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value).strip().casefold()


def _shown(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(round(float(c), 4) if _number(c) else _text(c) if c is not None else None for c in row)
