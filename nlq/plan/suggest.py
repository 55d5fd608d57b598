"""What a person may want to know next: edits of the plan that was answered, each a click. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from nlq.catalog import Catalog
from nlq.period import shifted
from nlq.plan.edit import Edit, Slot, edited, fits, written
from nlq.plan.model import Calculation, Dimension, Order, Plan, Subject

_MOST = 4
_PLACES = {
    Dimension.REGION: {Dimension.REGION, Dimension.COUNTRY},
    Dimension.TEAM: {Dimension.TEAM, Dimension.DEPARTMENT},
}
"""Dimensions to break a number down by, and those that say them already."""


@dataclass(frozen=True)
class Suggestion:
    """A change to ask for: its `kind`, what it is about, and the edits that make it."""

    kind: str
    """`by`, `before`, `side`, `share`, `change`, `top` or `whole`."""
    about: str
    edits: tuple[Edit, ...]


def suggestions(plan: Plan, catalog: Catalog) -> tuple[Suggestion, ...]:
    """The changes that lead on from `plan`, the most telling first; none for lists of names."""
    if plan.subject not in {Subject.VALUES, Subject.ANOMALIES} or (
        plan.subject is Subject.VALUES and not plan.kpis
    ):
        return ()
    found = []
    for one in _likely(plan):
        try:
            changed = edited(plan, one.edits, catalog)
        except ValueError:
            continue
        if changed != plan:
            found.append(one)
    return tuple(found[:_MOST])


def _likely(plan: Plan) -> Iterator[Suggestion]:
    single = plan.periods[0] if len(plan.periods) == 1 else None
    pinned = {f.dimension for f in plan.filters if len(f.values) == 1 and not f.exclude}
    timed = any(dim.is_time for dim in plan.by)
    plain = plan.calculation is Calculation.NONE
    if timed and plain and fits(Calculation.PERCENT_FROM_PREVIOUS, plan):
        yield Suggestion("change", "", (Edit(Slot.CALCULATION, (Calculation.PERCENT_FROM_PREVIOUS.value,)),))
    if single and single.grain and not timed:
        before = shifted(single, single.grain, -1)
        yield Suggestion("before", before.label, (Edit(Slot.PERIODS, (written(before),)),))
    if not plan.by:
        yield _by(Dimension.MONTH)
    for dim, said in _PLACES.items():
        if not said & {*plan.by, *pinned} and len(plan.by) < 2:
            yield _by(dim) if not plan.by or not timed else _by(*plan.by, dim)
    if plan.by and not timed and plain and plan.order is Order.NAME:
        yield Suggestion("top", "3", (Edit(Slot.ORDER, (Order.HIGH.value,)), Edit(Slot.TOP, ("3",))))
    if plan.top or plan.conditions:
        yield Suggestion("whole", "", (Edit(Slot.TOP), Edit(Slot.CONDITIONS)))
    if plan.by and not timed and plain and fits(Calculation.SHARE, plan):
        yield Suggestion("share", "", (Edit(Slot.CALCULATION, (Calculation.SHARE.value,)),))


def _by(*dims: Dimension) -> Suggestion:
    return Suggestion("by", dims[-1].value, (Edit(Slot.BY, tuple(dim.value for dim in dims)),))
