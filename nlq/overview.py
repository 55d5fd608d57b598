"""What the catalogue page shows besides the catalogue: each KPI's last months, and how fresh the data is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from nlq.access import Scope
from nlq.catalog import Catalog, Kpi
from nlq.database import Reader
from nlq.errors import QueryFailed, UnsafeSql
from nlq.period import Grain, Period, floor, shift, unit
from nlq.plan.compiler import compile_plan
from nlq.plan.model import Dimension, Plan
from nlq.sql import guard

MONTHS = 13
"""Months of a KPI's line: a year, and the same month a year before."""
_NEWEST = "SELECT max(timestamp) AS newest FROM nlq.kpi_values"


@dataclass(frozen=True)
class Latest:
    """The numbers of a KPI for each of its last months that are over, oldest first."""

    months: tuple[Period, ...]
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class Overview:
    """The last months by the name of the KPI, and when the newest reading was taken."""

    latest: Mapping[str, Latest]
    newest: datetime | None


def overview(reader: Reader, catalog: Catalog, scope: Scope, today: date) -> Overview:
    """The overview of what `scope` may see.

    KPIs that have no numbers in these months, or cannot be read, are left out.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    found = {kpi.name: _latest(reader, catalog, scope, today, kpi) for kpi in catalog.kpis}
    return Overview({name: latest for name, latest in found.items() if latest.values}, _newest(reader, scope))


def _newest(reader: Reader, scope: Scope) -> datetime | None:
    """When the newest reading was taken; None where there is none, or finding it would take too long."""
    try:
        table, _ = reader.run(guard.check(_NEWEST).text, scope=scope)
    except QueryFailed:
        return None
    found = table.rows[0][0] if table.rows else None
    return found if isinstance(found, datetime) else None


def _latest(reader: Reader, catalog: Catalog, scope: Scope, today: date, kpi: Kpi) -> Latest:
    end = floor(today, Grain.MONTH)
    start = shift(end, Grain.MONTH, -MONTHS)
    period = Period(start, end, "")
    plan = Plan(kpis=(kpi.name,), periods=(period,), by=(Dimension.MONTH,))
    try:
        table, _ = reader.run(guard.check(compile_plan(plan, catalog)).text, scope=scope)
    except (QueryFailed, UnsafeSql):
        return Latest((), ())
    rows = [(str(month), Decimal(str(value))) for month, value in table.rows if value is not None]
    months = tuple(unit(date.fromisoformat(f"{month}-01"), Grain.MONTH) for month, _ in rows)
    return Latest(months, tuple(value for _, value in rows))


def points(values: Sequence[Decimal], width: int, height: int) -> str:
    """`values` as the points of an SVG polyline that fills `width` by `height`, the largest at the top."""
    low, high = min(values), max(values)
    span = float(high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{at * step:.1f},{height - height * float(value - low) / span:.1f}"
        for at, value in enumerate(values)
    )
