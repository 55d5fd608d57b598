"""The answer in one plain sentence, from the plan and the rows that the database returned."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from nlq.answer import Column, Table, Value
from nlq.catalog import Catalog, Kpi
from nlq.period import spoken
from nlq.plan import expressions
from nlq.plan.model import Calculation, Dimension, Measure, Order, Plan, Subject
from nlq.plan.sides import sides

_LEADS = {
    Measure.SUM: "The total {}",
    Measure.AVERAGE: "The average {}",
    Measure.MIN: "The lowest reading of {}",
    Measure.MAX: "The highest reading of {}",
    Measure.MEDIAN: "The median {}",
    Measure.LAST: "The latest {}",
    Measure.COUNT: "The number of readings of {}",
}
_RATIOS = {Calculation.RATIO, Calculation.PERCENT_RATIO}
_RANKED = {Order.HIGH: "highest", Order.LOW: "lowest", Order.BEST: "best", Order.WORST: "worst"}


def sentence(plan: Plan, table: Table, catalog: Catalog) -> str:
    """What `table`, the result of `plan`, says."""
    if not table.rows or _only_nulls(plan, table):
        return f"There are no rows for this question: nothing was found{_where(plan)}."
    if plan.subject in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}:
        return _about_names(plan, table, catalog)
    if plan.calculation is Calculation.CONTRIBUTION and len(plan.periods) == 2:
        return _contributions(plan, table, catalog)
    if plan.calculation is Calculation.CORRELATION and len(table.rows) == 1:
        return _correlation(plan, table.rows[0][-1], catalog)
    if plan.calculation in _RATIOS and len(plan.kpis) == 2 and len(table.rows) == 1 and not plan.by:
        return _ratio(plan, table.rows[0][-1], catalog)
    compared = plan.calculation in {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
    if compared and len(table.rows) == 1 and len(sides(plan)) == 2:
        return _comparison(plan, table, catalog)
    if plan.count or (len(table.rows) == 1 and len(table.columns) == 1):
        return _single(plan, table.rows[0][0], catalog)
    return _many(plan, table, catalog)


def _contributions(plan: Plan, table: Table, catalog: Catalog) -> str:
    """The team and the region whose numbers changed most."""
    kpi = catalog.by_name[plan.kpis[0]]
    first: dict[Value, str] = {}
    for dimension, member, *_, change in table.rows:
        sign = "+" if isinstance(change, int | float | Decimal) and change > 0 else ""
        first.setdefault(dimension, f"{dimension} {member} ({sign}{number(change, kpi)})")
    before, after = (period.label for period in plan.periods)
    what = label_inside(kpi)
    where = _where(plan, periods=False)
    return f"From {before} to {after}, {what}{where} changed most in {' and '.join(first.values())}."


def _correlation(plan: Plan, value: Value, catalog: Catalog) -> str:
    unit = (plan.each or Dimension.MONTH).value
    labels = [label_inside(catalog.by_name[name]) for name in plan.kpis]
    what = (
        f"of {' and '.join(labels)} by {unit}"
        if len(labels) > 1
        else f"of {labels[0]} with the {unit} before"
    )
    scale = "1: they move together, -1: opposite, 0: neither"
    return f"The correlation {what}{_where(plan)} is {number(value, digits=2)} ({scale})."


def _ratio(plan: Plan, value: Value, catalog: Catalog) -> str:
    one, other = (label_inside(catalog.by_name[name]) for name in plan.kpis)
    percent = "%" if plan.calculation is Calculation.PERCENT_RATIO else ""
    return f"{one[:1].upper()}{one[1:]} divided by {other}{_where(plan)}: {number(value)}{percent}."


def sentence_for_sql(table: Table) -> str:
    """What the result of a statement that a model wrote says."""
    if not table.rows:
        return "There are no rows for this question."
    if len(table.rows) == 1 and len(table.columns) == 1:
        return f"The answer is {number(table.rows[0][0])}."
    if len(table.rows) == 1:
        pairs = zip(table.columns, table.rows[0], strict=True)
        return "The answer: " + ", ".join(f"{_spoken(c.name)} {number(v)}" for c, v in pairs) + "."
    return f"The answer has {_rows(table)}; see the table."


def number(value: Value, kpi: Kpi | None = None, digits: int | None = None) -> str:
    """A cell as people read it, with thousands separated and the KPI's unit."""
    if value is None:
        return "no value"
    if isinstance(value, datetime):
        return spoken(value.date())
    if isinstance(value, date):
        return spoken(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    places = kpi.decimals if kpi else digits if digits is not None else 2
    exact = Decimal(str(value))
    shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if exact.is_finite() else exact
    text = f"{shown:,f}"
    if kpi is None and digits is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    unit = kpi.unit if kpi else ""
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}".strip()


