"""Compiles a plan to one SELECT over the reporting views; right by construction."""

import textwrap
from dataclasses import replace
from datetime import date

from nlq.catalog import Catalog, Direction, Kpi
from nlq.period import Grain, Period, floor, shift
from nlq.plan import expressions as sql
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Order, Plan, Subject
from nlq.plan.names import compile_names
from nlq.plan.sides import compared_dimension, sides

_RATIOS = {Calculation.RATIO: "", Calculation.PERCENT_RATIO: "100.0 * "}
_COMPARED = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE, Calculation.BESIDE, *_RATIOS}
_AVERAGES = {Calculation.ABOVE_AVERAGE: ">", Calculation.BELOW_AVERAGE: "<"}
_SORTED_BY = {
    Calculation.DIFFERENCE: "difference",
    Calculation.PERCENT_CHANGE: "percent_change",
    Calculation.CHANGE: "change",
    Calculation.PERCENT_FROM_PREVIOUS: "percent_change",
    Calculation.RATIO: "ratio",
    Calculation.PERCENT_RATIO: "ratio_percent",
    Calculation.SHARE: "share_percent",
}
_CONTRIBUTORS = 3
"""Teams and regions each that an explanation of a change names."""
_ANOMALY = ("detected_at", "severity", "kpi", "team", "region", "value", "description")


def compile_plan(plan: Plan, catalog: Catalog) -> str:
    """The SQL of `plan`; its names must be in `catalog`."""
    if plan.subject in {Subject.TEAMS, Subject.REGIONS, Subject.KPIS}:
        return compile_names(plan)
    return _Compiler(plan, catalog).statement()


