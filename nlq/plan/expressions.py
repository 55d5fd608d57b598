"""Pieces of SQL that the compiler puts together."""

from collections.abc import Iterable, Sequence
from datetime import date

from nlq.catalog import Aggregation, Kpi
from nlq.period import Grain, Period, floor, shift
from nlq.plan.model import Condition, Dimension, Filter, Measure

_TIME = {
    Dimension.YEAR: "to_char({time}, 'YYYY')::integer",
    Dimension.QUARTER: "to_char({time}, 'YYYY-\"Q\"Q')",
    Dimension.MONTH: "to_char({time}, 'YYYY-MM')",
    Dimension.WEEK: "to_char({time}, 'IYYY-\"W\"IW')",
    Dimension.DAY: "{time}::date",
}
_FISCAL = {
    Dimension.YEAR: "to_char({time}, '\"FY\"YYYY')",
    Dimension.QUARTER: 'to_char({time}, \'"FY"YYYY-"Q"Q\')',
}
_AGGREGATES = {
    Measure.SUM: "sum(value){which}",
    Measure.AVERAGE: "avg(value){which}",
    Measure.MIN: "min(value){which}",
    Measure.MAX: "max(value){which}",
    Measure.MEDIAN: "percentile_cont(0.5) WITHIN GROUP (ORDER BY value){which}::numeric",
    Measure.COUNT: "count(*){which}",
}
_USUAL = {
    Aggregation.SUM: Measure.SUM,
    Aggregation.AVERAGE: Measure.AVERAGE,
    Aggregation.LAST: Measure.LAST,
}


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """An identifier, quoted where PostgreSQL needs it; at most the 63 bytes that it keeps."""
    short = value.encode()[:63].decode(errors="ignore")
    plain = short.isidentifier() and short.isascii() and short.islower() and short not in _RESERVED
    return short if plain else '"' + short.replace('"', '""') + '"'


_RESERVED = {
    *(
        "all",
        "and",
        "any",
        "as",
        "asc",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "create",
        "desc",
    ),
    *(
        "default",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "grant",
    ),
    *(
        "group",
        "having",
        "in",
        "initially",
        "intersect",
        "into",
        "lateral",
        "leading",
        "limit",
        "not",
        "null",
    ),
    *(
        "offset",
        "on",
        "only",
        "or",
        "order",
        "placing",
        "primary",
        "references",
        "returning",
        "select",
        "some",
    ),
    *(
        "table",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "when",
        "where",
    ),
    *("window", "with", "timestamp", "year", "month", "quarter", "week", "value", "values", "day", "analyse"),
    *(
        "constraint",
        "current_date",
        "deferrable",
        "symmetric",
        "session_user",
        "localtime",
        "array",
        "analyze",
    ),
    *(
        "full",
        "inner",
        "is",
        "join",
        "left",
        "like",
        "natural",
        "outer",
        "overlaps",
        "right",
        "similar",
        "cross",
    ),
}


def dimension(dim: Dimension, periods: Sequence[Period], time: str, year_start: int = 1) -> str:
    """The expression that a row's value of `dim` is; `time` is the column of its moment.

    Years and quarters begin in the month `year_start`; a year is named after the one in which it ends.
    """
    if dim is Dimension.PERIOD:
        cases = " ".join(f"WHEN {within(period, time)} THEN {text(period.label)}" for period in periods)
        return f"CASE {cases} END"
    if dim in _FISCAL and year_start != 1:
        return _FISCAL[dim].format(time=f"({time} + make_interval(0, {13 - year_start}))")
    return _TIME[dim].format(time=time) if dim in _TIME else dim.value


def time_label(day: date, dim: Dimension, year_start: int = 1) -> str:
    """The literal by which `dimension` names the unit that `day` lies in."""
    if dim in _FISCAL and year_start != 1:
        into = shift(day, Grain.MONTH, 13 - year_start)
        return text(f"FY{time_label(into, dim).strip(chr(39))}")
    if dim is Dimension.YEAR:
        return str(day.year)
    if dim is Dimension.QUARTER:
        return text(f"{day.year}-Q{(day.month + 2) // 3}")
    if dim is Dimension.MONTH:
        return text(f"{day.year}-{day.month:02d}")
    if dim is Dimension.WEEK:
        iso = day.isocalendar()
        return text(f"{iso.year}-W{iso.week:02d}")
    return f"DATE {text(floor(day, Grain.DAY).isoformat())}"


def within(period: Period, time: str) -> str:
    """The condition that `time` lies in `period`."""
    sides = []
    if period.start:
        sides.append(f"{time} >= DATE '{period.start.isoformat()}'")
    if period.end:
        sides.append(f"{time} < DATE '{period.end.isoformat()}'")
    return " AND ".join(sides) or "true"


def filtered(filter_: Filter, column: str | None = None) -> str:
    """The condition of a filter, on `column` where the dimension's own name is not it."""
    where = column or filter_.dimension.value
    listed = ", ".join(text(value) for value in filter_.values)
    if filter_.exclude:
        return f"({where} IS NULL OR {where} NOT IN ({listed}))"
    return f"{where} = {listed}" if len(filter_.values) == 1 else f"{where} IN ({listed})"


def compared(condition: Condition, expression: str) -> str:
    """The condition that `expression` compares with a number as asked."""
    return f"{expression} {condition.operator} {condition.value:f}"


def how(kpi: Kpi, measure: Measure) -> Measure:
    """How readings of `kpi` become one number when a plan asks for `measure`."""
    return _USUAL[kpi.aggregation] if measure is Measure.USUAL else measure


def aggregate(kpis: Sequence[Kpi], measure: Measure, only: str | None = None, *, exact: bool = False) -> str:
    """The expression for the value of `kpis` in a group, of the readings that satisfy `only` alone.

    It is rounded for people unless `exact`, for what is worked out further.
    """
    ways: dict[Measure, list[str]] = {}
    for kpi in kpis:
        ways.setdefault(how(kpi, measure), []).append(kpi.name)
    if len(ways) < 2:
        way = Measure.SUM if measure is Measure.USUAL else measure
        number = _aggregate(next(iter(ways), way), only)
        return number if exact else rounded(number, kpis)
    cases = " ".join(
        f"WHEN kpi IN ({', '.join(text(n) for n in names)}) THEN {_aggregate(way, only)}"
        for way, names in ways.items()
    )
    return f"CASE {cases} END" if exact else rounded(f"CASE {cases} END", kpis)


def rounded(expression: str, kpis: Sequence[Kpi]) -> str:
    """`expression` with two digits more than people are shown."""
    digits = max((kpi.decimals for kpi in kpis), default=2) + 2
    return expression if expression.startswith("count") else f"round({expression}, {digits})"


def _aggregate(way: Measure, only: str | None) -> str:
    if way is Measure.LAST:
        return f"sum(value) FILTER (WHERE {conjunction(filter(None, ['is_latest', only]))})"
    return _AGGREGATES[way].format(which=f" FILTER (WHERE {only})" if only else "")


def conjunction(conditions: Iterable[str]) -> str:
    """All of the conditions; true if there are none."""
    return " AND ".join(conditions) or "true"