def _single(plan: Plan, value: Value, catalog: Catalog) -> str:
    where = _where(plan)
    if plan.count and plan.by:
        return f"{number(value, digits=0)} {plan.by[-1].value}s match{where}."
    if plan.subject is Subject.ANOMALIES and plan.measure is not Measure.USUAL:
        lead = _LEADS[plan.measure].format("value of the anomalies")
        return f"{lead}{_of_kpis(plan, catalog)}{where} was {number(value)}."
    if plan.subject is Subject.ANOMALIES and plan.each:
        often = f"{number(value)} anomalies per {plan.each.value} on average"
        return f"There were {often}{_of_kpis(plan, catalog)}{where}."
    if plan.subject is Subject.ANOMALIES:
        return f"There were {number(value, digits=0)} anomalies{_of_kpis(plan, catalog)}{where}."
    if plan.subject is Subject.READINGS or plan.count:
        return f"There were {number(value, digits=0)} readings{_of_kpis(plan, catalog)}{where}."
    if not plan.kpis:
        return f"The answer{where} is {number(value)}."
    kpi = catalog.by_name[plan.kpis[0]]
    way = expressions.how(kpi, plan.measure)
    if plan.each:
        what = label_inside(kpi)
        return f"{what[:1].upper()}{what[1:]} per {plan.each.value}{where}: {number(value, kpi)} on average."
    return f"{_lead(kpi, way)}{where} was {number(value, kpi)}."


def _lead(kpi: Kpi, way: Measure) -> str:
    """How the KPI was worked out, and its label; "average" is not said twice."""
    label = label_inside(kpi)
    lead = _LEADS[way]
    word = lead.split(" ")[1]
    return f"The {label}" if word in label.lower().split() else lead.format(label)


def label_inside(kpi: Kpi) -> str:
    """The label as it reads inside a sentence: lower case, except where it starts with an abbreviation."""
    words = kpi.label.split(" ")
    if all(word.istitle() for word in words):
        return kpi.label.lower()
    first = words[0]
    return kpi.label[:1].lower() + kpi.label[1:] if first.istitle() else kpi.label


def _comparison(plan: Plan, table: Table, catalog: Catalog) -> str:
    (base, _), (other, _) = sides(plan)
    one, two, difference, percent = table.rows[0][-4:]
    kpi = (
        catalog.by_name.get(plan.kpis[0]) if plan.subject is Subject.VALUES and len(plan.kpis) == 1 else None
    )
    what = label_inside(kpi) if kpi else plan.subject.value
    if one is None or two is None:
        missing = " and ".join(label for label, value in ((base, one), (other, two)) if value is None)
        return f"There is nothing to compare: no readings for {missing}."
    signed = f"{'+' if Decimal(str(difference)) > 0 else ''}{number(difference, kpi)}"
    relative = (
        f" ({'+' if Decimal(str(percent)) > 0 else ''}{number(percent, digits=1)}%)"
        if percent is not None
        else ""
    )
    lead = f"{what[:1].upper()}{what[1:]}"
    where = _where(plan, periods=Dimension.PERIOD not in plan.by, compared=True)
    both = f"{number(two, kpi)} for {other} and {number(one, kpi)} for {base}"
    return f"{lead}{where}: {both}, a difference of {signed}{relative}."


def _many(plan: Plan, table: Table, catalog: Catalog) -> str:
    at = _value_column(plan, table.columns)
    dims = [i for i, column in enumerate(table.columns) if i < len(plan.by)]
    where = _where(plan)
    if not plan.by:
        kind = "anomalies" if plan.subject is Subject.ANOMALIES else "readings"
        more = " or more" if table.truncated else ""
        return f"{len(table.rows)}{more} {kind}{_of_kpis(plan, catalog)}{where}."
    kpi = catalog.by_name[plan.kpis[0]] if len(plan.kpis) == 1 and plan.subject is Subject.VALUES else None
    what = label_inside(kpi) if kpi else ("result" if plan.subject is Subject.VALUES else plan.subject.value)
    first = table.rows[0]
    shown = _cell(table.columns[at], first[at], kpi)
    if plan.top == 1 and plan.order in _RANKED and len(table.rows) == 1:
        if plan.skip:
            ranked = f"Number {plan.skip + 1} by {what}{where}, {_RANKED[plan.order]} first,"
            return f"{ranked} is {_members(first, dims)}: {shown}."
        number_word = "number of " if plan.subject is not Subject.VALUES else ""
        return f"{_members(first, dims)} had the {_RANKED[plan.order]} {number_word}{what}{where}: {shown}."
    if len(table.rows) == 1:
        where = _where(plan, compared=True)
        whole = " of the whole" if plan.calculation is Calculation.SHARE else ""
        return f"{what[:1].upper()}{what[1:]} for {_members(first, dims)}{where}: {shown}{whole}."
    by = " and ".join(dim.value for dim in plan.by)
    lead = f"{what[:1].upper()}{what[1:]} by {by}{where}: {_rows(table)}"
    values = [row for row in table.rows if isinstance(row[at], int | float | Decimal)]
    if not values or Dimension.KPI in plan.by:
        return f"{lead}."
    high, low = (pick(values, key=lambda row: Decimal(str(row[at]))) for pick in (max, min))
    return (
        f"{lead}, from {_cell(table.columns[at], low[at], kpi)} ({_members(low, dims)})"
        f" to {_cell(table.columns[at], high[at], kpi)} ({_members(high, dims)})."
    )


