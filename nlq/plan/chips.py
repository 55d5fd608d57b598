"""How a question was read, as chips: each a part of its plan, and what could stand there instead. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from nlq.catalog import Catalog
from nlq.linking.points import Calendar
from nlq.period import Grain, Period, shift, shifted, unit
from nlq.plan import expressions
from nlq.plan.describe import condition_words
from nlq.plan.edit import EXCEPT, FILTERED, ONLY, Slot, fits, written
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Order, Plan, Subject

_MEASURES = {
    Measure.SUM: "total",
    Measure.AVERAGE: "average",
    Measure.MEDIAN: "median",
    Measure.MIN: "lowest reading",
    Measure.MAX: "highest reading",
    Measure.LAST: "latest",
    Measure.COUNT: "number of readings",
}
_CALCULATIONS = {
    Calculation.NONE: "nothing more",
    Calculation.SHARE: "share of the whole",
    Calculation.CHANGE: "change from the one before",
    Calculation.PERCENT_FROM_PREVIOUS: "percent change from the one before",
    Calculation.RUNNING_TOTAL: "running total",
    Calculation.MOVING_AVERAGE: "moving average",
    Calculation.DIFFERENCE: "difference",
    Calculation.PERCENT_CHANGE: "percent change",
    Calculation.ABOVE_AVERAGE: "above average only",
    Calculation.BELOW_AVERAGE: "below average only",
    Calculation.RATIO: "ratio",
    Calculation.PERCENT_RATIO: "ratio in percent",
    Calculation.BESIDE: "side by side",
    Calculation.CORRELATION: "correlation",
    Calculation.CONTRIBUTION: "what changed most",
}
_ORDERS = {
    Order.NAME: "by name",
    Order.HIGH: "highest first",
    Order.LOW: "lowest first",
    Order.BEST: "best first",
    Order.WORST: "worst first",
}
_TOPS = (1, 3, 5, 10, 20)
_GROUPS = (
    *(Dimension.REGION, Dimension.COUNTRY, Dimension.TEAM, Dimension.DEPARTMENT, Dimension.CATEGORY),
    *(Dimension.YEAR, Dimension.QUARTER, Dimension.MONTH, Dimension.WEEK, Dimension.DAY),
)
_LISTED = {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}


@dataclass(frozen=True)
class Choice:
    """What can stand in a slot: `values` for an `nlq.plan.edit.Edit`; `hint` is another way to say `text`."""

    text: str
    values: tuple[str, ...]
    chosen: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Chip:
    """One part of a plan. With an empty `text` it is not part of it yet and can be added.

    `several` says that several choices can be taken together, by putting their values together.
    """

    slot: str
    text: str
    choices: tuple[Choice, ...] = ()
    several: bool = False
    removable: bool = False


def chips(plan: Plan, catalog: Catalog, calendar: Calendar) -> tuple[Chip, ...]:
    """The chips of `plan`: its parts in the order in which people say them, then what can be added."""
    found = [*_parts(plan, catalog, calendar), *_filters(plan, catalog)]
    return tuple(chip for chip in found if chip.text or chip.choices)


def _parts(plan: Plan, catalog: Catalog, calendar: Calendar) -> Iterator[Chip]:
    yield _kpis(plan, catalog)
    if plan.subject in _LISTED:
        return
    if plan.subject is Subject.VALUES:
        yield _measure(plan, catalog)
    yield _periods(plan, calendar)
    yield _by(plan)
    if plan.each:
        yield Chip(Slot.EACH, plan.each.value, _of_names(_times(), (plan.each,)), removable=True)
    yield _single(Slot.CALCULATION, plan.calculation, _CALCULATIONS, _fitting(plan), Calculation.NONE)
    if plan.conditions:
        words = ", ".join(condition_words(condition, catalog) for condition in plan.conditions)
        yield Chip(Slot.CONDITIONS, words, removable=True)
    if plan.by:
        yield _single(Slot.ORDER, plan.order, _ORDERS, tuple(_ORDERS), Order.NAME)
        yield _top(plan)


def _kpis(plan: Plan, catalog: Catalog) -> Chip:
    text = ", ".join(catalog.by_name[name].label for name in plan.kpis)
    choices = tuple(Choice(kpi.label, (kpi.name,), kpi.name in plan.kpis) for kpi in catalog.kpis)
    needed = plan.subject is Subject.VALUES
    return Chip(Slot.KPIS, text, choices, several=True, removable=bool(plan.kpis) and not needed)


def _measure(plan: Plan, catalog: Catalog) -> Chip:
    ways = {expressions.how(catalog.by_name[name], plan.measure) for name in plan.kpis}
    text = " / ".join(_MEASURES[way] for way in _MEASURES if way in ways)
    choices = (Choice(words, (way.value,), ways == {way}) for way, words in _MEASURES.items())
    return Chip(Slot.MEASURE, text, tuple(choices))


def _periods(plan: Plan, calendar: Calendar) -> Chip:
    chosen = tuple(written(period) for period in plan.periods)
    offered: dict[tuple[str, ...], Choice] = {}
    for hint, period in _usual_periods(plan, calendar):
        values = (written(period),)
        offered.setdefault(values, Choice(period.label, values, chosen == values, hint))
    choices = (*offered.values(), Choice("all time", (), not chosen))
    text = ", ".join(period.label for period in plan.periods) or "all time"
    return Chip(Slot.PERIODS, text, choices, removable=bool(plan.periods))


def _usual_periods(plan: Plan, calendar: Calendar) -> Iterator[tuple[str, Period]]:
    """Periods beside the plan's own one, and those that people ask for most, each with how they call it."""
    if len(plan.periods) == 1 and (grain := plan.periods[0].grain):
        yield "the one before", shifted(plan.periods[0], grain, -1)
        yield "the one after", shifted(plan.periods[0], grain, 1)
        if grain is not Grain.YEAR:
            yield "a year before", shifted(plan.periods[0], Grain.YEAR, -1)
    for grain in (Grain.MONTH, Grain.QUARTER, Grain.YEAR):
        this = unit(calendar.today, grain, year_start=plan.year_start)
        yield f"this {grain}", this
        yield f"last {grain}", shifted(this, grain, -1)
    month = unit(calendar.today, Grain.MONTH).start
    assert month is not None  # noqa: S101 - a month has a start
    yield "", Period(shift(month, Grain.MONTH, -12), month, "the last 12 months")


