"""The answer in one plain sentence, from the plan and the rows that the database returned."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nlq.answer import Column, Table, Value
from nlq.catalog import Catalog, Kpi
from nlq.numbers import number, percent
from nlq.period import Period
from nlq.plan import expressions
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Order, Plan, Subject
from nlq.plan.sides import sides
from nlq.plan.words import counted, in_periods, kind_words, label_inside, named, period_words
from nlq.words import N_, all_of, gettext, ngettext

_SAID: Mapping[Measure, str] = {
    Measure.SUM: N_("The total %(kpi)s%(where)s was %(value)s."),
    Measure.AVERAGE: N_("The average %(kpi)s%(where)s was %(value)s."),
    Measure.MIN: N_("The lowest reading of %(kpi)s%(where)s was %(value)s."),
    Measure.MAX: N_("The highest reading of %(kpi)s%(where)s was %(value)s."),
    Measure.MEDIAN: N_("The median %(kpi)s%(where)s was %(value)s."),
    Measure.LAST: N_("The latest %(kpi)s%(where)s was %(value)s."),
    Measure.COUNT: N_("The number of readings of %(kpi)s%(where)s was %(value)s."),
}
_RATIOS = {Calculation.RATIO, Calculation.PERCENT_RATIO}
_RANKED: Mapping[Order, tuple[str, str]] = {
    Order.HIGH: (N_("%(members)s had the highest %(what)s%(where)s: %(value)s."), N_("highest first")),
    Order.LOW: (N_("%(members)s had the lowest %(what)s%(where)s: %(value)s."), N_("lowest first")),
    Order.BEST: (N_("%(members)s had the best %(what)s%(where)s: %(value)s."), N_("best first")),
    Order.WORST: (N_("%(members)s had the worst %(what)s%(where)s: %(value)s."), N_("worst first")),
}
_SUBJECTS: Mapping[Subject, str] = {
    Subject.VALUES: N_("values"),
    Subject.READINGS: N_("readings"),
    Subject.ANOMALIES: N_("anomalies"),
}
_MOST_LISTED = 20


def sentence(plan: Plan, table: Table, catalog: Catalog) -> str:
    """What `table`, the result of `plan`, says."""
    if not table.rows or _only_nulls(plan, table):
        none = N_("There are no rows for this question: nothing was found%(where)s.")
        return gettext(none, where=_where(plan))
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


def sentence_for_sql(table: Table) -> str:
    """What the result of a statement that a model wrote says."""
    if not table.rows:
        return gettext("There are no rows for this question.")
    if len(table.rows) == 1 and len(table.columns) == 1:
        return gettext("The answer is %(value)s.", value=number(table.rows[0][0]))
    if len(table.rows) == 1:
        pairs = zip(table.columns, table.rows[0], strict=True)
        said = ", ".join(f"{_spoken(c.name)} {number(v)}" for c, v in pairs)
        return gettext("The answer: %(values)s.", values=said)
    return gettext("The answer has %(rows)s; see the table.", rows=_rows(table))


def _contributions(plan: Plan, table: Table, catalog: Catalog) -> str:
    """The team and the region whose numbers changed most."""
    kpi = catalog.by_name[plan.kpis[0]]
    first: dict[Value, str] = {}
    for dimension, member, *_, change in table.rows:
        sign = "+" if isinstance(change, int | float | Decimal) and change > 0 else ""
        first.setdefault(dimension, f"{kind_words(dimension)} {member} ({sign}{number(change, kpi)})")
    before, after = (period_words(period.label) for period in plan.periods)
    return gettext(
        "From %(before)s to %(after)s, %(kpi)s%(where)s changed most in %(members)s.",
        before=before,
        after=after,
        kpi=label_inside(kpi),
        where=_where(plan, periods=False),
        members=all_of(first.values()),
    )


def _correlation(plan: Plan, value: Value, catalog: Catalog) -> str:
    labels = all_of(label_inside(catalog.by_name[name]) for name in plan.kpis)
    said = (
        N_("The correlation of %(kpis)s by %(unit)s%(where)s is %(value)s (%(scale)s).")
        if len(plan.kpis) > 1
        else N_("The correlation of %(kpis)s with the %(unit)s before%(where)s is %(value)s (%(scale)s).")
    )
    return gettext(
        said,
        kpis=labels,
        unit=named((plan.each or Dimension.MONTH).value),
        where=_where(plan),
        value=number(value, digits=2),
        scale=gettext("1: they move together, -1: opposite, 0: neither"),
    )


def _ratio(plan: Plan, value: Value, catalog: Catalog) -> str:
    one, other = (label_inside(catalog.by_name[name]) for name in plan.kpis)
    said = number(value)
    return gettext(
        "%(one)s divided by %(other)s%(where)s: %(value)s.",
        one=_beginning(one),
        other=other,
        where=_where(plan),
        value=percent(said) if plan.calculation is Calculation.PERCENT_RATIO else said,
    )


def _single(plan: Plan, value: Value, catalog: Catalog) -> str:
    where = _where(plan)
    if plan.count and plan.by:
        return _matching(plan.by[-1], value, where)
    if plan.subject is Subject.ANOMALIES:
        return _of_anomalies(plan, value, catalog)
    if plan.subject is Subject.READINGS or plan.count:
        return ngettext(
            "There was %(num)s reading%(kpis)s%(where)s.",
            "There were %(num)s readings%(kpis)s%(where)s.",
            _count(value),
            **_counted(plan, value, catalog),
        )
    if not plan.kpis:
        return gettext("The answer%(where)s is %(value)s.", where=where, value=number(value))
    kpi = catalog.by_name[plan.kpis[0]]
    shown = number(value, kpi)
    if plan.each:
        return gettext(
            "%(kpi)s per %(unit)s%(where)s: %(value)s on average.",
            kpi=_beginning(label_inside(kpi)),
            unit=named(plan.each.value),
            where=where,
            value=shown,
        )
    said = _lead(kpi, expressions.how(kpi, plan.measure))
    return gettext(said, kpi=label_inside(kpi), where=where, value=shown)


def _matching(dimension: Dimension, value: Value, where: str) -> str:
    """How many members of a dimension fulfil the conditions."""
    count = _count(value)
    members = counted(dimension, count, number(value, digits=0))
    return ngettext(
        "%(members)s matches%(where)s.", "%(members)s match%(where)s.", count, members=members, where=where
    )


def _of_anomalies(plan: Plan, value: Value, catalog: Catalog) -> str:
    """One number of anomalies: their value, how many there are in each unit of time, how many there are."""
    said = _counted(plan, value, catalog)
    if plan.measure is not Measure.USUAL:
        what = gettext("value of the anomalies") + said["kpis"]
        return gettext(_SAID[plan.measure], kpi=what, where=said["where"], value=number(value))
    if plan.each:
        often = N_("There were %(num)s anomalies per %(unit)s on average%(kpis)s%(where)s.")
        return gettext(often, **{**said, "num": number(value), "unit": named(plan.each.value)})
    return ngettext(
        "There was %(num)s anomaly%(kpis)s%(where)s.",
        "There were %(num)s anomalies%(kpis)s%(where)s.",
        _count(value),
        **said,
    )


def _counted(plan: Plan, value: Value, catalog: Catalog) -> dict[str, str]:
    """What a sentence says that counts: the number, of which KPIs, and where."""
    return {"num": number(value, digits=0), "kpis": _of_kpis(plan, catalog), "where": _where(plan)}


def _count(value: Value) -> int:
    return int(value) if isinstance(value, int | float | Decimal) else 0


def _lead(kpi: Kpi, way: Measure) -> str:
    """How the sentence on a KPI is made that is worked out in this way; "average" is not said twice."""
    said = _SAID[way]
    word = said.split(" ")[1]
    return N_("The %(kpi)s%(where)s was %(value)s.") if word in kpi.label.lower().split() else said


def _comparison(plan: Plan, table: Table, catalog: Catalog) -> str:
    (base, _), (other, _) = compared = sides(plan)
    base, other = (_side(label, side) for label, side in compared)
    one, two, difference, change = table.rows[0][-4:]
    kpi = (
        catalog.by_name.get(plan.kpis[0]) if plan.subject is Subject.VALUES and len(plan.kpis) == 1 else None
    )
    what = label_inside(kpi) if kpi else gettext(_SUBJECTS[plan.subject])
    if one is None or two is None:
        missing = all_of(label for label, value in ((base, one), (other, two)) if value is None)
        return gettext("There is nothing to compare: no readings for %(missing)s.", missing=missing)
    signed = f"{'+' if Decimal(str(difference)) > 0 else ''}{number(difference, kpi)}"
    relative = (
        f" ({'+' if Decimal(str(change)) > 0 else ''}{percent(number(change, digits=1))})"
        if change is not None
        else ""
    )
    return gettext(
        "%(what)s%(where)s: %(two)s for %(other)s and %(one)s for %(base)s, a difference of %(difference)s.",
        what=_beginning(what),
        where=_where(plan, periods=Dimension.PERIOD not in plan.by, compared=True),
        two=number(two, kpi),
        other=other,
        one=number(one, kpi),
        base=base,
        difference=f"{signed}{relative}",
    )


def _side(label: str, side: Period | Filter) -> str:
    return period_words(label) if isinstance(side, Period) else label


def _many(plan: Plan, table: Table, catalog: Catalog) -> str:
    if not plan.by:
        return _listed(plan, table, catalog)
    at = _value_column(plan, table.columns)
    kpi = catalog.by_name[plan.kpis[0]] if len(plan.kpis) == 1 and plan.subject is Subject.VALUES else None
    rest = gettext("result") if plan.subject is Subject.VALUES else gettext(_SUBJECTS[plan.subject])
    what = label_inside(kpi) if kpi else rest
    if plan.top == 1 and plan.order in _RANKED and len(table.rows) == 1:
        return _first(plan, table, what, _cell(table.columns[at], table.rows[0][at], kpi))
    if len(table.rows) == 1:
        said = (
            N_("%(what)s for %(members)s%(where)s: %(value)s of the whole.")
            if plan.calculation is Calculation.SHARE
            else N_("%(what)s for %(members)s%(where)s: %(value)s.")
        )
        return gettext(
            said,
            what=_beginning(what),
            members=_members(plan, table.rows[0]),
            where=_where(plan, compared=True),
            value=_cell(table.columns[at], table.rows[0][at], kpi),
        )
    return _from_low_to_high(plan, table, what, at, kpi)


def _listed(plan: Plan, table: Table, catalog: Catalog) -> str:
    """How many single readings or anomalies there are in the table."""
    count = len(table.rows)
    num = gettext("%(num)s or more", num=count) if table.truncated else str(count)
    said = {"num": num, "kpis": _of_kpis(plan, catalog), "where": _where(plan)}
    if plan.subject is Subject.ANOMALIES:
        return ngettext(
            "%(num)s anomaly%(kpis)s%(where)s.", "%(num)s anomalies%(kpis)s%(where)s.", count, **said
        )
    return ngettext("%(num)s reading%(kpis)s%(where)s.", "%(num)s readings%(kpis)s%(where)s.", count, **said)


def _first(plan: Plan, table: Table, what: str, shown: str) -> str:
    """Who is first, or at another place, of a ranking."""
    ranked, order = _RANKED[plan.order]
    said = {"members": _members(plan, table.rows[0]), "where": _where(plan), "value": shown}
    if plan.skip:
        place = N_("Number %(place)s by %(what)s%(where)s, %(order)s, is %(members)s: %(value)s.")
        return gettext(place, place=plan.skip + 1, order=gettext(order), what=what, **said)
    counts = plan.subject is not Subject.VALUES
    return gettext(ranked, what=gettext("number of %(what)s", what=what) if counts else what, **said)


def _from_low_to_high(plan: Plan, table: Table, what: str, at: int, kpi: Kpi | None) -> str:
    """How many rows there are, and the lowest and the highest of them."""
    said = {
        "what": _beginning(what),
        "dimensions": all_of(named(dim.value) for dim in plan.by),
        "where": _where(plan),
        "rows": _rows(table),
    }
    values = [row for row in table.rows if isinstance(row[at], int | float | Decimal)]
    if not values or Dimension.KPI in plan.by:
        return gettext("%(what)s by %(dimensions)s%(where)s: %(rows)s.", **said)
    low, high = (pick(values, key=lambda row: Decimal(str(row[at]))) for pick in (min, max))
    return gettext(
        "%(what)s by %(dimensions)s%(where)s: %(rows)s, from %(low)s (%(lowest)s) to %(high)s (%(highest)s).",
        **said,
        low=_cell(table.columns[at], low[at], kpi),
        lowest=_members(plan, low),
        high=_cell(table.columns[at], high[at], kpi),
        highest=_members(plan, high),
    )


def _about_names(plan: Plan, table: Table, catalog: Catalog) -> str:
    names = [column.name for column in table.columns]
    first = table.rows[0]
    if plan.subject is Subject.KPIS and plan.kpis and "description" in names:
        return " ".join(_definition(dict(zip(names, row, strict=True)), catalog) for row in table.rows)
    if plan.count and len(table.rows) == 1 and len(names) == 1:
        count = _count(first[0])
        thing = plan.by[0].value if plan.by else plan.subject.value.removesuffix("s")
        things = counted(thing, count, number(first[0], digits=0))
        return ngettext("There is %(things)s.", "There are %(things)s.", count, things=things)
    if plan.measure is Measure.COUNT:
        pairs = ", ".join(f"{a} {number(b, digits=0)}" for a, b in (row[:2] for row in table.rows))
        return f"{_rows(table)}: {pairs}."
    if len(table.rows) == 1 and len(names) == 2 and first[1]:
        belongs = N_("%(name)s belongs to the %(dimension)s %(whole)s.")
        return gettext(belongs, name=first[0], dimension=named(names[1]), whole=first[1])
    listed = ", ".join(str(row[0]) for row in table.rows[:_MOST_LISTED])
    return gettext("%(names)s and more.", names=listed) if len(table.rows) > _MOST_LISTED else f"{listed}."


def _definition(facts: Mapping[str, Value], catalog: Catalog) -> str:
    label = catalog.by_name[str(facts["kpi"])].label
    description = str(facts["description"] or gettext("no description")).rstrip(".")
    unit = gettext("Its unit is %(unit)s.", unit=facts["unit"]) if facts["unit"] else ""
    return f"{label}: {description}. {unit}".strip()


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
        return percent(number(value, digits=1))
    return number(value, kpi)


def _members(plan: Plan, row: Sequence[Value]) -> str:
    """What a row is about: the members of its dimensions."""
    return ", ".join(_member(dim, value) for dim, value in zip(plan.by, row, strict=False))


def _member(dimension: Dimension, value: Value) -> str:
    if dimension is Dimension.PERIOD:
        return period_words(str(value))
    return str(value) if isinstance(value, int) else number(value)


def _of_kpis(plan: Plan, catalog: Catalog) -> str:
    """The KPIs that readings or anomalies are of, as ` of revenue`."""
    labels = all_of(label_inside(catalog.by_name[name]) for name in plan.kpis)
    return gettext(" of %(kpis)s", kpis=labels) if labels else ""


def _where(plan: Plan, *, periods: bool = True, compared: bool = False) -> str:
    """Filters and periods, as ` for EMEA in Q3 2026`."""
    shown = [f for f in plan.filters if not (compared and f.dimension in plan.by)]
    only = ", ".join(all_of(found.values) for found in shown if not found.exclude)
    without = ", ".join(all_of(found.values) for found in shown if found.exclude)
    said = gettext(" for %(names)s", names=only) if only else ""
    said += gettext(" without %(names)s", names=without) if without else ""
    if periods and plan.periods and Dimension.PERIOD not in plan.by:
        said += f" {in_periods(plan.periods)}"
    return said


def _beginning(words: str) -> str:
    """Words as they begin a sentence."""
    return words[:1].upper() + words[1:]


def _only_nulls(plan: Plan, table: Table) -> bool:
    """Whether an ungrouped number came out empty: there were no readings."""
    return len(table.rows) == 1 and all(value is None for value in table.rows[0])


def _rows(table: Table) -> str:
    rows = ngettext("%(num)s row", "%(num)s rows", len(table.rows))
    return gettext("more than %(rows)s", rows=rows) if table.truncated else rows


def _spoken(name: str) -> str:
    return name.replace("_", " ")
