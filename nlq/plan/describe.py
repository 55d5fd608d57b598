"""How a plan reads a question, in plain words: KPI, aggregation, filters, dates, grouping, order."""

from collections.abc import Mapping

from nlq.catalog import Catalog, Direction
from nlq.numbers import decimal_words
from nlq.period import Period
from nlq.plan import expressions
from nlq.plan.model import Calculation, Condition, Dimension, Filter, Measure, Order, Plan, Subject
from nlq.plan.sides import sides
from nlq.plan.words import named, period_words, several, with_dates
from nlq.words import ENGLISH, N_, all_of, gettext, language, ngettext

_MEASURES: Mapping[Measure, str] = {
    Measure.SUM: N_("Total of %(kpis)s"),
    Measure.AVERAGE: N_("Average of %(kpis)s"),
    Measure.MIN: N_("Lowest single reading of %(kpis)s"),
    Measure.MAX: N_("Highest single reading of %(kpis)s"),
    Measure.MEDIAN: N_("Median of %(kpis)s"),
    Measure.COUNT: N_("Number of readings of %(kpis)s"),
    Measure.LAST: N_("Latest readings of each team and region, added up, of %(kpis)s"),
}
_CALCULATIONS: Mapping[Calculation, str] = {
    Calculation.SHARE: N_("each as a share of the whole"),
    Calculation.CHANGE: N_("with the change from the one before"),
    Calculation.PERCENT_FROM_PREVIOUS: N_("with the percent change from the one before"),
    Calculation.ABOVE_AVERAGE: N_("only those above the average of all of them"),
    Calculation.BELOW_AVERAGE: N_("only those below the average of all of them"),
    Calculation.RUNNING_TOTAL: N_("with a running total"),
    Calculation.CONTRIBUTION: N_(
        "the teams and regions whose numbers changed most from the first to the second"
    ),
}
_OPERATORS: Mapping[str, str] = {
    ">": N_("over %(value)s"),
    "<": N_("under %(value)s"),
    ">=": N_("at least %(value)s"),
    "<=": N_("at most %(value)s"),
    "=": N_("exactly %(value)s"),
}
_ORDERS: Mapping[Order, str] = {
    Order.HIGH: N_("highest first"),
    Order.LOW: N_("lowest first"),
    Order.BEST: N_("best first"),
    Order.WORST: N_("worst first"),
}


def describe_plan(plan: Plan, catalog: Catalog) -> str:
    """What `plan` asks for, as one sentence."""
    parts = [_subject(plan, catalog), *(describe_filter(found) for found in plan.filters)]
    parts += _periods(plan)
    parts += [condition_words(c, catalog) for c in plan.conditions]
    if plan.by and plan.subject not in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}:
        parts.append(gettext("by %(dimensions)s", dimensions=_all_of(plan.by)))
    if plan.each and plan.calculation is not Calculation.CORRELATION:
        parts.append(gettext("on average per %(unit)s", unit=named(plan.each.value)))
    parts += _calculation(plan)
    parts += _order(plan, catalog)
    if plan.count and plan.by:
        parts.append(gettext("counted"))
    return ", ".join(part for part in parts if part) + "."


def measure_words(plan: Plan, catalog: Catalog) -> str:
    """How readings become one number, as `Average of Conversion rate (%)`."""
    kpis = [catalog.by_name[name] for name in plan.kpis]
    ways: dict[Measure, list[str]] = {}
    for kpi in kpis:
        label = f"{kpi.label} ({kpi.unit})" if kpi.unit else kpi.label
        ways.setdefault(expressions.how(kpi, plan.measure), []).append(label)
    said = [gettext(_MEASURES[way], kpis=all_of(labels)) for way, labels in ways.items()]
    return "; ".join([said[0], *map(_inside, said[1:])]) if said else ""


def _inside(words: str) -> str:
    """Words that could begin a sentence as they stand inside of one."""
    return words[:1].lower() + words[1:] if language() == ENGLISH else words


def _subject(plan: Plan, catalog: Catalog) -> str:
    labels = all_of(catalog.by_name[name].label for name in plan.kpis)
    if plan.subject is Subject.VALUES:
        return measure_words(plan, catalog)
    if plan.subject is Subject.KPIS and plan.kpis:
        return gettext("Definition of %(kpis)s", kpis=labels)
    if plan.subject in {Subject.READINGS, Subject.ANOMALIES}:
        lead = _single_things(plan)
        return gettext("%(what)s of %(kpis)s", what=lead, kpis=labels) if labels else lead
    lead = _names(plan)
    return gettext("%(what)s that report %(kpis)s", what=lead, kpis=labels) if labels else lead


