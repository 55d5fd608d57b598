"""From links to a plan: what linking is sure of is set, what it leaves open is for the model to choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from nlq.catalog import Aggregation, Catalog
from nlq.linking.lexicon import Kind
from nlq.linking.link import Links, sure, tied
from nlq.linking.points import Calendar
from nlq.linking.words import stems
from nlq.period import Grain, Period, shift, shifted, spoken_range, unit
from nlq.plan.follow_up import is_follow_up, merged
from nlq.plan.model import Calculation, Condition, Dimension, Filter, Measure, Order, Plan, Subject

_DIMENSIONS = {
    Kind.KPI: Dimension.KPI,
    Kind.TEAM: Dimension.TEAM,
    Kind.DEPARTMENT: Dimension.DEPARTMENT,
    Kind.REGION: Dimension.REGION,
    Kind.COUNTRY: Dimension.COUNTRY,
    Kind.CATEGORY: Dimension.CATEGORY,
    Kind.SEVERITY: Dimension.SEVERITY,
}
_NAME_SUBJECTS = {
    Dimension.TEAM: Subject.TEAMS,
    Dimension.DEPARTMENT: Subject.TEAMS,
    Dimension.REGION: Subject.REGIONS,
    Dimension.COUNTRY: Subject.REGIONS,
    Dimension.KPI: Subject.KPIS,
    Dimension.CATEGORY: Subject.KPIS,
}
_PAIRS = {Calculation.RATIO, Calculation.PERCENT_RATIO}
_AVERAGES = {Calculation.ABOVE_AVERAGE, Calculation.BELOW_AVERAGE}
_COMPARISONS = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
_CHANGES = {Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS}


@dataclass(frozen=True)
class Draft:
    """A plan as far as the question says it, and the slots that are left to choose."""

    plan: Plan
    kpis: tuple[str, ...] = ()
    """KPIs to choose from, where the question does not settle it."""
    unread: tuple[str, ...] = ()
    """Words that the plan does not account for."""
    beyond: bool = False
    """The question asks for what no plan can say."""
    ask: tuple[str, ...] = ()
    """KPIs that the question can mean equally well: ask back."""
    refuse: str | None = None
    """`change`: it asks to change data; `nothing`: nothing of it is in the data; or what is off limits."""
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def bare(self) -> bool:
        """Whether the question names nothing of the data but, perhaps, a KPI in other words."""
        plan = self.plan
        return not (plan.filters or plan.periods or plan.by or plan.conditions or plan.calculation != "none")

    @property
    def settled(self) -> bool:
        """Whether nothing is left for a model to decide."""
        return not (self.kpis or self.beyond)


def draft(
    links: Links,
    catalog: Catalog,
    calendar: Calendar,
    previous: Plan | None = None,
    chosen: tuple[str, ...] = (),
) -> Draft:
    """The plan that `links` say.

    Args:
        links: the linked question.
        catalog: what the links are links to.
        calendar: what periods are relative to.
        previous: the plan of the question before in the same conversation, for a follow-up.
        chosen: the KPIs that were chosen from earlier drafts' `kpis`.
    """
    return _Drafter(links, catalog, calendar, previous, chosen).draft()


class _Drafter:
    def __init__(
        self,
        links: Links,
        catalog: Catalog,
        calendar: Calendar,
        previous: Plan | None,
        chosen: tuple[str, ...],
    ) -> None:
        self.chosen = chosen
        self.links, self.catalog = links, catalog
        self.today, self.year_start = calendar.today, calendar.fiscal_start
        self.cues = links.cues
        self.previous = previous if previous and is_follow_up(links, previous) else None

    def draft(self) -> Draft:
        """The draft; see `draft`."""
        if self.cues.changes_data:
            return Draft(Plan(), refuse="change")
        if self.links.off_limits:
            return Draft(Plan(), refuse=self.links.off_limits)
        kpis, choices, ask = self._kpis()
        if self.previous and not self.links.of(Kind.KPI) and not self.chosen:
            kpis, choices, ask = (), (), ()
        subject = self._subject(bool(kpis or choices))
        filters = self._filters(subject)
        if subject in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}:
            plan = self._name_plan(subject, kpis, filters)
            if self.previous:
                plan = merged(plan, self.previous, self.links)
            return Draft(plan, unread=self.links.leftovers)
        if ask and subject is Subject.VALUES:
            return Draft(Plan(), ask=ask)
        if subject is Subject.READINGS and not kpis and self.links.leftovers and not self.previous:
            choices = choices or tuple(self.catalog.by_name)
        if subject is Subject.VALUES and not kpis and not choices:
            if self.previous:
                kpis = self.previous.kpis
            elif (filters or self.links.all_kpis) and not self.links.leftovers:
                kpis = self._kpis_of_category(filters)
                filters = tuple(f for f in filters if f.dimension is not Dimension.CATEGORY)
            elif not self.catalog.kpis or not self._has_content():
                return Draft(Plan(), refuse="nothing")
            else:
                choices = tuple(kpi.name for kpi in self.catalog.kpis)
        plan = self._grouped(Plan(subject, kpis, filters=filters), open_kpi=bool(choices))
        if self.previous:
            plan = merged(plan, self.previous, self.links)
        plan = self._placed(self._measured(self._calculated(self._ordered(plan))))
        return Draft(plan, choices, self._unread(), self.cues.beyond)

    def _unread(self) -> tuple[str, ...]:
        return self.links.leftovers

    def _kpis(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """KPIs that are sure, that are to be chosen from, that are to be asked about."""
        named = self.links.of(Kind.KPI)
        if self.chosen:
            known = tuple(m.values[0] for m in named if len(m.values) == 1)
            kpis = self._in_order(known, *self.chosen)
            return kpis, self._second(kpis), ()
        ambiguous = next((mention for mention in named if len(mention.values) > 1), None)
        if ambiguous:
            others = {value for mention in named if len(mention.values) == 1 for value in mention.values}
            if not others.intersection(ambiguous.values):
                return (), (), ambiguous.values
        kpis = tuple(dict.fromkeys(m.values[0] for m in named if len(m.values) == 1))
        if len(kpis) == 1 and self._needs_two():
            if other := sure(self.links.further):
                return self._in_order(kpis, other), (), ()
            return kpis, self._second(kpis), ()
        if len(kpis) == 1 and self._joins_another() and (other := sure(self.links.further)):
            return self._in_order(kpis, other), (), ()
        if kpis:
            return kpis, (), ()
        if self.links.leftovers and self.links.candidates:
            likely = (name for name, _ in self.links.candidates)
            return (), tuple(dict.fromkeys((*likely, *self.catalog.by_name))), ()
        if name := sure(self.links.candidates):
            return (name,), self._second((name,)), ()
        if not self.links.leftovers and (equal := tied(self.links.candidates)):
            return (), (), equal
        return (), tuple(name for name, _ in self.links.candidates), ()

    def _joins_another(self) -> bool:
        """Whether "and", "versus" or a pair's calculation ties a second KPI to the one that is named."""
        joined = {"and", "versus", "with", "to"} & {token.folded for token in self.links.tokens}
        return bool(joined) or self.cues.calculation is Calculation.CORRELATION

    def _in_order(self, known: tuple[str, ...], *others: str) -> tuple[str, ...]:
        """The KPIs of a pair as the question puts them, or a single one."""
        return tuple(dict.fromkeys((*others, *known) if self.cues.denominator else (*known, *others)))

    def _needs_two(self) -> bool:
        """Whether a calculation takes two KPIs and words are left over that may name one."""
        calculation = self.cues.calculation
        joined = {"and", "with", "between"} & {token.folded for token in self.links.tokens}
        pairs = calculation in _PAIRS or (calculation is Calculation.CORRELATION and bool(joined))
        return pairs and bool(self.links.leftovers)

    def _second(self, kpis: tuple[str, ...]) -> tuple[str, ...]:
        """The KPIs to choose the second one of a pair from; none where one is enough."""
        if len(kpis) != 1 or not self._needs_two():
            return ()
        likely = (name for name, _ in self.links.further)
        return tuple(n for n in dict.fromkeys((*likely, *self.catalog.by_name)) if n not in kpis)

    def _subject(self, has_kpi: bool) -> Subject:
        cues = self.cues
        averaged = cues.measure in {Measure.AVERAGE, Measure.MEDIAN, Measure.SUM}
        lists = cues.subject is Subject.READINGS and not (
            averaged and not cues.counted and not cues.conditions
        )
        if self.previous and (cues.subject is None or (cues.subject is Subject.READINGS and not lists)):
            return self.previous.subject
        if cues.definition and has_kpi and not self.links.periods:
            return Subject.KPIS
        if cues.subject is Subject.ANOMALIES:
            return Subject.ANOMALIES
        if cues.subject is Subject.READINGS:
            averaged = cues.measure in {Measure.AVERAGE, Measure.MEDIAN, Measure.SUM}
            return (
                Subject.VALUES if averaged and not cues.counted and not cues.conditions else Subject.READINGS
            )
        named = self.links.of(Kind.KPI)
        plain = not (cues.order or cues.calculation or cues.conditions or cues.by or self.links.periods)
        if cues.names in _NAME_SUBJECTS and plain and not named and not sure(self.links.candidates):
            return _NAME_SUBJECTS[cues.names]
        if cues.names in _NAME_SUBJECTS and not cues.trend:
            about_kpi = bool(named) and not (plain and self._asks_who_reports())
            if (
                not about_kpi
                and not has_kpi
                and not cues.conditions
                and not cues.order
                and not cues.calculation
            ):
                return _NAME_SUBJECTS[cues.names]
            if named and plain and self._asks_who_reports():
                return _NAME_SUBJECTS[cues.names]
        return Subject.VALUES

    def _asks_who_reports(self) -> bool:
        said = {token.stem for token in self.links.tokens}
        return bool(said & {"report", "track", "measure", "record", "own", "tracked", "reporting", "belong"})

    def _filters(self, subject: Subject) -> tuple[Filter, ...]:
        found: dict[tuple[Dimension, bool], list[str]] = {}
        for mention in self.links.mentions:
            if mention.kind is Kind.KPI and not mention.excluded:
                continue
            values = found.setdefault((_DIMENSIONS[mention.kind], mention.excluded), [])
            values += [value for value in mention.values if value not in values]
        filters = (Filter(dim, tuple(values), excluded) for (dim, excluded), values in found.items())
        return tuple(
            f for f in filters if f.dimension is not Dimension.SEVERITY or subject is Subject.ANOMALIES
        )

    def _has_content(self) -> bool:
        return bool(self.links.leftovers or self.links.mentions or self.links.candidates)

    def _kpis_of_category(self, filters: tuple[Filter, ...]) -> tuple[str, ...]:
        wanted = {v for f in filters if f.dimension is Dimension.CATEGORY for v in f.values}
        return tuple(kpi.name for kpi in self.catalog.kpis if not wanted or kpi.category in wanted)

    def _name_plan(self, subject: Subject, kpis: tuple[str, ...], filters: tuple[Filter, ...]) -> Plan:
        cues = self.cues
        if cues.definition and kpis:
            return Plan(Subject.KPIS, kpis)
        unit_dim = (
            cues.names
            if cues.names in {Dimension.DEPARTMENT, Dimension.COUNTRY, Dimension.CATEGORY}
            else None
        )
        own = {f.dimension for f in filters}
        if unit_dim and {Dimension.TEAM, Dimension.REGION} & own:
            unit_dim = None
        grouped = next((d for d in cues.by if d in _NAME_SUBJECTS and d is not cues.names), None)
        counted = cues.counted or cues.order is not None
        periods = tuple(found.period for found in self.links.periods)
        filters += self._units() if subject is Subject.KPIS else ()
        if grouped and counted:
            return Plan(subject, kpis, Measure.COUNT, filters, periods, by=(grouped,))
        by = (unit_dim,) if unit_dim else ()
        return Plan(subject, kpis, filters=filters, periods=periods, by=by, count=cues.counted)

    def _units(self) -> tuple[Filter, ...]:
        """Units that a question about KPIs names: "which KPIs are measured in minutes"."""
        said = {token.stem for token in self.links.tokens} | {t.written for t in self.links.tokens}
        units = dict.fromkeys(kpi.unit for kpi in self.catalog.kpis if kpi.unit)
        named = tuple(
            unit for unit in units if unit in said or set(stems(unit)) & said == set(stems(unit)) != set()
        )
        return (Filter(Dimension.UNIT, named),) if named else ()

    def _grouped(self, plan: Plan, *, open_kpi: bool) -> Plan:
        """Periods and dimensions."""
        cues = self.cues
        by = [*cues.by, *(dim for dim in cues.ranked if dim not in cues.by)]
        if plan.subject is not Subject.ANOMALIES:
            by = [dim for dim in by if dim is not Dimension.SEVERITY]
        for f in plan.filters:
            several = len(f.values) > 1 and not f.exclude and not cues.combined
            if several and f.dimension not in by and f.dimension is not Dimension.SEVERITY:
                by.insert(0, f.dimension)
        pinned = {f.dimension for f in plan.filters if len(f.values) == 1 and not f.exclude}
        if cues.calculation is not Calculation.SHARE:
            by = [dim for dim in by if dim not in pinned]
        if len(plan.kpis) > 1 and Dimension.KPI not in by and plan.subject is Subject.VALUES:
            by.insert(0, Dimension.KPI)
        if len(plan.kpis) == 1 and not open_kpi:
            by = [dim for dim in by if dim is not Dimension.KPI]
        periods = tuple(dict.fromkeys(found.period for found in self.links.periods))
        by += self._time_grain(by, periods)
        if len(periods) > 1 and not cues.combined:
            by = [dim for dim in by if dim not in _units_of(periods)]
            if not any(dim.is_time for dim in by):
                by.append(Dimension.PERIOD)
        year_start = self.year_start if self.cues.fiscal else 1
        return replace(plan, periods=periods, by=tuple(dict.fromkeys(by)), year_start=year_start)

    def _time_grain(self, by: list[Dimension], periods: tuple[Period, ...]) -> list[Dimension]:
        """The calendar unit of a trend whose unit the question leaves out."""
        said_each = any(
            token.folded in {"each", "every"} and found.count > 1 and 0 < found.start - index <= 3
            for found in self.links.periods
            for index, token in enumerate(self.links.tokens)
        )
        if said_each and self.links.periods[0].unit:
            return [Dimension(self.links.periods[0].unit.value)]
        running = self.cues.calculation in {Calculation.RUNNING_TOTAL, Calculation.MOVING_AVERAGE}
        if not (self.cues.trend or running) or any(dim.is_time for dim in by) or len(periods) > 1:
            return []
        counted = self.links.periods[0] if self.links.periods else None
        if counted and counted.count > 1 and counted.unit:
            return [Dimension(counted.unit.value)]
        period = periods[0] if periods else None
        if cues_unit := self.cues.window_unit:
            return [cues_unit]
        short = period and period.start and (period.end or self.today) and _days(period, self.today) <= 62
        return [Dimension.WEEK if short else Dimension.MONTH]

    def _ordered(self, plan: Plan) -> Plan:
        cues = self.cues
        order, top = cues.order, cues.top
        within: tuple[Dimension, ...] = ()
        if order is None:
            order = Order.HIGH if cues.sorted or cues.first else plan.order
            order = Order.HIGH if cues.first and order is Order.NAME else order
            return replace(plan, order=order, top=cues.first or plan.top)
        if self.previous and not cues.ranked and top is None and cues.single_out and plan.by:
            top = plan.top or 1
        if not plan.by:
            one = top or (1 if not self._plural() else None)
            return replace(plan, order=order, top=one if plan.subject is not Subject.VALUES else None)
        if cues.ranked and top is None and cues.single:
            top = 1
        outer = tuple(dim for dim in plan.by if dim not in cues.ranked)
        if cues.ranked and cues.by and outer and top:
            within = tuple(dim for dim in outer if dim in cues.by or dim is Dimension.KPI)
            return replace(plan, by=(*outer, *cues.ranked), order=order, top=top, within=within)
        return replace(plan, order=order, top=top, within=within)

    def _plural(self) -> bool:
        """Whether several readings or anomalies are asked for."""
        return any(t.folded in {"readings", "anomalies", "values", "outliers"} for t in self.links.tokens)

    def _calculated(self, plan: Plan) -> Plan:
        cues = self.cues
        calculation = cues.calculation or plan.calculation
        adds_up = plan.subject is Subject.VALUES
        if calculation is Calculation.CONTRIBUTION and adds_up and plan.kpis:
            return self._explained(plan)
        if calculation is Calculation.CORRELATION and adds_up:
            return self._correlated(plan)
        if calculation in {Calculation.CONTRIBUTION, Calculation.CORRELATION}:
            calculation = Calculation.NONE
        if calculation in _PAIRS:
            plan, calculation = self._paired(plan, calculation)
        moved = cues.rose or cues.fell or cues.better or cues.worse
        if calculation is Calculation.NONE and moved and cues.ranked and len(plan.periods) == 2:
            calculation = Calculation.DIFFERENCE
        if cues.year_over_year:
            plan, calculation = self._year_over_year(plan)
        if calculation in _CHANGES:
            plan, calculation = self._changes(plan, calculation)
        if calculation in _COMPARISONS:
            plan, calculation = self._comparison(plan, calculation)
        if calculation is Calculation.SHARE and not _named_dimensions(plan):
            plan, calculation = _share_of_filter(plan)
        if calculation in {Calculation.ABOVE_AVERAGE, Calculation.BELOW_AVERAGE} and not plan.by:
            plan = replace(plan, by=(Dimension.TEAM,))
        return replace(plan, calculation=calculation, window=cues.window or plan.window)

    def _explained(self, plan: Plan) -> Plan:
        """Why a number changed: what changed most among the teams and regions, against the time before."""
        periods = plan.periods
        if len(periods) == 1 and self.links.periods and self.links.periods[0].parts:
            periods = self.links.periods[0].parts
        elif len(periods) == 1:
            periods = (_before(periods[0]), periods[0])
        elif not periods:
            last = unit(self.today.replace(day=1) - timedelta(days=1), Grain.MONTH)
            periods = (shifted(last, Grain.MONTH, -1), last)
        ordered = tuple(sorted(periods[:2], key=lambda p: p.start or date.min))
        return Plan(
            kpis=plan.kpis[:1],
            filters=plan.filters,
            periods=ordered,
            calculation=Calculation.CONTRIBUTION,
        )

    def _correlated(self, plan: Plan) -> Plan:
        if len(plan.kpis) == 1:
            unit_of = next((dim.value for dim in plan.by if dim.is_time), "month")
            plan = replace(plan, periods=tuple(p for p in plan.periods if p.grain != unit_of))
        times = [dim for dim in plan.by if dim.is_time]
        by = tuple(d for d in plan.by if not d.is_time and d not in {Dimension.KPI, Dimension.PERIOD})
        each = times[0] if times else Dimension.MONTH
        return replace(
            plan, by=by, each=each, calculation=Calculation.CORRELATION, order=Order.NAME, top=None
        )

    def _paired(self, plan: Plan, calculation: Calculation) -> tuple[Plan, Calculation]:
        if len(plan.kpis) != 2 and not self.chosen:
            return plan, Calculation.NONE
        return replace(plan, by=tuple(d for d in plan.by if d is not Dimension.KPI)), calculation

    def _placed(self, plan: Plan) -> Plan:
        """The order of what changed: what fell most is what changed least, better follows the KPI."""
        order = plan.order
        changes = plan.calculation in _COMPARISONS | _CHANGES
        if changes and order in {Order.HIGH, Order.LOW, Order.BEST, Order.WORST}:
            turned = {Order.HIGH: Order.LOW, Order.LOW: Order.HIGH}
            if self.cues.better or self.cues.worse:
                order = Order.BEST if self.cues.better else Order.WORST
            elif self.cues.fell:
                order = turned.get(order, Order.LOW)
        if changes and self._which_moved(plan):
            return replace(plan, conditions=(Condition(self._direction(plan), Decimal(0)),))
        if self.cues.place and plan.by:
            return replace(plan, order=order, skip=self.cues.place - 1, top=1)
        return replace(plan, order=order)

    def _which_moved(self, plan: Plan) -> bool:
        """Whether those are asked for that rose, fell, got better or worse: "which teams improved"."""
        cues = self.cues
        moved = cues.rose or cues.fell or cues.better or cues.worse
        several = bool(cues.ranked) and not cues.single and not cues.order and not plan.conditions
        return moved and several and set(cues.ranked) <= set(plan.by)

    def _direction(self, plan: Plan) -> str:
        """The sign of the change that is asked for."""
        cues = self.cues
        kpi = self.catalog.by_name.get(plan.kpis[0]) if plan.kpis else None
        up = kpi is None or kpi.direction.value == "up"
        if cues.better or cues.worse:
            return ">" if cues.better == up else "<"
        return "<" if cues.fell else ">"

    def _year_over_year(self, plan: Plan) -> tuple[Plan, Calculation]:
        if len(plan.periods) == 1 and not any(dim.is_time for dim in plan.by):
            period = plan.periods[0]
            periods = (shifted(period, Grain.YEAR, -1), period)
            return replace(plan, periods=periods, by=(*plan.by, Dimension.PERIOD)), Calculation.PERCENT_CHANGE
        by = plan.by if any(dim.is_time for dim in plan.by) else (*plan.by, Dimension.YEAR)
        return replace(plan, by=by), Calculation.PERCENT_FROM_PREVIOUS

    @staticmethod
    def _changes(plan: Plan, calculation: Calculation) -> tuple[Plan, Calculation]:
        """A change from the unit before needs units: a single one is compared with the one before it."""
        grain = plan.periods[0].grain if len(plan.periods) == 1 else None
        if grain and [dim for dim in plan.by if dim.is_time] == [Dimension(grain.value)]:
            by = tuple(dim for dim in plan.by if not dim.is_time)
            return replace(plan, by=by), Calculation.DIFFERENCE
        if any(dim.is_time for dim in plan.by) or Dimension.PERIOD in plan.by:
            return plan, calculation if Dimension.PERIOD not in plan.by else Calculation.DIFFERENCE
        if len(plan.periods) == 1 and plan.periods[0].grain:
            return plan, Calculation.DIFFERENCE
        return replace(plan, by=(*plan.by, Dimension.MONTH)), calculation

    def _comparison(self, plan: Plan, calculation: Calculation) -> tuple[Plan, Calculation]:
        if len(plan.periods) == 1 and not _compared_names(plan):
            parts = self.links.periods[0].parts if self.links.periods else ()
            period = plan.periods[0]
            times = any(dim.is_time for dim in plan.by)
            if parts and not times:
                return replace(plan, periods=parts, by=(*plan.by, Dimension.PERIOD)), calculation
            if not times and period.grain:
                periods = (shifted(period, period.grain, -1), period)
                return replace(plan, periods=periods, by=(*plan.by, Dimension.PERIOD)), calculation
        if len(plan.periods) < 2 and not _compared_names(plan):
            by = plan.by if any(dim.is_time for dim in plan.by) else (*plan.by, Dimension.MONTH)
            percent = calculation is Calculation.PERCENT_CHANGE
            return replace(plan, by=by), Calculation.PERCENT_FROM_PREVIOUS if percent else Calculation.CHANGE
        if len(plan.periods) == 2 and any(dim.is_time for dim in plan.by):
            by = (*(dim for dim in plan.by if not dim.is_time), Dimension.PERIOD)
            return replace(plan, by=tuple(dict.fromkeys(by))), calculation
        return plan, calculation

    def _measured(self, plan: Plan) -> Plan:
        """How readings become numbers, the conditions, and what is counted."""
        cues = self.cues
        if plan.calculation in {Calculation.CONTRIBUTION, Calculation.CORRELATION}:
            return plan
        measure = cues.measure or plan.measure
        if self._averages_units(plan):
            by = tuple(dim for dim in plan.by if dim is not cues.each)
            plan, measure = replace(plan, each=cues.each, by=by), Measure.USUAL
        elif plan.subject is Subject.ANOMALIES:
            plan, measure = self._anomaly_values(plan)
        if plan.subject is Subject.VALUES and not plan.by and cues.measure is None and cues.order:
            measure = {Order.HIGH: Measure.MAX, Order.LOW: Measure.MIN}.get(plan.order, measure)
            if plan.order in {Order.BEST, Order.WORST}:
                kpi = self.catalog.by_name.get(plan.kpis[0]) if plan.kpis else None
                up = (kpi is None or kpi.direction.value == "up") == (plan.order is Order.BEST)
                measure = Measure.MAX if up else Measure.MIN
        conditions = cues.conditions or plan.conditions
        subject = plan.subject
        if conditions and not plan.by and subject is Subject.VALUES:
            subject = Subject.READINGS
        if subject is Subject.READINGS and not cues.counted and conditions:
            plan = replace(plan, by=(), calculation=Calculation.NONE)
        if subject is Subject.READINGS and not plan.by:
            conditions = tuple(replace(c, on_reading=True) for c in conditions)
        if subject is not Subject.READINGS and cues.ranked:
            conditions = tuple(replace(c, on_reading=False) for c in conditions)
        count = plan.count or self._counts_rows(plan, subject, bool(conditions))
        if subject is Subject.ANOMALIES and cues.order and not cues.counted and not plan.by:
            count = False
        return replace(plan, subject=subject, measure=measure, conditions=conditions, count=count)

    def _averages_units(self, plan: Plan) -> bool:
        """Whether the mean of the totals of calendar units is asked for, rather than one of readings."""
        if self.cues.each is None or plan.calculation not in {Calculation.NONE, *_COMPARISONS}:
            return False
        if plan.subject is Subject.ANOMALIES:
            return True
        kpis = [self.catalog.by_name[name] for name in plan.kpis]
        return plan.subject is Subject.VALUES and any(k.aggregation is not Aggregation.AVERAGE for k in kpis)

    def _anomaly_values(self, plan: Plan) -> tuple[Plan, Measure]:
        """What was measured, where a question about anomalies asks for that and not how many there were."""
        cues = self.cues
        if cues.counted or cues.each:
            return plan, Measure.USUAL
        if cues.measure is Measure.LAST and not plan.by:
            return replace(plan, order=Order.NAME, top=cues.top or 1), Measure.USUAL
        if cues.order in {Order.HIGH, Order.LOW} and (cues.by_value or cues.measure):
            high = cues.order is Order.HIGH
            if cues.ranked or plan.by:
                return plan, Measure.MAX if high else Measure.MIN
            return replace(plan, top=cues.top or 1), Measure.USUAL
        averaged = cues.measure in {Measure.AVERAGE, Measure.MEDIAN, Measure.MAX, Measure.MIN}
        summed = cues.measure is Measure.SUM and cues.by_value
        return plan, cues.measure if cues.measure and (averaged or summed) else Measure.USUAL

    def _counts_rows(self, plan: Plan, subject: Subject, has_conditions: bool) -> bool:
        picks = plan.calculation in {Calculation.ABOVE_AVERAGE, Calculation.BELOW_AVERAGE} or has_conditions
        if subject is Subject.VALUES:
            return self.cues.counted and bool(self.cues.ranked) and picks
        return self.cues.counted and not plan.by


