"""The vocabulary of query plans."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from nlq.period import Grain, Period


class Subject(StrEnum):
    """What the rows of the answer are about."""

    VALUES = "values"
    """Numbers that readings add up to."""
    READINGS = "readings"
    """Single readings, listed or counted."""
    ANOMALIES = "anomalies"
    TEAMS = "teams"
    REGIONS = "regions"
    KPIS = "kpis"


class Dimension(StrEnum):
    """What an answer can have one row for each of."""

    KPI = "kpi"
    CATEGORY = "category"
    TEAM = "team"
    DEPARTMENT = "department"
    REGION = "region"
    COUNTRY = "country"
    SEVERITY = "severity"
    UNIT = "unit"
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    PERIOD = "period"
    """The periods that the plan names, where there are several."""

    @property
    def is_time(self) -> bool:
        """Whether it is a unit of the calendar."""
        return self.value in set(Grain)


class Measure(StrEnum):
    """How readings become one number; `USUAL` is what the catalogue says of the KPI."""

    USUAL = "usual"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    COUNT = "count"
    LAST = "last"


class Calculation(StrEnum):
    """What is worked out from the grouped numbers."""

    NONE = "none"
    DIFFERENCE = "difference"
    PERCENT_CHANGE = "percent_change"
    SHARE = "share"
    CHANGE = "change_from_previous"
    PERCENT_FROM_PREVIOUS = "percent_from_previous"
    ABOVE_AVERAGE = "above_average"
    BELOW_AVERAGE = "below_average"
    RUNNING_TOTAL = "running_total"
    MOVING_AVERAGE = "moving_average"
    RATIO = "ratio"
    """The first KPI divided by the second."""
    PERCENT_RATIO = "percent_ratio"
    """The same in percent."""
    BESIDE = "beside"
    """The two KPIs side by side, each with conditions of its own."""
    CORRELATION = "correlation"
    """Of the two KPIs, or of the only one with itself one unit before, over the calendar unit `each`."""
    CONTRIBUTION = "contribution"
    """The teams and regions whose numbers changed most between the two periods."""


class Order(StrEnum):
    """The order of the rows; best and worst follow the KPI's good direction."""

    HIGH = "high"
    LOW = "low"
    BEST = "best"
    WORST = "worst"
    NAME = "name"


@dataclass(frozen=True)
class Filter:
    """Only (or, with `exclude`, everything but) these values of a dimension."""

    dimension: Dimension
    values: tuple[str, ...]
    exclude: bool = False


@dataclass(frozen=True)
class Condition:
    """A comparison with a number: of every row's result or, with `on_reading`, of every single reading."""

    operator: str
    value: Decimal
    on_reading: bool = False
    kpi: str | None = None
    """The one of two KPIs whose result it is about."""


@dataclass(frozen=True)
class Plan:
    """A request. Two periods or more with `Dimension.PERIOD` in `by` are compared with each other."""

    subject: Subject = Subject.VALUES
    kpis: tuple[str, ...] = ()
    measure: Measure = Measure.USUAL
    filters: tuple[Filter, ...] = ()
    periods: tuple[Period, ...] = ()
    by: tuple[Dimension, ...] = ()
    calculation: Calculation = Calculation.NONE
    window: int = 3
    """Rows that a moving average spans."""
    conditions: tuple[Condition, ...] = ()
    order: Order = Order.NAME
    top: int | None = None
    skip: int = 0
    """Rows in front that are left out: 1 for "the second best"."""
    within: tuple[Dimension, ...] = ()
    """Dimensions for each of which `top` rows are taken; empty: of all rows."""
    count: bool = False
    """Say how many rows there are, not which."""
    year_start: int = 1
    """The month in which the years and quarters of `by` begin: 1, or that of the fiscal year."""
    each: Dimension | None = None
    """A calendar unit: results are the mean of the numbers of each such unit ("per month on average")."""
    per: int = 1
    """Units of the second KPI that a ratio is given for: 1000 for "per 1,000 orders"."""


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON object; what has its default value is left out, except subject and KPIs."""
    return {
        field.name: _plain(getattr(plan, field.name))
        for field in fields(plan)
        if field.name in {"subject", "kpis"} or getattr(plan, field.name) != field.default
    }


def from_json(stored: Mapping[str, Any]) -> Plan:
    """The plan that `as_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is not such an object.
    """
    return Plan(
        subject=Subject(stored["subject"]),
        kpis=tuple(stored["kpis"]),
        measure=Measure(stored.get("measure", "usual")),
        filters=tuple(
            Filter(Dimension(f["dimension"]), tuple(f["values"]), bool(f["exclude"]))
            for f in stored.get("filters", ())
        ),
        periods=tuple(_period(period) for period in stored.get("periods", ())),
        by=tuple(Dimension(name) for name in stored.get("by", ())),
        calculation=Calculation(stored.get("calculation", "none")),
        window=int(stored.get("window", 3)),
        conditions=tuple(
            Condition(str(c["operator"]), Decimal(str(c["value"])), bool(c["on_reading"]), c.get("kpi"))
            for c in stored.get("conditions", ())
        ),
        order=Order(stored.get("order", "name")),
        top=stored.get("top"),
        skip=int(stored.get("skip", 0)),
        within=tuple(Dimension(name) for name in stored.get("within", ())),
        count=bool(stored.get("count", False)),
        year_start=int(stored.get("year_start", 1)),
        each=Dimension(stored["each"]) if stored.get("each") else None,
        per=int(stored.get("per", 1)),
    )


def _period(stored: Mapping[str, Any]) -> Period:
    start, end = (date.fromisoformat(stored[side]) if stored[side] else None for side in ("start", "end"))
    return Period(start, end, stored["label"], Grain(stored["grain"]) if stored["grain"] else None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Filter | Condition | Period):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
