"""From links to a plan: what linking is sure of is set, what it leaves open is for the model to choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from nlq.catalog import Catalog
from nlq.linking.hints import SURE_SCORE
from nlq.linking.lexicon import Kind
from nlq.linking.link import Links, sure, tied
from nlq.linking.points import Calendar
from nlq.linking.units import said as units_said
from nlq.linking.vocabulary import DIMENSION_WORDS
from nlq.linking.words import stems
from nlq.period import Grain, Period, unit
from nlq.plan.calculating import Calculations
from nlq.plan.follow_up import is_follow_up, merged
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Order, Plan, Subject

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
_ITSELF = {"before", "previous", "prior", "preceding", "own", "itself", "last", "ago", "earlier"}
"""Words of the correlation of a KPI with its own earlier numbers."""
_LISTS = {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}
_MANY = 2
"""Words that nothing was found for and that make a list of names an unlikely answer."""


@dataclass(frozen=True)
class Draft:
    """A plan as far as the question says it, and the slots that are left to choose."""

    plan: Plan
    kpis: tuple[str, ...] = ()
    """KPIs to choose from, where the question does not settle it."""
    unread: tuple[str, ...] = ()
    """Words that the plan does not account for."""
    likely: tuple[str, ...] = ()
    """Those of `kpis` that words of the question speak for."""
    foreign: tuple[str, ...] = ()
    """Those of `unread` whose meaning is known, and is that of nothing in the catalogue."""
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
        self.chosen = (*links.chosen, *chosen)
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
            kpis, choices, ask = kpis if self._switches() else (), (), ()
        if self.previous and self.cues.denominator and len(kpis) == 1 and kpis != self.previous.kpis[:1]:
            kpis = (*self.previous.kpis[:1], *kpis)
        subject = self._subject(bool(kpis or choices))
        if subject in _LISTS and not kpis and len(self.links.leftovers) >= _MANY and not self.cues.definition:
            subject, choices = Subject.VALUES, choices or tuple(self.catalog.by_name)
        if subject is Subject.ANOMALIES and not (self.links.leftovers or self.links.candidates):
            choices = ()
        filters = self._filters(subject)
        if kpis and subject is Subject.VALUES:
            filters = tuple(f for f in filters if f.dimension is not Dimension.CATEGORY)
        if subject in _LISTS:
            plan = self._name_plan(subject, kpis, filters)
            if self.previous:
                plan = merged(plan, self.previous, self.links)
            return Draft(plan, unread=self.links.leftovers)
        if ask:
            return Draft(Plan(), ask=ask)
        if subject is Subject.READINGS and not kpis and self.links.leftovers and not self.previous:
            choices = choices or tuple(self.catalog.by_name)
        if subject is Subject.VALUES and not kpis and not choices:
            if self.previous:
                kpis = self.previous.kpis
            elif likely := self._kpis_of_a_category_word():
                choices = likely
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
        plan = Calculations(self.links, self.catalog, self.today, paired=bool(self.chosen)).of(
            self._ordered(plan)
        )
        likely = tuple(name for name, _ in self.links.candidates)
        return Draft(plan, choices, self.links.leftovers, likely, self.links.foreign, self.cues.beyond)

    def _switches(self) -> bool:
        """Whether a follow-up names another KPI by a loose word: "and the visits?"."""
        best = self.links.candidates[0][1] if self.links.candidates else 0.0
        return best >= SURE_SCORE and not (self.cues.by or self.cues.conditions)

    def _kpis(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """KPIs that are sure, that are to be chosen from, that are to be asked about."""
        named = self.links.of(Kind.KPI)
        if self.chosen:
            known = tuple(m.values[0] for m in named if len(m.values) == 1)
            kpis = self._in_order(known, *self.chosen)
            return kpis, self._second(kpis), ()
        others = {mention.values[0] for mention in named if len(mention.values) == 1}
        for mention in named:
            if len(mention.values) > 1 and not others.intersection(mention.values):
                return (), (), mention.values
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
            return (), tuple(dict.fromkeys((*equal, *self.catalog.by_name))), ()
        if not self.links.candidates and (counted := self._kpis_counted_in()):
            if len(counted) == 1 and not self.links.leftovers:
                return counted, (), ()
            return (), tuple(dict.fromkeys((*counted, *self.catalog.by_name))), ()
        return (), tuple(name for name, _ in self.links.candidates), ()

    def _kpis_counted_in(self) -> tuple[str, ...]:
        """The KPIs whose unit the question names: "how many kWh did we use"."""
        said = self._free_words() - DIMENSION_WORDS.keys()
        units = {kpi.name: {word for word in stems(kpi.unit) if len(word) > 1} for kpi in self.catalog.kpis}
        return tuple(name for name, words in units.items() if words and words <= said)

    def _free_words(self) -> set[str]:
        """The stems of the words that are part of no name and no period."""
        spans = [(m.start, m.end) for m in self.links.mentions]
        spans += [(period.start, period.end) for period in self.links.periods]
        named = {index for start, end in spans for index in range(start, end)}
        return {token.stem for i, token in enumerate(self.links.tokens) if i not in named}

    def _joins_another(self) -> bool:
        """Whether "and", "versus" or a pair's calculation ties a second KPI to the one that is named."""
        pair = self.cues.calculation in {*_PAIRS, Calculation.CORRELATION}
        said = {token.folded for token in self.links.tokens}
        return (
            bool({"and", "versus"} & said)
            or (pair and bool({"with", "to"} & said))
            or (self.cues.calculation is Calculation.CORRELATION)
        )

    def _in_order(self, known: tuple[str, ...], *others: str) -> tuple[str, ...]:
        """The KPIs of a pair as the question puts them, or a single one."""
        return tuple(dict.fromkeys((*others, *known) if self.cues.denominator else (*known, *others)))

    def _needs_two(self) -> bool:
        """Whether a calculation takes two KPIs and words are left over that may name one."""
        calculation = self.cues.calculation
        itself = _ITSELF & {token.folded for token in self.links.tokens}
        pairs = calculation in _PAIRS or (calculation is Calculation.CORRELATION and not itself)
        return pairs and bool(self.links.leftovers or self.links.further)

    def _second(self, kpis: tuple[str, ...]) -> tuple[str, ...]:
        """The KPIs to choose the second one of a pair from; none where one is enough."""
        if len(kpis) != 1 or not self._needs_two():
            return ()
        likely = (name for name, _ in self.links.further)
        return tuple(n for n in dict.fromkeys((*likely, *self.catalog.by_name)) if n not in kpis)

    def _subject(self, has_kpi: bool) -> Subject:
        cues = self.cues
        averaged = cues.measure in {Measure.AVERAGE, Measure.MEDIAN, Measure.SUM} or (
            cues.measure is Measure.LAST and not self._plural()
        )
        lists = cues.subject is Subject.READINGS and not (
            averaged and not cues.counted and not cues.conditions
        )
        if self.previous and (cues.subject is None or (cues.subject is Subject.READINGS and not lists)):
            return self.previous.subject
        asks_units = self.links.all_kpis and bool(self._units())
        if cues.definition and (has_kpi or asks_units) and not self.links.periods:
            return Subject.KPIS
        if cues.subject is Subject.ANOMALIES:
            return Subject.ANOMALIES
        if cues.subject is Subject.READINGS:
            return Subject.READINGS if lists else Subject.VALUES
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

    def _kpis_of_a_category_word(self) -> tuple[str, ...]:
        """The KPIs that a word may mean which also names a category, where it is not spoken of as one."""
        said = [m for m in self.links.of(Kind.CATEGORY) if not self.links.all_kpis]
        words = {self.links.tokens[at].stem for m in said for at in range(m.start, m.end)}
        return tuple(kpi.name for kpi in self.catalog.kpis if words & set(stems(kpi.label)))

    def _kpis_of_category(self, filters: tuple[Filter, ...]) -> tuple[str, ...]:
        wanted = {v for f in filters if f.dimension is Dimension.CATEGORY for v in f.values}
        return tuple(kpi.name for kpi in self.catalog.kpis if not wanted or kpi.category in wanted)

    def _name_plan(self, subject: Subject, kpis: tuple[str, ...], filters: tuple[Filter, ...]) -> Plan:
        cues = self.cues
        units = self._units() if self.links.all_kpis else ()
        if cues.definition and kpis and not units:
            return Plan(Subject.KPIS, kpis)
        kpis = () if units else kpis
        unit_dim = (
            cues.names
            if cues.names in {Dimension.DEPARTMENT, Dimension.COUNTRY, Dimension.CATEGORY}
            else None
        )
        own = {f.dimension for f in filters}
        if unit_dim and {Dimension.TEAM, Dimension.REGION} & own:
            unit_dim = None
        grouped = next(
            (d for d in (*cues.by, *cues.ranked) if d in _NAME_SUBJECTS and d is not cues.names), None
        )
        counted = cues.counted or cues.order is not None
        periods = tuple(found.period for found in self.links.periods)
        filters += self._units() if subject is Subject.KPIS and not kpis else ()
        if grouped and counted:
            return Plan(subject, kpis, Measure.COUNT, filters, periods, by=(grouped,))
        by = (unit_dim,) if unit_dim else ()
        return Plan(subject, kpis, filters=filters, periods=periods, by=by, count=cues.counted)

    def _units(self) -> tuple[Filter, ...]:
        """Units that a question about KPIs names: "which KPIs are measured in minutes"."""
        said = self._free_words()
        units = dict.fromkeys(kpi.unit for kpi in self.catalog.kpis if kpi.unit)
        written = {token.written for token in self.links.tokens}
        named = tuple(unit for unit in units if unit in written or units_said(unit, said))
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
        if cues.against and not self.previous and (now := self._now(periods[0])):
            periods = (periods[0], now)
        by += self._time_grain(by, periods)
        if len(periods) > 1 and not cues.combined:
            by = [dim for dim in by if dim not in _units_of(periods)]
            if not any(dim.is_time for dim in by):
                by.append(Dimension.PERIOD)
        year_start = self.year_start if self.cues.fiscal else 1
        return replace(plan, periods=periods, by=tuple(dict.fromkeys(by)), year_start=year_start)

    def _now(self, past: Period) -> Period | None:
        """The unit of today that a period of the past is held against."""
        now = past.grain and unit(self.today, past.grain)
        return now if now and past.end and now.start and past.end <= now.start else None

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
        if top is None and self._picks_one_of(plan):
            top = 1
        if not plan.by:
            single = cues.measure in {Measure.MAX, Measure.MIN} or not self._plural()
            one = top or (1 if single else None)
            return replace(plan, order=order, top=one if plan.subject is not Subject.VALUES else None)
        if cues.ranked and top is None and cues.single:
            top = 1
        outer = tuple(dim for dim in plan.by if dim not in cues.ranked)
        if cues.ranked and cues.by and outer and top:
            within = tuple(dim for dim in outer if dim in cues.by or dim is Dimension.KPI)
            return replace(plan, by=(*outer, *cues.ranked), order=order, top=top, within=within)
        return replace(plan, order=order, top=top, within=within)

    def _picks_one_of(self, plan: Plan) -> bool:
        """Whether the question asks for one of several names that it lists: "of A and B, which one"."""
        words = [token.folded for token in self.links.tokens]
        asked = any(pair in {("which", "one"), ("which", "of")} for pair in pairwise(words))
        lists = (f for f in plan.filters if len(f.values) > 1 and not f.exclude)
        return asked and any(f.dimension in plan.by for f in lists)

    def _plural(self) -> bool:
        """Whether several readings or anomalies are asked for."""
        return any(t.folded in {"readings", "anomalies", "values", "outliers"} for t in self.links.tokens)


def _units_of(periods: tuple[Period, ...]) -> Mapping[Dimension, None]:
    """Calendar dimensions that each of the periods is one unit of: naming them says these already."""
    grains = {period.grain for period in periods}
    return {Dimension(grain.value): None for grain in grains if grain} if len(grains) == 1 else {}


def _days(period: Period, today: date) -> int:
    start = period.start or unit(today, Grain.YEAR).start
    end = period.end or today
    assert start is not None  # noqa: S101 - a year has a start
    return (end - start).days
