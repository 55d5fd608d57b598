"""What a question wants worked out from the numbers: comparisons, changes, shares, means and counts."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from nlq.catalog import Aggregation, Catalog, Direction
from nlq.linking.link import Links
from nlq.linking.patterns import BETTER_THAN, SCALES, WORSE_THAN
from nlq.linking.words import stems
from nlq.period import Grain, Period, shift, shifted, spoken_range, unit
from nlq.plan.model import Calculation, Condition, Dimension, Measure, Order, Plan, Subject

_PAIRS = {Calculation.RATIO, Calculation.PERCENT_RATIO}
_AVERAGES = {Calculation.ABOVE_AVERAGE, Calculation.BELOW_AVERAGE}
_OPPOSITE = {
    Calculation.ABOVE_AVERAGE: Calculation.BELOW_AVERAGE,
    Calculation.BELOW_AVERAGE: Calculation.ABOVE_AVERAGE,
}
_COMPARISONS = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}
_CHANGES = {Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS}


class Calculations:
    """Adds to a plan what a linked question says of calculations."""

    def __init__(self, links: Links, catalog: Catalog, today: date, *, paired: bool) -> None:
        self.links, self.catalog, self.today, self.paired = links, catalog, today, paired
        self.cues = links.cues

    def of(self, plan: Plan) -> Plan:
        """The plan with calculation, order of what changed, measure, conditions and count."""
        return self._placed(self._measured(self._calculated(plan)))

    def _calculated(self, plan: Plan) -> Plan:
        cues = self.cues
        calculation = cues.calculation or plan.calculation
        adds_up = plan.subject is Subject.VALUES
        if cues.in_percent and calculation in {Calculation.NONE, Calculation.DIFFERENCE}:
            calculation = self._in_percent(plan, calculation)
        if calculation is Calculation.CONTRIBUTION and cues.in_percent and plan.by:
            calculation = Calculation.SHARE
        if calculation is Calculation.CONTRIBUTION and adds_up and plan.kpis:
            return self._explained(plan)
        if calculation is Calculation.CORRELATION and adds_up:
            return self._correlated(plan)
        if calculation in {Calculation.CONTRIBUTION, Calculation.CORRELATION}:
            calculation = Calculation.NONE
        if calculation in _PAIRS:
            plan, calculation = self._paired(plan, calculation) if adds_up else (plan, Calculation.NONE)
        if calculation in _AVERAGES and cues.judged and not self._more_is_better(plan):
            calculation = _OPPOSITE[calculation]
        if calculation is Calculation.NONE and cues.moved and cues.ranked:
            calculation = self._moved(plan)
        if cues.year_over_year:
            plan, calculation = self._year_over_year(plan)
        if calculation in _CHANGES:
            plan, calculation = self._changes(plan, calculation)
        if calculation in _COMPARISONS:
            plan, calculation = self._comparison(plan, calculation)
        if calculation is Calculation.SHARE and cues.conditions and self._are_percent(plan):
            calculation = Calculation.NONE
        if calculation is Calculation.SHARE and not _named_dimensions(plan):
            plan, calculation = _share_of_filter(plan)
        if calculation in _AVERAGES and not plan.by:
            plan = _among_its_like(plan)
        return replace(plan, calculation=calculation, window=cues.window or plan.window)

    def _moved(self, plan: Plan) -> Calculation:
        """What shows which members rose or fell: two periods, or each unit beside the one before."""
        if len(plan.periods) == 2 or (self.links.periods and self.links.periods[0].parts):
            return Calculation.DIFFERENCE
        plain = not (self.cues.conditions or self.cues.single or self.cues.order)
        in_time = any(dim.is_time for dim in self.cues.ranked)
        if plain and in_time:
            return Calculation.CHANGE
        compares = plain and len(plan.periods) == 1 and plan.periods[0].grain is not None
        return Calculation.DIFFERENCE if compares else Calculation.NONE

    def _in_percent(self, plan: Plan, calculation: Calculation) -> Calculation:
        """What "in percent" alone means: a change where there is one to speak of, else shares."""
        moved = self.cues.moved or self.cues.compared
        if calculation is Calculation.DIFFERENCE or moved or len(plan.periods) > 1:
            return Calculation.PERCENT_CHANGE
        return Calculation.SHARE if _named_dimensions(plan) or plan.filters else calculation

    def _are_percent(self, plan: Plan) -> bool:
        """Whether the KPIs are rates in percent already, which a number with a % is one of."""
        kpis = [self.catalog.by_name[name] for name in plan.kpis]
        return bool(kpis) and all(k.aggregation is Aggregation.AVERAGE and k.unit == "%" for k in kpis)

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
        times = [dim for dim in plan.by if dim.is_time and dim is not Dimension.YEAR]
        by = tuple(d for d in plan.by if not d.is_time and d not in {Dimension.KPI, Dimension.PERIOD})
        plan = replace(plan, periods=tuple(p for p in plan.periods if p.grain is not Grain.DAY))
        each = times[0] if times else Dimension.MONTH
        return replace(
            plan, by=by, each=each, calculation=Calculation.CORRELATION, order=Order.NAME, top=None
        )

    def _paired(self, plan: Plan, calculation: Calculation) -> tuple[Plan, Calculation]:
        if len(plan.kpis) != 2 and not self.paired:
            return plan, Calculation.NONE
        kpis = plan.kpis[::-1] if self.cues.inverted else plan.kpis
        plan = replace(plan, per=self.cues.per or 1)
        if self.cues.in_percent:
            calculation = Calculation.PERCENT_RATIO
        return replace(plan, kpis=kpis, by=tuple(d for d in plan.by if d is not Dimension.KPI)), calculation

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
            order = Order.HIGH if order is Order.NAME else order
            return replace(plan, order=order, skip=self.cues.place - 1, top=1)
        return replace(plan, order=order)

    def _which_moved(self, plan: Plan) -> bool:
        """Whether those are asked for that rose, fell, got better or worse: "which teams improved"."""
        cues = self.cues
        several = bool(cues.ranked) and not cues.single and not cues.order and not plan.conditions
        return cues.moved and several and set(cues.ranked) <= set(plan.by)

    def _direction(self, plan: Plan) -> str:
        """The sign of the change that is asked for."""
        cues = self.cues
        up = self._more_is_better(plan)
        if cues.better or cues.worse:
            return ">" if cues.better == up else "<"
        return "<" if cues.fell else ">"

    def _more_is_better(self, plan: Plan) -> bool:
        kpi = self.catalog.by_name.get(plan.kpis[0]) if plan.kpis else None
        return kpi is None or kpi.direction is Direction.UP

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
        if len(plan.kpis) > 1 and cues.several_measures:
            measure = Measure.USUAL
        if (
            plan.subject is Subject.READINGS
            and cues.measure in {Measure.SUM, Measure.AVERAGE, Measure.MEDIAN}
            and cues.conditions
            and not plan.by
        ):
            only = tuple(replace(condition, on_reading=True) for condition in cues.conditions)
            return replace(plan, subject=Subject.VALUES, measure=measure, conditions=only)
        if plan.calculation in _PAIRS and measure is Measure.AVERAGE:
            measure = Measure.USUAL
        if self._averages_units(plan):
            by = tuple(dim for dim in plan.by if dim is not cues.each)
            if len(plan.periods) > 1 and not cues.combined and not any(dim.is_time for dim in by):
                by = tuple(dict.fromkeys((*by, Dimension.PERIOD)))
            plan, measure = replace(plan, each=cues.each, by=by), Measure.USUAL
        elif plan.subject is Subject.ANOMALIES:
            plan, measure = self._anomaly_values(plan)
        if plan.subject is Subject.VALUES and not plan.by and cues.measure is None and cues.order:
            measure = {Order.HIGH: Measure.MAX, Order.LOW: Measure.MIN}.get(plan.order, measure)
            if plan.order in {Order.BEST, Order.WORST}:
                up = self._more_is_better(plan) == (plan.order is Order.BEST)
                measure = Measure.MAX if up else Measure.MIN
        conditions = tuple(self._in_unit(plan, self._signed(plan, c)) for c in cues.conditions)
        conditions = conditions or plan.conditions
        subject = plan.subject
        if (
            cues.yes_or_no
            and subject is Subject.VALUES
            and not plan.by
            and not any(c.on_reading for c in conditions)
        ):
            conditions = ()
        if conditions and not plan.by and subject is Subject.VALUES:
            subject = Subject.READINGS
        if subject is Subject.READINGS and not cues.counted and conditions:
            plan = replace(plan, by=(), calculation=Calculation.NONE)
        if subject in {Subject.READINGS, Subject.ANOMALIES} and not plan.by:
            conditions = tuple(replace(c, on_reading=True) for c in conditions)
        if subject is not Subject.READINGS and cues.ranked:
            conditions = tuple(replace(c, on_reading=False) for c in conditions)
        if subject is Subject.VALUES and len(plan.kpis) == len(conditions) == 2:
            plan, conditions = _beside(plan, conditions)
        if cues.moved_by and cues.fell:
            conditions = tuple(_as_a_fall(c) for c in conditions)
        if subject is Subject.READINGS and cues.counted and cues.ranked:
            plan = replace(plan, by=tuple(d for d in plan.by if d is not Dimension.DAY))
        count = plan.count or self._counts_rows(plan, subject, bool(conditions))
        if subject is Subject.ANOMALIES and cues.order and not cues.counted and not plan.by:
            count = False
        return replace(plan, subject=subject, measure=measure, conditions=conditions, count=count)

    def _in_unit(self, plan: Plan, condition: Condition) -> Condition:
        """A condition in the unit of the KPI: 100 million is 100 where readings are in millions."""
        units = {word for name in plan.kpis[:1] for word in stems(self.catalog.by_name[name].unit)}
        scale = next((SCALES[word] for word in units if word in SCALES), 1)
        fits = abs(condition.value) >= scale
        return replace(condition, value=condition.value / scale) if fits else condition

    def _signed(self, plan: Plan, condition: Condition) -> Condition:
        """A condition whose sign follows from which way is good for the KPI, with that sign."""
        if condition.operator not in {BETTER_THAN, WORSE_THAN}:
            return condition
        above = self._more_is_better(plan) == (condition.operator == BETTER_THAN)
        return replace(condition, operator=">" if above else "<")

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
        picks = plan.calculation in _AVERAGES or has_conditions
        if subject is Subject.VALUES:
            return self.cues.counted and bool(self.cues.ranked) and (picks or self._counts_members(plan))
        return self.cues.counted and not plan.by

    def _counts_members(self, plan: Plan) -> bool:
        """Whether it is asked how many teams or places have any number: "how many regions reported sales"."""
        plain = plan.calculation is Calculation.NONE and self.cues.order is None
        return plain and self.cues.any_at_all and not any(dim.is_time for dim in self.cues.ranked)


def _as_a_fall(condition: Condition) -> Condition:
    """To fall by more than 5 is to change by less than -5."""
    turned = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
    operator = turned.get(condition.operator, condition.operator)
    return replace(condition, operator=operator, value=-condition.value)


def _beside(plan: Plan, conditions: tuple[Condition, ...]) -> tuple[Plan, tuple[Condition, ...]]:
    """Two KPIs and two conditions: each is about one of them, in their order."""
    by = tuple(dim for dim in plan.by if dim is not Dimension.KPI)
    if not by or plan.calculation is not Calculation.NONE:
        return plan, conditions
    own = tuple(replace(c, kpi=kpi) for kpi, c in zip(plan.kpis, conditions, strict=True))
    return replace(plan, by=by, calculation=Calculation.BESIDE), own


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


def _among_its_like(plan: Plan) -> Plan:
    """What is held against an average: all that are like the one that is named, or else the teams."""
    for found in plan.filters:
        if len(found.values) == 1 and not found.exclude:
            others = tuple(f for f in plan.filters if f is not found)
            return replace(plan, by=(found.dimension,), filters=others)
    return replace(plan, by=(Dimension.TEAM,))


def _share_of_filter(plan: Plan) -> tuple[Plan, Calculation]:
    """What is the share of is what the question names: "the share of EMEA"."""
    for found in plan.filters:
        if not found.exclude:
            return replace(plan, by=(found.dimension, *plan.by)), Calculation.SHARE
    return plan, Calculation.NONE