class _Compiler:
    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self.plan = plan
        self.kpis: list[Kpi] = [catalog.by_name[kpi] for kpi in plan.kpis]
        self.anomalies = plan.subject is Subject.ANOMALIES
        self.time = "detected_at" if self.anomalies else "timestamp"
        self.calculation = plan.calculation
        self.outer: list[str] = []
        self.by = plan.by
        if self._compares():
            self.by = tuple(dim for dim in plan.by if dim is not compared_dimension(plan))
        self.within = tuple(dim for dim in plan.within if dim in self.by)

    def statement(self) -> str:
        """The whole SELECT."""
        if self.calculation is Calculation.CORRELATION:
            return self._correlation()
        if self.calculation is Calculation.CONTRIBUTION and len(self.plan.periods) == 2:
            return self._contribution()
        grouped = bool(self.by) or self.plan.count or self._adds_up
        if not grouped or (self.plan.count and not self.by and not self._adds_up):
            return self._listed() if not self.plan.count else self._counted_rows()
        steps = self._steps()
        if self.plan.count:
            counted = sql.name(f"{self.by[-1].value}s") if self.by else "rows"
            return f"SELECT count(*) AS {counted}\nFROM (\n{textwrap.indent(steps, '    ')}\n) AS matching"
        return steps

    def _compares(self) -> bool:
        pairs = self.calculation in {*_COMPARED, Calculation.CORRELATION}
        return pairs and len(sides(self.plan)) == 2

    @property
    def _adds_up(self) -> bool:
        """Whether the numbers are made of readings' values, not of how many rows there are."""
        if self.anomalies:
            return self.plan.measure not in {Measure.USUAL, Measure.LAST}
        return self.plan.subject is Subject.VALUES

    @property
    def _value(self) -> str:
        if self.anomalies:
            return "value" if self._adds_up else "anomalies"
        if self.plan.subject is Subject.READINGS:
            return "readings"
        return sql.name(self.kpis[0].name) if len(self.kpis) == 1 else "result"

    def _listed(self) -> str:
        """Single readings or anomalies, one row for each."""
        columns = _ANOMALY if self.anomalies else ("timestamp", "kpi", "team", "region", "value")
        order = {Order.NAME: f"{self.time} DESC", Order.HIGH: "value DESC", Order.LOW: "value"}
        by = order.get(self.plan.order) or ("value DESC" if self._descending() else "value")
        return self._joined(
            f"SELECT {', '.join(columns)}",
            f"FROM {self._view()}",
            self._where(()),
            f"ORDER BY {by}, {'anomaly_id' if self.anomalies else 'kpi_data_id'}",
            f"LIMIT {self.plan.top}" if self.plan.top else "",
        )

    def _counted_rows(self) -> str:
        return self._joined(
            f"SELECT count(*) AS {self._value}", f"FROM {self._view()}", self._where(self.plan.by)
        )

    def _steps(self) -> str:
        """The grouped numbers, and what is worked out from them."""
        conditions = [c for c in self.plan.conditions if not c.on_reading]
        simple = self.calculation is Calculation.NONE or (
            self.calculation in _COMPARED and not self._compares()
        )
        if simple and not self.within and not self.plan.each:
            having = sql.conjunction(sql.compared(c, self._aggregate()) for c in conditions)
            return self._joined(
                self._core(),
                f"HAVING {having}" if conditions else "",
                self._ordered(self._value),
            )
        columns, where = self._calculated()
        target = self._value
        if self._compares() or self.calculation not in _COMPARED:
            target = _SORTED_BY.get(self.calculation, self._value)
        beside = self.calculation is Calculation.BESIDE and self._compares()
        target = sql.name(self.plan.kpis[0]) if beside else target
        where += [sql.compared(c, sql.name(c.kpi) if beside and c.kpi else target) for c in conditions]
        steps = self._grouped()
        dims = [sql.name(dim.value) for dim in self.by]
        inner = f"SELECT {', '.join([*dims, *columns])}\nFROM grouped"
        if self.within:
            return self._within(steps, inner, where, target)
        if where and self.calculation not in _AVERAGES:
            inner = f"SELECT *\nFROM (\n{textwrap.indent(inner, '    ')}\n) AS calculated"
        return self._joined(
            steps, inner, f"WHERE {sql.conjunction(where)}" if where else "", self._ordered(target)
        )

    def _grouped(self) -> str:
        """The grouped numbers as a step; where the plan says so, means of the numbers of each unit."""
        if not self.plan.each:
            return f"WITH grouped AS (\n{textwrap.indent(self._core(), '    ')}\n)"
        dims = [sql.name(dim.value) for dim in self.by]
        names = [sql.name(label) for label, _ in sides(self.plan)] if self._compares() else [self._value]
        means = [f"{sql.rounded(f'avg({name})', self.kpis)} AS {name}" for name in names]
        units = self._joined(
            f"SELECT {', '.join([*dims, *means])}",
            "FROM units",
            f"GROUP BY {', '.join(dims)}" if dims else "",
        )
        core = textwrap.indent(self._core((*self.by, self.plan.each)), "    ")
        return f"WITH units AS (\n{core}\n), grouped AS (\n{textwrap.indent(units, '    ')}\n)"

    def _correlation(self) -> str:
        """How the numbers of two KPIs, or of one and itself a unit before, move together."""
        unit = self.plan.each or Dimension.MONTH
        pair = self._compares()
        if pair:
            one, two = (sql.name(label) for label, _ in sides(self.plan))
            by = self.by = tuple(d for d in self.plan.by if d is not Dimension.KPI)
        else:
            one, by = self._value, self.by
            two = "previous"
        dims = [sql.name(dim.value) for dim in by]
        series = self._over(dims, [sql.name(unit.value)])
        source = "units"
        if not pair:
            lagged = ", ".join([*dims, one, f"lag({one}) OVER ({series}) AS {two}"])
            source = f"(SELECT {lagged} FROM units) AS pairs"  # noqa: S608 - identifiers of ours
        core = textwrap.indent(self._core((*by, unit)), "    ")
        groups = ", ".join(dims)
        return self._joined(
            f"WITH units AS (\n{core}\n)",
            f"SELECT {', '.join([*dims, f'round(corr({one}, {two})::numeric, 4) AS correlation'])}",
            f"FROM {source}",
            f"GROUP BY {groups}\nORDER BY {groups}" if dims else "",
        )

    def _contribution(self) -> str:
        """The teams and the regions whose numbers changed most from the first period to the second."""
        before, after = self.plan.periods
        pinned = {f.dimension for f in self.plan.filters if len(f.values) == 1 and not f.exclude}
        members = []
        for dim in (Dimension.TEAM, Dimension.REGION):
            if dim in pinned:
                continue
            values = [
                f"{self._aggregate(sql.within(period, self.time))} AS {label}"
                for period, label in ((before, "before"), (after, "after"))
            ]
            columns = ", ".join([f"{sql.text(dim.value)} AS dimension", f"{dim.value} AS member", *values])
            self.by = (dim,)
            where = "" if self._needs_latest() else self._where((dim,))
            members.append(
                self._joined(f"SELECT {columns}", f"FROM {self._source()}", where, f"GROUP BY {dim.value}")
            )
        listed = textwrap.indent("\nUNION ALL\n".join(members), "    ")
        numbers = [f"{self._rounded(name)} AS {name}" for name in ("before", "after")]
        numbers.append(f"{self._rounded('after - before')} AS change")
        largest = "abs(after - before) DESC NULLS LAST, member"
        place = f"row_number() OVER (PARTITION BY dimension ORDER BY {largest}) AS place"
        return self._joined(
            f"WITH members AS (\n{listed}\n), ranked AS (",
            f"    SELECT dimension, member, {', '.join(numbers)},\n        {place}",
            "    FROM members\n)",
            "SELECT dimension, member, before, after, change",
            "FROM ranked",
            f"WHERE place <= {_CONTRIBUTORS}",
            "ORDER BY dimension DESC, place",
        )

    def _within(self, steps: str, inner: str, where: list[str], target: str) -> str:
        """The first `top` rows for each member of the dimensions `within`."""
        groups = ", ".join(sql.name(dim.value) for dim in self.within)
        way = "DESC" if self._descending() else "ASC"
        dims = [sql.name(dim.value) for dim in self.by]
        tie = ", ".join(dims)
        place = (
            f"row_number() OVER (PARTITION BY {groups} ORDER BY {target} {way} NULLS LAST, {tie}) AS place"
        )
        columns, _ = self._calculated()
        shown = ", ".join([*dims, *(column.rpartition(" AS ")[2] for column in columns)])
        ranked = f"SELECT {shown}, {place}\nFROM (\n{textwrap.indent(inner, '    ')}\n) AS calculated"
        if where:
            ranked += f"\nWHERE {sql.conjunction(where)}"
        return self._joined(
            steps,
            f"SELECT {shown}\nFROM (\n{textwrap.indent(ranked, '    ')}\n) AS ranked",
            f"WHERE place <= {self.plan.top or 1}",
            f"ORDER BY {groups}, place",
        )

    def _calculated(self) -> tuple[list[str], list[str]]:
        """The columns after the dimensions, and the conditions on them."""
        value = self._value
        times = [sql.name(d.value) for d in self.by if d.is_time or d is Dimension.PERIOD]
        others = [sql.name(d.value) for d in self.by if not (d.is_time or d is Dimension.PERIOD)]
        series = self._over(others, times)
        if self._compares():
            return self._comparison(), []
        if self.calculation is Calculation.SHARE:
            total = f"nullif(sum({value}) OVER ({self._over(times if others else [], [])}), 0)"
            share = f"round(100.0 * {value} / {total}, 2) AS share_percent"
            named = [f"{other} IS NOT NULL" for other in others if other != "kpi"]
            return [value, share], [*named, *(sql.filtered(f) for f in self._shown_filters())]
        if self.calculation in _AVERAGES:
            average = f"(SELECT avg({value}) FROM grouped)"  # noqa: S608 - an identifier of ours
            shown = f"{sql.rounded(average, self.kpis)} AS average"
            return [value, shown], [f"{value} {_AVERAGES[self.calculation]} {average}"]
        if self.calculation in {Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS}:
            before = f"lag({value}) OVER ({series})"
            change = f"{value} - {before} AS change"
            percent = f"round(100.0 * ({value} - {before}) / nullif({before}, 0), 2) AS percent_change"
            return [value, change, percent], self._after_start()
        if self.calculation is Calculation.RUNNING_TOTAL:
            return [value, f"sum({value}) OVER ({series}) AS running_total"], []
        if self.calculation is Calculation.MOVING_AVERAGE:
            rows = f"ROWS BETWEEN {self.plan.window - 1} PRECEDING AND CURRENT ROW"
            average = sql.rounded(f"avg({value}) OVER ({series} {rows})", self.kpis)
            return [value, f"{average} AS moving_average"], self._after_start()
        return [value], []

    def _comparison(self) -> list[str]:
        (base, _), (other, _) = sides(self.plan)
        one, two = sql.name(base), sql.name(other)
        shown = [f"{self._rounded(name)} AS {name}" for name in (one, two)]
        if self.calculation is Calculation.BESIDE:
            return shown
        if self.calculation in _RATIOS:
            times = f"{self.plan.per}.0 * " if self.plan.per > 1 else _RATIOS[self.calculation]
            quotient = f"round({times}{one} / nullif({two}, 0), 4)"
            return [*shown, f"{quotient} AS {_SORTED_BY[self.calculation]}"]
        percent = f"round(100.0 * ({two} - {one}) / nullif({one}, 0), 2) AS percent_change"
        return [*shown, f"{self._rounded(f'{two} - {one}')} AS difference", percent]

    def _rounded(self, expression: str) -> str:
        return sql.rounded(expression, self.kpis) if self._adds_up else expression

    def _core(self, by: tuple[Dimension, ...] | None = None) -> str:
        """The readings, grouped by `by` or else by the plan's dimensions."""
        by = self.by if by is None else by
        dims = [
            f"{expression} AS {sql.name(dim.value)}"
            if (expression := self._dimension(dim)) != dim.value
            else expression
            for dim in by
        ]
        if self._compares():
            values = [
                f"{self._aggregate(self._side(side), self._side_kpis(label))} AS {sql.name(label)}"
                for label, side in sides(self.plan)
            ]
        else:
            values = [f"{self._aggregate()} AS {self._value}"]
        groups = ", ".join(str(number) for number in range(1, len(dims) + 1))
        return self._joined(
            f"SELECT {', '.join([*dims, *values])}",
            f"FROM {self._source(by)}",
            "" if self._needs_latest() else self._where(by),
            f"GROUP BY {groups}" if groups else "",
        )

    def _aggregate(self, only: str | None = None, kpis: list[Kpi] | None = None) -> str:
        if not self._adds_up:
            return f"count(*) FILTER (WHERE {only})" if only else "count(*)"
        if self.anomalies:
            return sql.aggregate((), self.plan.measure, only)
        exact = only is not None
        return sql.aggregate(kpis or self.kpis, self.plan.measure, only, exact=exact)

    def _side_kpis(self, label: str) -> list[Kpi] | None:
        """The KPI that a side is, where the sides are KPIs: each adds up in its own way."""
        if compared_dimension(self.plan) is not Dimension.KPI:
            return None
        return [kpi for kpi in self.kpis if kpi.name == label]

    def _side(self, side: Period | Filter) -> str:
        return sql.within(side, self.time) if isinstance(side, Period) else sql.filtered(side)

    def _view(self) -> str:
        return "nlq.kpi_anomalies" if self.anomalies else "nlq.kpi_values"

    def _dimension(self, dim: Dimension) -> str:
        return sql.dimension(dim, self.plan.periods, self.time, self.plan.year_start)

    def _needs_latest(self) -> bool:
        return self.plan.subject is Subject.VALUES and any(
            sql.how(kpi, self.plan.measure) is Measure.LAST for kpi in self.kpis
        )

    def _source(self, by: tuple[Dimension, ...] | None = None) -> str:
        if not self._needs_latest():
            return self._view()
        dims = dict.fromkeys((*self.plan.by, *(by or ())))
        buckets = [self._dimension(dim) for dim in dims if dim.is_time or dim is Dimension.PERIOD]
        if self.calculation is Calculation.CONTRIBUTION and self.plan.periods:
            buckets = [self._dimension(Dimension.PERIOD)]
        series = ", ".join(["kpi", "team", "region", *buckets])
        latest = (
            f"row_number() OVER (PARTITION BY {series} ORDER BY timestamp DESC, kpi_data_id DESC) = 1"
            " AS is_latest"
        )
        columns = "kpi, category, unit, team, department, region, country, value, timestamp"
        inner = self._joined(
            f"SELECT {columns},\n    {latest}", f"FROM {self._view()}", self._where(by or self.by)
        )
        return f"(\n{textwrap.indent(inner, '    ')}\n) AS readings"

    def _where(self, by: tuple[Dimension, ...]) -> str:
        conditions = []
        if self.plan.kpis:
            conditions.append(sql.filtered(Filter(Dimension.KPI, self.plan.kpis)))
        shown = self._shown_filters() if self.calculation is Calculation.SHARE else ()
        conditions += [sql.filtered(f) for f in self.plan.filters if f not in shown]
        conditions += self._in_periods()
        conditions += [sql.compared(c, "value") for c in self.plan.conditions if c.on_reading]
        named = [dim for dim in by if not dim.is_time and dim not in {Dimension.PERIOD, Dimension.KPI}]
        only = {f.dimension for f in self.plan.filters if not f.exclude and f not in shown}
        if self.calculation is not Calculation.SHARE:
            conditions += [f"{dim.value} IS NOT NULL" for dim in named if dim not in only]
        return "WHERE " + "\n  AND ".join(conditions) if conditions else ""

    def _in_periods(self) -> list[str]:
        periods = [self._extended(period) for period in self.plan.periods]
        if len(periods) == 1:
            return [sql.within(periods[0], self.time)] if periods[0].start or periods[0].end else []
        return ["(" + " OR ".join(f"({sql.within(p, self.time)})" for p in periods) + ")"] if periods else []

    def _extended(self, period: Period) -> Period:
        """A period with the units before it that its first change or moving average looks back to."""
        times = [dim for dim in self.by if dim.is_time]
        back = self._looks_back()
        if not back or not times:
            return period
        grain = Grain(times[0].value)
        start = period.start and shift(self._first(period.start, grain), grain, -back)
        return replace(period, start=start, end=period.end and self._first(period.end, grain))

    def _first(self, day: date, grain: Grain) -> date:
        """The first unit that begins on `day` or after it."""
        begun = floor(day, grain, year_start=self.plan.year_start)
        return begun if begun == day else shift(begun, grain, 1)

    def _looks_back(self) -> int:
        """How many units before its own each result is worked out from."""
        if self.calculation is Calculation.MOVING_AVERAGE:
            return self.plan.window - 1
        return int(self.calculation in {Calculation.CHANGE, Calculation.PERCENT_FROM_PREVIOUS})

    def _after_start(self) -> list[str]:
        start = self.plan.periods[0].start if len(self.plan.periods) == 1 else None
        time = next((dim for dim in self.by if dim.is_time), None)
        if not start or not time:
            return []
        first = sql.time_label(self._first(start, Grain(time.value)), time, self.plan.year_start)
        return [f"{sql.name(time.value)} >= {first}"]

    def _shown_filters(self) -> tuple[Filter, ...]:
        """Filters on what the rows are shares of: they choose rows after the whole is known."""
        return tuple(f for f in self.plan.filters if f.dimension in self.by and not f.exclude)

    def _over(self, partition: list[str], order: list[str]) -> str:
        parts = [f"PARTITION BY {', '.join(partition)}" if partition else ""]
        parts.append(f"ORDER BY {', '.join(order)}" if order else "")
        return " ".join(part for part in parts if part)

    def _descending(self) -> bool:
        down = (bool(self.kpis) and self.kpis[0].direction is Direction.DOWN) or self.anomalies
        return {Order.LOW: False, Order.BEST: not down, Order.WORST: down}.get(self.plan.order, True)

    def _ordered(self, target: str) -> str:
        dims = [sql.name(dim.value) for dim in self.by]
        if Dimension.PERIOD in self.by and self.calculation is Calculation.NONE and not self.plan.each:
            dims = [f"min({self.time})" if dim == "period" else dim for dim in dims]
        if self.plan.order is Order.NAME:
            order = dims
        else:
            order = [f"{target} {'DESC' if self._descending() else 'ASC'} NULLS LAST", *dims]
        limit = f"\nLIMIT {self.plan.top}" if self.plan.top else ""
        limit += f"\nOFFSET {self.plan.skip}" if self.plan.skip else ""
        return f"ORDER BY {', '.join(order)}{limit}" if self.by else ""

    @staticmethod
    def _joined(*parts: str) -> str:
        return "\n".join(part for part in parts if part)