def _single_things(plan: Plan) -> str:
    """Single readings or anomalies, or a number of them."""
    counts = plan.count or plan.by
    if plan.subject is Subject.READINGS:
        return gettext("Number of readings") if counts else gettext("Single readings")
    if plan.measure is not Measure.USUAL:
        return gettext(_MEASURES[plan.measure], kpis=gettext("anomalies"))
    return gettext("Number of anomalies") if counts or plan.each else gettext("Anomalies")


def _names(plan: Plan) -> str:
    """Teams, regions or KPIs, what they are grouped by, or a number of these."""
    kind = several(plan.subject.value.removesuffix("s"))
    if plan.by and plan.measure is Measure.COUNT:
        kind = gettext("%(members)s per %(group)s", members=kind, group=named(plan.by[0].value))
    elif plan.by:
        kind = several(plan.by[0].value)
    counts = plan.count or plan.measure is Measure.COUNT
    return gettext(N_("Number of %(things)s") if counts else N_("List of %(things)s"), things=kind)


def describe_filter(found: Filter) -> str:
    """A filter in words, as `regions EMEA and APAC`."""
    dimension = found.dimension.value
    name = named(dimension) if len(found.values) == 1 else several(dimension)
    said = f"{name} {all_of(found.values)}"
    return gettext("without %(names)s", names=said) if found.exclude else said


def _periods(plan: Plan) -> list[str]:
    if not plan.periods:
        named = plan.subject in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}
        return [] if named else [gettext("all time")]
    said = all_of(map(with_dates, plan.periods))
    return [gettext("detected %(period)s", period=said) if plan.subject is Subject.ANOMALIES else said]


def condition_words(condition: Condition, catalog: Catalog) -> str:
    """A condition in words, as `only results over 1000`."""
    what = gettext("single readings") if condition.on_reading else gettext("only results")
    if condition.kpi:
        what = gettext("only %(kpi)s", kpi=catalog.by_name[condition.kpi].label)
    value = decimal_words(f"{condition.value:f}")
    return f"{what} {gettext(_OPERATORS[condition.operator], value=value)}"


def _calculation(plan: Plan) -> list[str]:
    if plan.calculation in {Calculation.RATIO, Calculation.PERCENT_RATIO} and len(sides(plan)) == 2:
        return [_ratio(plan)]
    if plan.calculation is Calculation.CORRELATION:
        said = (
            N_("correlation of their numbers by %(unit)s")
            if len(plan.kpis) > 1
            else N_("correlation with the %(unit)s before")
        )
        return [gettext(said, unit=named((plan.each or Dimension.MONTH).value))]
    if plan.calculation in {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}:
        compared = [period_words(label) if isinstance(side, Period) else label for label, side in sides(plan)]
        if len(compared) != 2:
            return []
        said = N_("difference and percent change of %(one)s against %(other)s")
        return [gettext(said, one=compared[1], other=compared[0])]
    if plan.calculation is Calculation.MOVING_AVERAGE:
        return [gettext("with the average of each %(count)s in a row", count=plan.window)]
    return [gettext(_CALCULATIONS[plan.calculation])] if plan.calculation in _CALCULATIONS else []


def _ratio(plan: Plan) -> str:
    one, other = (label for label, _ in sides(plan))
    if plan.per > 1:
        per = decimal_words(f"{plan.per:,}")
        return gettext("%(one)s per %(count)s %(other)s", one=one, count=per, other=other)
    said = (
        N_("%(one)s divided by %(other)s in percent")
        if plan.calculation is Calculation.PERCENT_RATIO
        else N_("%(one)s divided by %(other)s")
    )
    return gettext(said, one=one, other=other)


def _order(plan: Plan, catalog: Catalog) -> list[str]:
    if plan.order is Order.NAME or not plan.by:
        return []
    order = gettext(_ORDERS[plan.order])
    if plan.order in {Order.BEST, Order.WORST} and plan.kpis:
        down = catalog.by_name[plan.kpis[0]].direction is Direction.DOWN
        better = N_("%(order)s (lower is better)") if down else N_("%(order)s (higher is better)")
        order = gettext(better, order=order)
    within = _all_of(plan.within)
    if plan.skip and not within:
        only = gettext("number %(place)s only", place=plan.skip + 1)
        return [order, only if plan.top == 1 else gettext("without the first %(count)s", count=plan.skip)]
    if within:
        return [order, gettext("top %(count)s of each %(dimensions)s", count=plan.top, dimensions=within)]
    if not plan.top:
        return [order]
    return [order, ngettext("first %(num)s only", "first %(num)s only", plan.top)]


def _all_of(dimensions: tuple[Dimension, ...]) -> str:
    return all_of(named(dimension.value) for dimension in dimensions)
