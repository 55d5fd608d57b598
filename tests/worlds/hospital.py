"""A hospital group: other KPIs, teams, regions and units than the demo's, monthly and weekly readings."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import psycopg

from schema.demo.chance import draws
from schema.demo.load import DemoReport, write
from schema.demo.rows import Anomaly, Definitions, Reading

FIRST_DAY = date(2024, 1, 1)

_TEAMS = (
    ("Emergency Room", "Acute Care"),
    ("Intensive Care", "Acute Care"),
    ("Surgery", "Inpatient"),
    ("Maternity", "Inpatient"),
    ("Facility Management", "Services"),
    ("Pharmacy", "Services"),
)
_REGIONS = (
    ("Bavaria", "Germany"),
    ("Saxony", "Germany"),
    ("Tyrol", "Austria"),
    ("Vienna", "Austria"),
    ("Zurich", "Switzerland"),
)


@dataclass(frozen=True)
class _Kpi:
    name: str
    description: str
    unit: str
    category: str
    teams: tuple[str, ...]
    level: float
    growth: float
    decimals: int = 1
    weekly: bool = False


_WARDS = ("Emergency Room", "Intensive Care", "Surgery", "Maternity")
_KPIS = (
    _Kpi("Bed Occupancy Rate", "Share of beds that are taken", "%", "capacity", _WARDS[1:], 81.0, 0.02),
    _Kpi(
        "Emergency Wait Time",
        "Average time until a doctor is seen",
        "minutes",
        "access",
        _WARDS[:1],
        34.0,
        -0.05,
    ),
    _Kpi(
        "Surgeries Performed",
        "Number of operations",
        "operations",
        "activity",
        ("Surgery",),
        210.0,
        0.04,
        0,
        True,
    ),
    _Kpi("Admissions", "Patients who were admitted", "patients", "activity", _WARDS, 340.0, 0.03, 0, True),
    _Kpi(
        "Patient Satisfaction",
        "Average rating by patients from 1 to 10",
        "points",
        "quality",
        _WARDS,
        7.9,
        0.01,
    ),
    _Kpi(
        "Complaints",
        "Complaints that patients or relatives filed",
        "complaints",
        "quality",
        _WARDS,
        14.0,
        -0.1,
        0,
    ),
    _Kpi("Infection Rate", "Infections per 1000 days in hospital", "‰", "quality", _WARDS[1:], 2.4, -0.08, 2),
    _Kpi("Drug Spend", "Money paid for medicines", "EUR", "finance", ("Pharmacy",), 182000.0, 0.06, 2),
    _Kpi(
        "Energy Use",
        "Electricity and heat used",
        "kWh",
        "finance",
        ("Facility Management",),
        96000.0,
        -0.03,
        0,
    ),
    _Kpi("Overtime Hours", "Hours worked beyond the contract", "hrs total", "staff", _WARDS, 420.0, 0.05, 0),
    _Kpi(
        "Staff Headcount", "Employees at the end of the month", "employees", "staff", _WARDS, 120.0, 0.02, 0
    ),
)


def definitions() -> Definitions:
    """The group's teams, regions and KPIs."""
    return Definitions(_TEAMS, _REGIONS, [(k.name, k.description, k.unit, k.category) for k in _KPIS])


def readings(today: date) -> Iterator[Reading]:
    """Monthly and weekly readings since 2024, up to `today`, with gaps, unknown places and anomalies."""
    for kpi in _KPIS:
        for day in _days(kpi, today):
            for team in kpi.teams:
                for region, _ in _REGIONS:
                    if reading := _reading(kpi, team, region, day):
                        yield reading


def load_world(url: str, today: date) -> DemoReport:
    """Write the group into the empty migrated database at `url`, as its owner."""
    with psycopg.connect(url) as connection:
        return write(connection, definitions(), readings(today))


def _days(kpi: _Kpi, today: date) -> Iterator[date]:
    day = FIRST_DAY
    while day <= today:
        yield day
        day = day + timedelta(days=7) if kpi.weekly else (day + timedelta(days=31)).replace(day=1)


def _reading(kpi: _Kpi, team: str, region: str, day: date) -> Reading | None:
    gap, unusual, noise, place, strength, story, *_ = draws("hospital", kpi.name, team, region, day)
    if gap < 0.03:
        return None
    years = (day - FIRST_DAY).days / 365.25
    season = 1 + 0.08 * math.cos(2 * math.pi * day.month / 12)
    size = 0.7 + 0.6 * draws("size", region, team)[0]
    if kpi.unit in {"%", "points", "minutes", "‰"}:
        size = 0.95 + 0.1 * draws("size", region, team)[0]
    value = kpi.level * math.pow(1 + kpi.growth, years) * season * size * (0.95 + 0.1 * noise)
    anomaly = None
    if unusual < 0.02:
        value *= 1.4 + 0.5 * strength
        severity = ("low", "medium", "high")[int(strength * 3)]
        detected = datetime.combine(day + timedelta(days=int(story * 5)), time(9))
        anomaly = Anomaly(f"{value:.0f} is far above the usual value", severity, detected)
    return Reading(
        kpi=kpi.name,
        team=None if place < 0.02 else team,
        region=None if place > 0.98 else region,
        at=datetime.combine(day, time()),
        week=day.isocalendar().week if kpi.weekly else None,
        value=Decimal(str(value)).quantize(Decimal(1).scaleb(-kpi.decimals)),
        anomaly=anomaly,
    )
