"""`generate_series` in FROM: allowed with constant arguments that give a bounded number of rows."""

import re
from datetime import date, datetime

from nlq.sql.allowed import MAX_SERIES_ROWS, SERIES_FUNCTION
from nlq.sql.tree import Node, kind, refuse, strings, unwrap, unwrapped

_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 28.0, "quarter": 89.0, "year": 365.0}
"""Fewest days in each unit, so that the number of rows is never guessed too low."""

_STEP = re.compile(r"\s*(\d{1,6})\s+(hour|day|week|month|year)s?\s*", re.IGNORECASE)


def check(sql: str, node: Node) -> tuple[str, float]:
    """The name of the function in the `RangeFunction` `node`, and the most rows that it gives.

    Raises:
        UnsafeSql: it is not a `generate_series` over constant numbers or dates, or gives too many rows.
    """
    call = unwrap(unwrap(node.functions[0]).items[0])
    name = strings(call.funcname) if kind(call) == "FuncCall" else []
    if name not in ([SERIES_FUNCTION], ["pg_catalog", SERIES_FUNCTION]):
        raise refuse(sql, call, f"Of functions only {SERIES_FUNCTION} may stand in FROM")
    rows = _rows(unwrapped(call.args))
    if rows is None:
        raise refuse(
            sql, call, f"{SERIES_FUNCTION} needs numbers or dates written out and a step like '1 day'"
        )
    if rows > MAX_SERIES_ROWS:
        raise refuse(sql, call, f"{SERIES_FUNCTION} gives more than {MAX_SERIES_ROWS} rows")
    return SERIES_FUNCTION, rows


def _rows(arguments: list[Node]) -> float | None:
    """An upper bound of the number of rows; None where the arguments do not tell."""
    if len(arguments) not in {2, 3}:
        return None
    numbers = [_integer(node) for node in arguments]
    start, stop, *step = numbers
    if start is not None and stop is not None and None not in step:
        return _length(start, stop, (step or [1])[0] or 0)
    first, last = _day(arguments[0]), _day(arguments[1])
    if first is None or last is None or len(arguments) == 2:
        return None
    days = _step_days(arguments[2])
    return None if days is None else _length(first.toordinal(), last.toordinal() + 1, days)


def _length(start: float, stop: float, step: float) -> float | None:
    return abs(stop - start) / abs(step) + 1 if step else None


def _integer(node: Node) -> int | None:
    if kind(node) == "A_Expr" and strings(node.name) == ["-"] and unwrap(node.lexpr) is None:
        value = _integer(unwrap(node.rexpr))
        return None if value is None else -value
    is_number = kind(node) == "A_Const" and node.WhichOneof("val") == "ival"
    return int(node.ival.ival) if is_number else None


def _text(node: Node, types: set[str]) -> str | None:
    """The text of a constant that is cast to one of `types`."""
    if kind(node) != "TypeCast" or strings(node.type_name.names)[-1] not in types:
        return None
    inside = unwrap(node.arg)
    if kind(inside) == "TypeCast":
        return _text(inside, types)
    is_text = kind(inside) == "A_Const" and inside.WhichOneof("val") == "sval"
    return str(inside.sval.sval) if is_text else None


def _day(node: Node) -> date | None:
    written = _text(node, {"date", "timestamp", "timestamptz"})
    try:
        return datetime.fromisoformat(written).date() if written else None
    except ValueError:
        return None


def _step_days(node: Node) -> float | None:
    found = _STEP.fullmatch(_text(node, {"interval"}) or "")
    return int(found[1]) * _DAYS[found[2].lower()] if found else None
