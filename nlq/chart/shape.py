"""The shape of an answer: which columns are its dimensions, which its numbers, and what they are called."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeGuard

from nlq.answer import Column, Table, Value
from nlq.catalog import Catalog, Kpi
from nlq.plan import expressions
from nlq.plan.describe import describe_filter
from nlq.plan.model import Calculation, Dimension, Measure, Plan, Subject
from nlq.plan.words import named, period_words
from nlq.words import ENGLISH, N_, all_of, gettext, language

_COMPARED = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
_CALCULATED = {
    Calculation.SHARE: ("share_percent", N_("Share (%)"), 1),
    Calculation.PERCENT_FROM_PREVIOUS: ("percent_change", N_("Change (%)"), 1),
    Calculation.RATIO: ("ratio", N_("Ratio"), 2),
    Calculation.PERCENT_RATIO: ("ratio_percent", N_("Ratio (%)"), 1),
    Calculation.CORRELATION: ("correlation", N_("Correlation"), 2),
}
"""Calculations whose result has a unit of its own: its column, title and decimals."""
_IN_UNIT = {
    Calculation.CHANGE: "change",
    Calculation.CONTRIBUTION: "change",
    Calculation.RUNNING_TOTAL: "running_total",
}
"""Calculations whose result has the unit of the KPI."""
_HEADS = {
    *(N_("change"), N_("difference"), N_("running total"), N_("moving average"), N_("average"), N_("before")),
    *(N_("after"), N_("dimension"), N_("member"), N_("value"), N_("result"), N_("readings"), N_("anomalies")),
    *(N_("teams"), N_("departments"), N_("regions"), N_("countries"), N_("categories"), N_("description")),
}
"""Columns besides dimensions whose names are words of ours."""
_NAMED = {"dimension", "member", *Dimension}
_FREE_DECIMALS = 2


@dataclass(frozen=True)
class Dim:
    """A column whose values the numbers are grouped by; `unit` is the calendar unit, if it is one."""

    at: int
    title: str
    unit: Dimension | None = None
    kind: int | None = None
    """The column that says what kind of thing is named: a team, a region."""


@dataclass(frozen=True)
class Number:
    """A column of numbers. `fixed` says that all have exactly `decimals` digits after the point."""

    at: int
    title: str
    decimals: int = _FREE_DECIMALS
    fixed: bool = True

    @property
    def format(self) -> str:
        """How d3 writes such a number."""
        return f",.{self.decimals}f" if self.fixed else f",.{self.decimals}~f"


@dataclass(frozen=True)
class Shape:
    """What a chart is made of. Several numbers of one row are set side by side and have one unit."""

    dims: tuple[Dim, ...]
    numbers: tuple[Number, ...]
    title: str
    subtitle: str = ""
    kpi: Kpi | None = None
    """The KPI whose unit the numbers have, where it is one."""
    mixed: bool = False
    """The rows are numbers of KPIs with different units."""
    ranked: bool = False
    """The order of the rows says something."""
    adds_up: bool = False
    """The numbers are parts of a whole."""
    changes: bool = False
    """The numbers are changes from one to the next."""


def shape(plan: Plan | None, table: Table, catalog: Catalog) -> Shape | None:
    """The shape of `table`, the result of `plan` (None: of SQL that a model wrote); None if it has none."""
    dims = _dims(table.columns, plan)
    if plan is None:
        return _of_columns(dims, table)
    first = len(dims)
    dims = _in_order(dims, plan)
    if plan.subject is Subject.READINGS and not (plan.by or plan.count):
        return None
    numbers = _numbers(plan, table.columns, first, catalog)
    if not numbers:
        return None
    kpi = _kpi(plan, catalog)
    return Shape(
        dims=dims,
        numbers=numbers,
        title=_title(plan, dims, numbers, catalog),
        subtitle=_subtitle(plan),
        kpi=kpi,
        mixed=len({catalog.by_name[name].unit for name in plan.kpis}) > 1 and len(dims) > 0,
        ranked=plan.order != "name" or Dimension.PERIOD in plan.by,
        adds_up=_adds_up(plan, kpi),
        changes=plan.calculation in {Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS},
    )


def is_number(value: Value) -> TypeGuard[int | float | Decimal]:
    """Whether a cell can be drawn."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _dims(columns: Sequence[Column], plan: Plan | None) -> tuple[Dim, ...]:
    """The columns in front that name something."""
    found = []
    for at, column in enumerate(columns):
        names = column.name in _NAMED and (plan is None or column.name in {*plan.by, "dimension", "member"})
        if not names and (plan is not None or column.type in {"number", "integer"}):
            break
        is_time = column.name in set(Dimension) and Dimension(column.name).is_time
        unit = Dimension(column.name) if is_time else _dated(column)
        found.append(Dim(at, heading(column.name), unit))
    return tuple(found)


def _in_order(dims: tuple[Dim, ...], plan: Plan) -> tuple[Dim, ...]:
    """The dimensions as they are drawn: time first; the members of an explanation as one dimension."""
    if plan.calculation is Calculation.CONTRIBUTION and len(dims) == 2:
        return (Dim(dims[1].at, dims[1].title, kind=dims[0].at),)
    return tuple(sorted(dims, key=lambda dim: dim.unit is None))