def _before(period: Period) -> Period:
    """The period of the same length right before."""
    if period.grain:
        return shifted(period, period.grain, -1)
    if period.start is None or period.end is None:
        return period
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    whole = period.start.day == period.end.day == 1
    start = shift(period.start, Grain.MONTH, -months) if whole else period.start - (period.end - period.start)
    return Period(start, period.start, spoken_range(start, period.start))


def _compared_names(plan: Plan) -> bool:
    several = any(f.dimension in plan.by and len(f.values) == 2 and not f.exclude for f in plan.filters)
    return several or (Dimension.KPI in plan.by and len(plan.kpis) == 2)


def _named_dimensions(plan: Plan) -> tuple[Dimension, ...]:
    return tuple(dim for dim in plan.by if not dim.is_time and dim is not Dimension.PERIOD)


def _share_of_filter(plan: Plan) -> tuple[Plan, Calculation]:
    """What is the share of is what the question names: "the share of EMEA"."""
    for found in plan.filters:
        if not found.exclude:
            return replace(plan, by=(found.dimension, *plan.by)), Calculation.SHARE
    return plan, Calculation.NONE


def _units_of(periods: tuple[Period, ...]) -> Mapping[Dimension, None]:
    """Calendar dimensions that each of the periods is one unit of: naming them says these already."""
    grains = {period.grain for period in periods}
    return {Dimension(grain.value): None for grain in grains if grain} if len(grains) == 1 else {}


def _days(period: Period, today: date) -> int:
    start = period.start or unit(today, Grain.YEAR).start
    end = period.end or today
    assert start is not None  # noqa: S101 - a year has a start
    return (end - start).days
