"""How a plan reads a question, in plain words: KPI, aggregation, filters, dates, grouping, order."""

from nlq.catalog import Catalog, Direction
from nlq.plan import expressions
from nlq.plan.model import Calculation, Condition, Dimension, Filter, Measure, Order, Plan, Subject
from nlq.plan.sides import sides

_MEASURES = {
    Measure.SUM: "Total",
    Measure.AVERAGE: "Average",
    Measure.MIN: "Lowest single reading",
    Measure.MAX: "Highest single reading",
    Measure.MEDIAN: "Median",
    Measure.COUNT: "Number of readings",
    Measure.LAST: "Latest readings of each team and region, added up,",
}
_CALCULATIONS = {
    Calculation.SHARE: "each as a share of the whole",
    Calculation.CHANGE: "with the change from the one before",
    Calculation.PERCENT_FROM_PREVIOUS: "with the percent change from the one before",
    Calculation.ABOVE_AVERAGE: "only those above the average of all of them",
    Calculation.BELOW_AVERAGE: "only those below the average of all of them",
    Calculation.RUNNING_TOTAL: "with a running total",
    Calculation.CONTRIBUTION: "the teams and regions whose numbers changed most from the first to the second",
}
_OPERATORS = {">": "over", "<": "under", ">=": "at least", "<=": "at most", "=": "exactly"}
_PLURALS = {
    Dimension.COUNTRY: "countries",
    Dimension.CATEGORY: "categories",
    Dimension.SEVERITY: "severities",
}


def describe_plan(plan: Plan, catalog: Catalog) -> str:
    """What `plan` asks for, as one sentence."""
    parts = [_subject(plan, catalog), *(describe_filter(found) for found in plan.filters)]
    parts += _periods(plan)
    parts += [condition_words(c, catalog) for c in plan.conditions]
    if plan.by and plan.subject not in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}:
        parts.append("by " + " and ".join("period" if d is Dimension.PERIOD else d.value for d in plan.by))
    if plan.each and plan.calculation is not Calculation.CORRELATION:
        parts.append(f"on average per {plan.each.value}")
    parts += _calculation(plan)
    parts += _order(plan, catalog)
    if plan.count and plan.by:
        parts.append("counted")
    return ", ".join(part for part in parts if part).replace(",,", ",") + "."


def measure_words(plan: Plan, catalog: Catalog) -> str:
    """How readings become one number, as `Average of Conversion rate (%)`."""
    kpis = [catalog.by_name[name] for name in plan.kpis]
    ways: dict[Measure, list[str]] = {}
    for kpi in kpis:
        label = f"{kpi.label} ({kpi.unit})" if kpi.unit else kpi.label
        ways.setdefault(expressions.how(kpi, plan.measure), []).append(label)
    said = [f"{_MEASURES[way]} of {' and '.join(labels)}" for way, labels in ways.items()]
    return "; ".join([said[0], *(s[:1].lower() + s[1:] for s in said[1:])]) if said else ""


def _subject(plan: Plan, catalog: Catalog) -> str:
    labels = " and ".join(catalog.by_name[name].label for name in plan.kpis)
    if plan.subject is Subject.VALUES:
        return measure_words(plan, catalog)
    if plan.subject is Subject.READINGS:
        lead = "Number of readings" if plan.count or plan.by else "Single readings"
        return f"{lead} of {labels}" if labels else lead
    if plan.subject is Subject.ANOMALIES:
        lead = "Number of anomalies" if plan.count or plan.by or plan.each else "Anomalies"
        if plan.measure is not Measure.USUAL:
            lead = f"{_MEASURES[plan.measure]} of anomalies"
        return f"{lead} of {labels}" if labels else lead
    if plan.subject is Subject.KPIS and plan.kpis:
        return f"Definition of {labels}"
    kind = {Subject.TEAMS: "teams", Subject.REGIONS: "regions", Subject.KPIS: "KPIs"}[plan.subject]
    if plan.by:
        groups = _PLURALS.get(plan.by[0], f"{plan.by[0].value}s")
        kind = f"{kind} per {plan.by[0].value}" if plan.measure is Measure.COUNT else groups
    counted = plan.count or plan.measure is Measure.COUNT
    lead = f"Number of {kind}" if counted else f"List of {kind}"
    return f"{lead} that report {labels}" if labels else lead


def describe_filter(found: Filter) -> str:
    """A filter in words, as `regions EMEA and APAC`."""
    name = (
        found.dimension.value
        if len(found.values) == 1
        else _PLURALS.get(found.dimension, f"{found.dimension.value}s")
    )
    return f"{'without ' if found.exclude else ''}{name} {' and '.join(found.values)}"


def _periods(plan: Plan) -> list[str]:
    if not plan.periods:
        named = plan.subject in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}
        return [] if named else ["all time"]
    said = " and ".join(period.words() for period in plan.periods)
    return [f"detected {said}" if plan.subject is Subject.ANOMALIES else said]


def condition_words(condition: Condition, catalog: Catalog) -> str:
    """A condition in words, as `only results over 1000`."""
    what = "single readings" if condition.on_reading else "only results"
    if condition.kpi:
        what = f"only {catalog.by_name[condition.kpi].label}"
    return f"{what} {_OPERATORS[condition.operator]} {condition.value:f}"


def _calculation(plan: Plan) -> list[str]:
    if plan.calculation in {Calculation.RATIO, Calculation.PERCENT_RATIO} and len(sides(plan)) == 2:
        one, other = (label for label, _ in sides(plan))
        percent = " in percent" if plan.calculation is Calculation.PERCENT_RATIO else ""
        if plan.per > 1:
            return [f"{one} per {plan.per:,} {other}"]
        return [f"{one} divided by {other}{percent}"]
    if plan.calculation is Calculation.CORRELATION:
        unit = (plan.each or Dimension.MONTH).value
        pair = len(plan.kpis) > 1
        return [f"correlation of their numbers by {unit}" if pair else f"correlation with the {unit} before"]
    if plan.calculation in {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}:
        compared = sides(plan)
        if len(compared) == 2:
            return [f"difference and percent change of {compared[1][0]} against {compared[0][0]}"]
        return []
    if plan.calculation is Calculation.MOVING_AVERAGE:
        return [f"with the average of each {plan.window} in a row"]
    return [_CALCULATIONS[plan.calculation]] if plan.calculation in _CALCULATIONS else []


def _order(plan: Plan, catalog: Catalog) -> list[str]:
    if plan.order is Order.NAME or not plan.by:
        return []
    order = {Order.HIGH: "highest", Order.LOW: "lowest", Order.BEST: "best", Order.WORST: "worst"}[plan.order]
    if plan.order in {Order.BEST, Order.WORST} and plan.kpis:
        down = catalog.by_name[plan.kpis[0]].direction is Direction.DOWN
        order += f" first ({'lower' if down else 'higher'} is better)"
    else:
        order += " first"
    within = " and ".join(dim.value for dim in plan.within)
    if plan.skip and not within:
        return [order, f"number {plan.skip + 1} only" if plan.top == 1 else f"without the first {plan.skip}"]
    top = f"top {plan.top} of each {within}" if within else f"first {plan.top} only" if plan.top else ""
    return [order, top]