def _dated(column: Column) -> Dimension | None:
    return Dimension.DAY if column.type == "date" else None


def _numbers(plan: Plan, columns: Sequence[Column], first: int, catalog: Catalog) -> tuple[Number, ...]:
    names = [column.name for column in columns]
    if plan.calculation in _CALCULATED:
        name, title, decimals = _CALCULATED[plan.calculation]
        return (Number(names.index(name), gettext(title), decimals),) if name in names else ()
    kpi = _kpi(plan, catalog)
    title, decimals = _measured(plan, kpi)
    if plan.calculation in _COMPARED and "percent_change" in names:
        return tuple(Number(at, heading(names[at]), decimals) for at in (first, first + 1))
    if plan.calculation in _IN_UNIT and (name := _IN_UNIT[plan.calculation]) in names:
        return (Number(names.index(name), _of(heading(name), title), decimals),)
    numeric = [at for at in range(first, len(columns)) if columns[at].type in {"number", "integer"}]
    if plan.calculation is Calculation.MOVING_AVERAGE:
        return tuple(Number(at, heading(names[at]), decimals) for at in numeric)
    return (Number(numeric[0], title, decimals, fixed=kpi is not None),) if numeric else ()


def _measured(plan: Plan, kpi: Kpi | None) -> tuple[str, int]:
    """The title of the plan's own number, and its decimals."""
    if kpi:
        says_unit = not kpi.unit or kpi.unit.lower() in kpi.label.lower()
        return (kpi.label if says_unit else f"{kpi.label} ({kpi.unit})"), kpi.decimals
    if plan.subject is Subject.VALUES:
        return gettext("Value"), _FREE_DECIMALS
    things = gettext(plan.subject.value.replace("kpis", "KPIs"))
    if plan.measure in {Measure.USUAL, Measure.COUNT}:
        return gettext("Number of %(things)s", things=things), 0
    return gettext("Values of %(things)s", things=things), 2


def _kpi(plan: Plan, catalog: Catalog) -> Kpi | None:
    """The KPI whose unit the plan's numbers have; one of several with the same unit stands for all."""
    if plan.subject is not Subject.VALUES or plan.count or not plan.kpis:
        return None
    kpis = [catalog.by_name[name] for name in plan.kpis]
    if len(kpis) == 1 and plan.measure is not Measure.COUNT:
        return kpis[0]
    return None


def _title(plan: Plan, dims: tuple[Dim, ...], numbers: tuple[Number, ...], catalog: Catalog) -> str:
    kpi = _kpi(plan, catalog)
    labels = [catalog.by_name[name].label for name in plan.kpis]
    what = numbers[0].title
    if plan.calculation in _IN_UNIT and labels:
        what = f"{heading(_IN_UNIT[plan.calculation])}: {all_of(labels)}"
    elif plan.calculation in _CALCULATED and labels:
        what = f"{what}: {all_of(labels)}"
    elif kpi is None and labels:
        what = all_of(labels) if plan.subject is Subject.VALUES else f"{what}: {', '.join(labels)}"
    elif len(numbers) > 1:
        what, _ = _measured(plan, kpi)
    return _by(what, [dim for dim in dims if dim.title not in {heading("kpi"), heading("member")}])


def _by(what: str, dims: Sequence[Dim]) -> str:
    """A title with what the numbers are grouped by."""
    if not dims:
        return what
    shown = all_of(dim.title.lower() if language() == ENGLISH else dim.title for dim in dims)
    return gettext("%(what)s by %(dimensions)s", what=what, dimensions=shown)


def _subtitle(plan: Plan) -> str:
    parts = [describe_filter(found) for found in plan.filters]
    parts += (
        [period_words(period.label) for period in plan.periods] if Dimension.PERIOD not in plan.by else []
    )
    return ", ".join(parts)


def _adds_up(plan: Plan, kpi: Kpi | None) -> bool:
    if plan.calculation is Calculation.SHARE:
        return True
    whole = not (plan.top or plan.conditions or plan.each or Dimension.PERIOD in plan.by)
    if plan.calculation is not Calculation.NONE or not whole:
        return False
    way = expressions.how(kpi, plan.measure) if kpi else Measure.COUNT
    return way in {Measure.SUM, Measure.COUNT, Measure.LAST}


def _of_columns(dims: tuple[Dim, ...], table: Table) -> Shape | None:
    numeric = [
        at
        for at, column in enumerate(table.columns)
        if at >= len(dims) and column.type in {"number", "integer"}
    ]
    if not numeric or len(dims) + len(numeric) < len(table.columns):
        return None
    at = numeric[0]
    number = Number(at, heading(table.columns[at].name), fixed=False)
    return Shape(dims, (number,), _by(number.title, dims), ranked=True)


def heading(name: str) -> str:
    """A column's name as people read it: `conversion_rate` becomes `Conversion rate`."""
    words = name.replace("_", " ").strip()
    if words in set(Dimension):
        words = named(words)
    else:
        words = gettext(words) if words in _HEADS else period_words(words)
    return words[:1].upper() + words[1:]


def _of(what: str, title: str) -> str:
    return gettext("%(what)s of %(title)s", what=what, title=title)