def _by(plan: Plan) -> Chip:
    offered = [dim for dim in _GROUPS if dim is not Dimension.CATEGORY or len(plan.kpis) != 1]
    if plan.subject is Subject.ANOMALIES:
        offered.append(Dimension.SEVERITY)
    if len(plan.kpis) != 1:
        offered.insert(0, Dimension.KPI)
    if len(plan.periods) > 1:
        offered.append(Dimension.PERIOD)
    text = ", ".join(dim.value for dim in plan.by)
    choices = _of_names([*plan.by, *(dim for dim in offered if dim not in plan.by)], plan.by)
    return Chip(Slot.BY, text, choices, several=True, removable=bool(plan.by))


def _of_names(dims: Iterable[Dimension], chosen: Sequence[Dimension]) -> tuple[Choice, ...]:
    return tuple(Choice(dim.value, (dim.value,), dim in chosen) for dim in dims)


def _times() -> list[Dimension]:
    return [dim for dim in Dimension if dim.is_time]


def _fitting(plan: Plan) -> tuple[Calculation, ...]:
    return tuple(found for found in _CALCULATIONS if fits(found, plan))


def _single(
    slot: Slot,
    value: Calculation | Order,
    words: dict[Calculation, str] | dict[Order, str],
    offered: Sequence[Calculation | Order],
    usual: Calculation | Order,
) -> Chip:
    """A chip that takes one of `offered`; with its usual value it says nothing yet."""
    named: dict[Calculation | Order, str] = {**words}  # type: ignore[dict-item]
    choices = tuple(Choice(named[found], (found.value,), found is value) for found in offered)
    text = "" if value is usual else named[value]
    return Chip(slot, text, choices if len(choices) > 1 else (), removable=bool(text))


def _top(plan: Plan) -> Chip:
    numbers = sorted({*_TOPS, plan.top} - {None}, key=lambda number: number or 0)
    choices = (Choice(str(number), (str(number),), number == plan.top) for number in numbers)
    everything = Choice("all", (), plan.top is None)
    text = str(plan.top) if plan.top else ""
    return Chip(Slot.TOP, text, (*choices, everything), removable=bool(plan.top))


def _filters(plan: Plan, catalog: Catalog) -> Iterator[Chip]:
    """The filters that are set, then one for each dimension that none is set on."""
    for found in plan.filters:
        yield _filter(found, catalog)
    used = {found.dimension for found in plan.filters}
    for dim in FILTERED:
        about_anomalies = plan.subject is Subject.ANOMALIES or dim is not Dimension.SEVERITY
        about_kpis = dim is not Dimension.CATEGORY or not plan.kpis
        if dim not in used and about_anomalies and about_kpis and plan.subject not in _LISTED:
            yield replace(_filter(Filter(dim, ()), catalog), removable=False)


def _filter(found: Filter, catalog: Catalog) -> Chip:
    held = catalog.held.get(found.dimension.value, ())
    choices = tuple(Choice(_label(value, found, catalog), (value,), value in found.values) for value in held)
    text = ", ".join(_label(value, found, catalog) for value in found.values)
    slot = f"{EXCEPT if found.exclude else ONLY}{found.dimension.value}"
    return Chip(slot, text, choices, several=True, removable=True)


def _label(value: str, found: Filter, catalog: Catalog) -> str:
    return catalog.by_name[value].label if found.dimension is Dimension.KPI else value
