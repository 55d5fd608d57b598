"""Edits of a plan: what a person changes of how a question was read. Pure.

After an edit the plan is what the same change in the words of the question would have made it: a filter on
several regions gives one row for each, two periods are set side by side, a calculation that the rows no
longer allow is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from nlq.catalog import Catalog
from nlq.period import Grain, Period, spoken_range, unit
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Order, Plan, Subject
from nlq.plan.sides import sides

E = TypeVar("E", bound=StrEnum)

ONLY, EXCEPT = "only.", "except."
"""What the slot of a filter begins with, before the name of its dimension."""
FILTERED = (
    *(Dimension.REGION, Dimension.COUNTRY, Dimension.TEAM, Dimension.DEPARTMENT),
    *(Dimension.CATEGORY, Dimension.SEVERITY),
)
"""Dimensions that a filter can be set on."""
_SERIES = {
    *(Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS),
    *(Calculation.RUNNING_TOTAL, Calculation.MOVING_AVERAGE),
}
_COMPARED = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
_PAIRS = {Calculation.RATIO, Calculation.PERCENT_RATIO, Calculation.BESIDE}
_AVERAGES = {Calculation.ABOVE_AVERAGE, Calculation.BELOW_AVERAGE}
_MOST_ROWS = 100_000


class Slot(StrEnum):
    """The parts of a plan that can be edited, besides its filters (`only.region`, `except.team`)."""

    KPIS = "kpis"
    MEASURE = "measure"
    PERIODS = "periods"
    BY = "by"
    CALCULATION = "calculation"
    CONDITIONS = "conditions"
    """Can only be taken away."""
    EACH = "each"
    ORDER = "order"
    TOP = "top"


@dataclass(frozen=True)
class Edit:
    """New `values` for the `slot` of a plan; no values take it away.

    Values are names as the plan writes them; periods are written as `start/end` in ISO 8601, the end not
    included and an open side as `..`.
    """

    slot: str
    values: tuple[str, ...] = ()


def edited(plan: Plan, edits: Iterable[Edit], catalog: Catalog) -> Plan:
    """`plan` with all `edits` made, one after the other.

    Raises:
        ValueError: a slot or value is not known, or does not fit the plan; the message says which.
    """
    for edit in edits:
        plan = _settled(_made(plan, edit, catalog))
    return plan


def written(period: Period) -> str:
    """A period as the value of an edit."""
    start, end = (side.isoformat() if side else ".." for side in (period.start, period.end))
    return f"{start}/{end}"


def fits(calculation: Calculation, plan: Plan) -> bool:
    """Whether `calculation` can be worked out from the rows of `plan`."""
    if calculation is Calculation.NONE:
        return True
    if calculation is Calculation.CORRELATION:
        return plan.calculation is calculation
    if plan.subject is not Subject.VALUES:
        return calculation is Calculation.SHARE and bool(_named(plan))
    if calculation in _SERIES:
        return any(dim.is_time for dim in plan.by)
    if calculation in _COMPARED:
        return len(sides(replace(plan, calculation=calculation))) == 2
    if calculation in _PAIRS:
        return len(plan.kpis) == 2
    if calculation is Calculation.CONTRIBUTION:
        return len(plan.periods) == 2
    return bool(_named(plan)) if calculation is Calculation.SHARE else bool(plan.by)


def _named(plan: Plan) -> list[Dimension]:
    return [dim for dim in plan.by if not dim.is_time and dim is not Dimension.PERIOD]


def _made(plan: Plan, edit: Edit, catalog: Catalog) -> Plan:
    """The plan with one edit, not yet put in order."""
    for lead, exclude in ((ONLY, False), (EXCEPT, True)):
        if edit.slot.startswith(lead):
            dimension = _member(Dimension, edit.slot.removeprefix(lead))
            return _filtered(plan, Filter(dimension, edit.values, exclude), catalog)
    slot = _member(Slot, edit.slot)
    if slot is Slot.KPIS:
        return _with_kpis(plan, edit.values, catalog)
    if len(edit.values) > 1 and slot not in {Slot.PERIODS, Slot.BY}:
        raise ValueError(f"{slot} takes one value")
    return _EDITORS[slot](plan, edit.values)


def _with_kpis(plan: Plan, names: Sequence[str], catalog: Catalog) -> Plan:
    if unknown := [name for name in names if name not in catalog.by_name]:
        raise ValueError(f'there is no KPI "{unknown[0]}"')
    if not names and plan.subject is Subject.VALUES:
        raise ValueError("kpis must name at least one KPI")
    conditions = tuple(c for c in plan.conditions if c.kpi is None or c.kpi in names)
    return replace(plan, kpis=tuple(dict.fromkeys(names)), conditions=conditions)


def _filtered(plan: Plan, found: Filter, catalog: Catalog) -> Plan:
    if found.dimension not in FILTERED and found.dimension is not Dimension.KPI:
        raise ValueError(f"there is no filter on {found.dimension}")
    held = catalog.held.get(found.dimension.value, ())
    if unknown := [value for value in found.values if value not in held]:
        raise ValueError(f'there is no {found.dimension} "{unknown[0]}"')
    key = (found.dimension, found.exclude)
    kept = {(f.dimension, f.exclude): f for f in plan.filters}
    filters = {**kept, key: found}
    plan = replace(plan, filters=tuple(f for f in filters.values() if f.values))
    if found.exclude or not found.values:
        return plan
    if len(found.values) > 1 and found.dimension not in {*plan.by, Dimension.SEVERITY}:
        return _regrouped(plan, (found.dimension, *plan.by))
    if len(found.values) == 1 and plan.calculation is not Calculation.SHARE:
        return _regrouped(plan, tuple(dim for dim in plan.by if dim is not found.dimension))
    return plan


def _with_measure(plan: Plan, values: Sequence[str]) -> Plan:
    return replace(plan, measure=_member(Measure, values[0]) if values else Measure.USUAL)


def _with_periods(plan: Plan, values: Sequence[str]) -> Plan:
    periods = tuple(dict.fromkeys(_period(value, plan.year_start) for value in values))
    by = [dim for dim in plan.by if dim is not Dimension.PERIOD]
    if len(periods) > 1:
        grains = {period.grain for period in periods}
        by = [dim for dim in by if grains != {dim.value}]
    return replace(plan, periods=periods, by=tuple(by))


def _period(value: str, year_start: int) -> Period:
    """The period that `written` wrote, with the label of the calendar unit that it is, if it is one."""
    try:
        first, last = value.split("/")
        start, end = (None if side == ".." else date.fromisoformat(side) for side in (first, last))
    except ValueError:
        raise ValueError(f'"{value[:50]}" is no period such as 2026-01-01/2026-04-01') from None
    if start and end and start >= end:
        raise ValueError(f"the period must start before {end}, its end")
    if start and end:
        for begins in dict.fromkeys((1, year_start)):
            for grain in Grain:
                found = unit(start, grain, year_start=begins)
                if (found.start, found.end) == (start, end):
                    return found
    return Period(start, end, spoken_range(start, end))


def _grouped(plan: Plan, values: Sequence[str]) -> Plan:
    by = tuple(dict.fromkeys(_member(Dimension, value) for value in values))
    if Dimension.SEVERITY in by and plan.subject is not Subject.ANOMALIES:
        raise ValueError("only anomalies have a severity")
    if Dimension.PERIOD in by and len(plan.periods) < 2:
        raise ValueError("by period needs several periods")
    return _regrouped(plan, by)


def _regrouped(plan: Plan, by: tuple[Dimension, ...]) -> Plan:
    """The plan with other dimensions; anomalies and readings that were counted stay so without any."""
    counted = plan.count
    if plan.subject in {Subject.ANOMALIES, Subject.READINGS}:
        counted = not by and (plan.count or bool(plan.by))
    return replace(plan, by=by, count=counted)


def _calculated(plan: Plan, values: Sequence[str]) -> Plan:
    calculation = _member(Calculation, values[0]) if values else Calculation.NONE
    if not fits(calculation, plan):
        raise ValueError(f"{calculation.replace('_', ' ')} cannot be worked out from these rows")
    return replace(plan, calculation=calculation)


def _without_conditions(plan: Plan, values: Sequence[str]) -> Plan:
    if values:
        raise ValueError("conditions can only be taken away")
    return replace(plan, conditions=())


def _for_each(plan: Plan, values: Sequence[str]) -> Plan:
    each = _member(Dimension, values[0]) if values else None
    if each and not each.is_time:
        raise ValueError("each must be a unit of the calendar")
    return replace(plan, each=each)


def _ordered(plan: Plan, values: Sequence[str]) -> Plan:
    order = _member(Order, values[0]) if values else Order.NAME
    top = plan.top if order is not Order.NAME else None
    return replace(plan, order=order, top=top, skip=plan.skip if top else 0)


def _first(plan: Plan, values: Sequence[str]) -> Plan:
    if not values:
        return replace(plan, top=None, skip=0, within=())
    if not (values[0].isascii() and values[0].isdigit() and 1 <= int(values[0]) <= _MOST_ROWS):
        raise ValueError(f"top must be a whole number from 1 to {_MOST_ROWS}")
    order = Order.HIGH if plan.order is Order.NAME else plan.order
    return replace(plan, top=int(values[0]), order=order)


_EDITORS: Mapping[Slot, Callable[[Plan, Sequence[str]], Plan]] = {
    Slot.MEASURE: _with_measure,
    Slot.PERIODS: _with_periods,
    Slot.BY: _grouped,
    Slot.CALCULATION: _calculated,
    Slot.CONDITIONS: _without_conditions,
    Slot.EACH: _for_each,
    Slot.ORDER: _ordered,
    Slot.TOP: _first,
}


def _settled(plan: Plan) -> Plan:
    """The plan with what follows from its other parts."""
    by = [dim for dim in plan.by if dim is not Dimension.KPI or len(plan.kpis) != 1]
    if plan.subject is Subject.VALUES and len(plan.kpis) > 1 and Dimension.KPI not in by:
        by.insert(0, Dimension.KPI)
    explained = plan.calculation is Calculation.CONTRIBUTION
    if len(plan.periods) > 1 and not explained and not any(_is_when(dim) for dim in by):
        by.append(Dimension.PERIOD)
    plan = replace(plan, by=tuple(by), within=tuple(dim for dim in plan.within if dim in by))
    if set(plan.within) == set(plan.by):
        plan = replace(plan, within=())
    if not fits(plan.calculation, plan):
        plan = replace(plan, calculation=Calculation.NONE)
    listed = plan.subject in {Subject.ANOMALIES, Subject.READINGS} and not plan.count
    if not plan.by and not listed:
        plan = replace(plan, order=Order.NAME, top=None, skip=0)
    return plan


def _is_when(dim: Dimension) -> bool:
    return dim.is_time or dim is Dimension.PERIOD


def _member(kind: type[E], value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f'"{value[:50]}" is not one of {", ".join(kind)}') from None
