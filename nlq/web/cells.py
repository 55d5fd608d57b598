"""The cells of a result as people read them in their language: units, decimals, dates. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from babel.numbers import format_decimal

from nlq.answer import Column, Table, Value, json_value
from nlq.catalog import Catalog, Kpi
from nlq.chart.shape import heading, is_number
from nlq.plan.model import Calculation, Dimension, Plan, Subject
from nlq.plan.words import kind_words, period_words
from nlq.words import N_, gettext, speaking

_UNGROUPED = {"year", "quarter", "month", "week", "day", "fiscal_year", "iso_year", "id"}
_PERCENT = {
    "share_percent": N_("Share (%)"),
    "percent_change": N_("Change (%)"),
    "ratio_percent": N_("Ratio (%)"),
}
_OF_THE_KPI = {"change", "difference", "running_total", "moving_average", "average", "before", "after"}
_PLAIN = {"ratio": 2, "correlation": 2}
_LONG = 32
"""Characters from which on a cell may have several lines."""
_MOST_DECIMALS = 2


@dataclass(frozen=True)
class Head:
    """A column: what it is called, with its unit, and whether it holds numbers."""

    name: str
    numeric: bool


@dataclass(frozen=True)
class Cell:
    """What a person reads, and by what a program sorts."""

    text: str
    value: str
    long: bool = False


@dataclass(frozen=True)
class Grid:
    """A result for people."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]


def grid(
    table: Table,
    plan: Plan | None,
    catalog: Catalog,
    locale: str,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Grid:
    """`table`, the result of `plan` (None: of other SQL), as people read it in `locale`.

    `names` says what columns are called there; others are called after themselves.
    """
    kpi = _kpi(plan, catalog)
    with speaking(locale):
        columns = [_column(column, plan, kpi, catalog) for column in table.columns]
        writers = []
        for at, (column, (_, digits)) in enumerate(zip(table.columns, columns, strict=True)):
            values = [row[at] for row in table.rows]
            writers.append(_writer(column, values, digits, catalog, locale))
        rows = tuple(
            tuple(_cell(value, write(value)) for value, write in zip(row, writers, strict=True))
            for row in table.rows
        )
    heads = zip(table.columns, columns, strict=True)
    return Grid(tuple(Head(names.get(c.name, head.name), head.numeric) for c, (head, _) in heads), rows)


def _kpi(plan: Plan | None, catalog: Catalog) -> Kpi | None:
    """The KPI whose unit and decimals the numbers of the result have, if it is one."""
    if plan is None or plan.subject is not Subject.VALUES or len(plan.kpis) != 1 or plan.count:
        return None
    return catalog.by_name.get(plan.kpis[0])


def _column(column: Column, plan: Plan | None, kpi: Kpi | None, catalog: Catalog) -> tuple[Head, int | None]:
    """The head of a column, and how many decimals its numbers have, where that is known."""
    numeric = column.type in {"number", "integer"}
    named = catalog.by_name.get(column.name)
    if named and numeric:
        return Head(_with_unit(named.label, named.unit), True), named.decimals
    if column.name in _PERCENT:
        return Head(gettext(_PERCENT[column.name]), True), 1
    if column.name in _PLAIN:
        return Head(heading(column.name), True), _PLAIN[column.name]
    side = plan is not None and plan.calculation in {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
    if kpi and numeric and (column.name in _OF_THE_KPI or (side and column.name not in set(Dimension))):
        return Head(_with_unit(heading(column.name), kpi.unit), True), kpi.decimals
    return Head(heading(column.name), numeric), None


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit and unit.lower() not in label.lower() else label


def _writer(
    column: Column, values: Sequence[Value], digits: int | None, catalog: Catalog, locale: str
) -> Callable[[Value], str]:
    places = digits if digits is not None else _decimals(values)
    grouped = column.name not in _UNGROUPED
    pattern = f"{'#,##0' if grouped else '0'}{'.' + '0' * places if places else ''}"

    def write(value: Value) -> str:
        if value is None:
            return "\N{EN DASH}"
        if is_number(value):
            return format_decimal(value, pattern, locale)
        if column.name == "kpi" and value in catalog.by_name:
            return catalog.by_name[str(value)].label
        if column.name == "dimension":
            return kind_words(value)
        if column.name == Dimension.PERIOD:
            return period_words(str(value))
        if isinstance(value, datetime):
            return value.isoformat(" ", "minutes").removesuffix(" 00:00")
        return value.isoformat() if isinstance(value, date) else str(value)

    return write


def _decimals(values: Sequence[Value]) -> int:
    """As many decimals as the number with most of them has, two at most."""
    numbers = [Decimal(str(value)) for value in values if is_number(value)]
    small = bool(numbers) and all(abs(number) < 1 for number in numbers)
    most = 2 * _MOST_DECIMALS if small else _MOST_DECIMALS
    return max((len(f"{number:.{most}f}".partition(".")[2].rstrip("0")) for number in numbers), default=0)


def _cell(value: Value, text: str) -> Cell:
    plain = json_value(value)
    return Cell(text, "" if plain is None else str(plain), len(text) > _LONG)
