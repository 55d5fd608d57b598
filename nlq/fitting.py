"""Fits a verified plan or SQL to another question of the same shape, or not at all. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlq.catalog import Catalog
from nlq.linking import Links
from nlq.linking.lexicon import Kind
from nlq.linking.periods import PeriodMention
from nlq.period import Grain, Period, shifted
from nlq.plan.model import Dimension, Measure, Order, Plan
from nlq.sql.rename import rename

_Name = tuple[str, str]
"""A kind of name (as of `Kind` and of `Dimension`) and the name."""
_PeriodPair = tuple[PeriodMention, PeriodMention]


def fitted_plan(plan: Plan, old: Links, new: Links, catalog: Catalog) -> Plan | None:
    """`plan`, which answers the question `old`, with the names and periods of the question `new`.

    Returns:
        The plan; None where a name or a period that changes is not in the plan, is ambiguous, or decided
        something else in it.
    """
    names = _replacements(old, new, catalog)
    periods = _periods(plan, old, new)
    if names is None or periods is None or (_picks_best(plan) and _kpis_differ(names, catalog)):
        return None
    renamed = _renamed(plan, names)
    return replace(renamed, periods=periods) if renamed else None


def fitted_sql(sql: str, old: Links, new: Links, catalog: Catalog) -> str | None:
    """`sql`, which answers the question `old`, with the names of `new`; None where periods differ too."""
    names = _replacements(old, new, catalog)
    pairs = zip(old.periods, new.periods, strict=False)
    if names is None or any(not _same(one.period, other.period) for one, other in pairs):
        return None
    changed = {(one, other) for (_, one), other in names.items() if one != other}
    texts = dict(changed)
    kept = {one for (_, one), other in names.items() if one == other}
    if len(texts) != len(changed) or kept & texts.keys():
        return None
    return rename(sql, texts)


def _replacements(old: Links, new: Links, catalog: Catalog) -> dict[_Name, str] | None:
    """Each name of `old` with the one in its place in `new`; None where that is not one for one."""
    if len(old.mentions) != len(new.mentions) or len(old.periods) != len(new.periods):
        return None
    found: dict[_Name, str] = {}
    for one, other in zip(old.mentions, new.mentions, strict=True):
        if one.kind is not other.kind:
            return None
        if len(one.values) != 1 or len(other.values) != 1:
            if one.values != other.values:
                return None
            continue
        key = (one.kind.value, one.values[0])
        if found.setdefault(key, other.values[0]) != other.values[0]:
            return None
    is_one_to_one = len({(kind, to) for (kind, _), to in found.items()}) == len(found)
    alike = all(_alike(one, other, catalog) for (kind, one), other in found.items() if kind == Kind.KPI)
    return found if is_one_to_one and alike else None


def _alike(one: str, other: str, catalog: Catalog) -> bool:
    """Whether two KPIs add up the same way, so that what is right for one is so for the other."""
    kpis = catalog.by_name
    return one == other or (
        one in kpis and other in kpis and kpis[one].aggregation is kpis[other].aggregation
    )


def _picks_best(plan: Plan) -> bool:
    """Whether it takes the best or worst reading: the highest or the lowest, as the KPI has it."""
    return plan.order in {Order.BEST, Order.WORST} and plan.measure in {Measure.MAX, Measure.MIN}


def _kpis_differ(names: Mapping[_Name, str], catalog: Catalog) -> bool:
    """Whether for a KPI that is replaced the other way is good."""
    kpis = catalog.by_name
    replaced = ((one, other) for (kind, one), other in names.items() if kind == Kind.KPI and one != other)
    return any(kpis[one].direction is not kpis[other].direction for one, other in replaced)


def _renamed(plan: Plan, names: Mapping[_Name, str]) -> Plan | None:
    """`plan` with other names; None if one that changes is not in it, or becomes one that is in it."""
    used = {(Kind.KPI.value, kpi) for kpi in plan.kpis}
    used |= {(found.dimension.value, value) for found in plan.filters for value in found.values}
    if any(one not in used for one, other in names.items() if one[1] != other):
        return None
    kpis = _each(Dimension.KPI, plan.kpis, names)
    filters = tuple(replace(f, values=_each(f.dimension, f.values, names)) for f in plan.filters)
    before = (plan.kpis, *(f.values for f in plan.filters))
    after = (kpis, *(f.values for f in filters))
    if any(len(set(one)) != len(set(other)) for one, other in zip(before, after, strict=True)):
        return None
    return replace(plan, kpis=kpis, filters=filters)


def _each(dimension: Dimension, values: Sequence[str], names: Mapping[_Name, str]) -> tuple[str, ...]:
    return tuple(names.get((dimension.value, value), value) for value in values)


def _periods(plan: Plan, old: Links, new: Links) -> tuple[Period, ...] | None:
    """The periods of `plan`, moved as those of the question moved; None where that is not certain."""
    pairs = list(zip(old.periods, new.periods, strict=False))
    changed = [(one, other) for one, other in pairs if not _same(one.period, other.period)]
    if not changed:
        return plan.periods
    if not all(any(_moved(period, pair) for period in plan.periods) for pair in changed):
        return None
    if _implies_units(plan, old) and any(_units(one) != _units(other) for one, other in changed):
        return None
    moved = [_only(period, pairs) for period in plan.periods]
    found = tuple(period for period in moved if period)
    return found if len({(p.start, p.end) for p in found}) == len(plan.periods) else None


def _only(period: Period, pairs: Sequence[_PeriodPair]) -> Period | None:
    """What `period` becomes; None if it comes from none of the question's periods, or it is open from which.

    A period that the question names itself comes from there, also if it is the one before another, too.
    """
    named = [pair for pair in pairs if _same(pair[0].period, period)]
    found = {(p.start, p.end): p for pair in named or pairs if (p := _moved(period, pair))}
    return next(iter(found.values())) if len(found) == 1 else None


def _moved(period: Period, pair: _PeriodPair) -> Period | None:
    """What becomes of `period` if it is the first of `pair`, a part of it, or the unit or the year before."""
    old, new = pair
    for one, other in zip((old.period, *old.parts), (new.period, *new.parts), strict=False):
        if _same(one, period):
            return other
    if old.period.grain is None or old.period.grain is not new.period.grain:
        return None
    for grain in (old.period.grain, Grain.YEAR):
        if _same(shifted(old.period, grain, -1), period):
            return shifted(new.period, grain, -1)
    return None


def _implies_units(plan: Plan, old: Links) -> bool:
    """Whether the plan has one row for each month, week, ... that the question does not speak of."""
    said = {*old.cues.by, *old.cues.ranked, old.cues.window_unit}
    return any(dim.is_time and dim not in said for dim in plan.by)


def _units(mention: PeriodMention) -> tuple[Grain | None, Grain | None]:
    return mention.unit, mention.period.grain


def _same(one: Period, other: Period) -> bool:
    return (one.start, one.end) == (other.start, other.end)