def _about_names(plan: Plan, table: Table, catalog: Catalog) -> str:
    names = [column.name for column in table.columns]
    if plan.subject is Subject.KPIS and plan.kpis and "description" in names:
        said = []
        for row in table.rows:
            facts = dict(zip(names, row, strict=True))
            label = catalog.by_name[str(facts["kpi"])].label
            unit = f" Its unit is {facts['unit']}." if facts["unit"] else ""
            said.append(f"{label}: {str(facts['description'] or 'no description').rstrip('.')}.{unit}")
        return " ".join(said)
    if len(table.rows) == 1 and len(names) == 1:
        verb = "is" if table.rows[0][0] == 1 else "are"
        return f"There {verb} {number(table.rows[0][0], digits=0)} {names[0]}."
    if plan.measure is Measure.COUNT:
        return (
            f"{_rows(table)}: "
            + ", ".join(f"{a} {number(b, digits=0)}" for a, b in (r[:2] for r in table.rows))
            + "."
        )
    if len(table.rows) == 1 and len(names) == 2 and table.rows[0][1]:
        row = table.rows[0]
        return f"{row[0]} belongs to the {names[1]} {row[1]}."
    listed = ", ".join(str(row[0]) for row in table.rows[:20])
    return f"{listed}{' and more' if len(table.rows) > 20 else ''}."


def _value_column(plan: Plan, columns: Sequence[Column]) -> int:
    wanted = {
        Calculation.SHARE: "share_percent",
        Calculation.RUNNING_TOTAL: "running_total",
        Calculation.DIFFERENCE: "difference",
        Calculation.RATIO: "ratio",
        Calculation.PERCENT_RATIO: "ratio_percent",
        Calculation.CORRELATION: "correlation",
        Calculation.PERCENT_CHANGE: "percent_change",
    }.get(plan.calculation)
    names = [column.name for column in columns]
    return names.index(wanted) if wanted in names else min(len(plan.by), len(columns) - 1)


def _cell(column: Column, value: Value, kpi: Kpi | None) -> str:
    if column.name in {"ratio", "correlation"}:
        return number(value)
    if column.name in {"share_percent", "percent_change", "ratio_percent"}:
        return f"{number(value, digits=1)}%"
    return number(value, kpi)


def _members(row: Sequence[Value], dims: Sequence[int]) -> str:
    return ", ".join(number(row[i]) if not isinstance(row[i], int) else str(row[i]) for i in dims)


def _of_kpis(plan: Plan, catalog: Catalog) -> str:
    labels = [label_inside(catalog.by_name[name]) for name in plan.kpis]
    return f" of {' and '.join(labels)}" if labels else ""


def _where(plan: Plan, *, periods: bool = True, compared: bool = False) -> str:
    """Filters and periods, as ` for EMEA in Q3 2026`."""
    shown = [f for f in plan.filters if not (compared and f.dimension in plan.by)]
    only = [" and ".join(found.values) for found in shown if not found.exclude]
    without = [" and ".join(found.values) for found in shown if found.exclude]
    said = f" for {', '.join(only)}" if only else ""
    said += f" without {', '.join(without)}" if without else ""
    if periods and plan.periods and Dimension.PERIOD not in plan.by:
        labels = " and ".join(period.label for period in plan.periods)
        first = labels.split(" ")[0]
        bare = first in {"since", "until", "before", "after"} or labels.endswith("to date")
        said += f" {labels}" if bare else f" in {labels}"
    return said


def _only_nulls(plan: Plan, table: Table) -> bool:
    """Whether an ungrouped number came out empty: there were no readings."""
    return len(table.rows) == 1 and all(value is None for value in table.rows[0])


def _rows(table: Table) -> str:
    more = "more than " if table.truncated else ""
    return f"{more}{len(table.rows)} row{'s' if len(table.rows) != 1 else ''}"


def _spoken(name: str) -> str:
    return name.replace("_", " ")
