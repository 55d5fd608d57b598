"""Made-up companies for the evaluation: each a folder with `world.yml` and its question sets.

`world.yml` says what a company measures and how its readings behave; `readings` makes the same rows of it
on every machine. Nothing here is read by the service.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import yaml

from schema.demo.chance import draws
from schema.demo.load import DemoReport, write
from schema.demo.rows import Anomaly, Definitions, Reading

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class WorldKpi:
    """A KPI, and how its made-up readings behave."""

    name: str
    teams: tuple[str | None, ...]
    regions: tuple[str | None, ...]
    level: float
    """The usual value of a reading."""
    description: str | None = None
    unit: str | None = None
    category: str | None = None
    grain: str = "weekly"
    """`daily`, `weekly` (Mondays) or `monthly` (the first)."""
    growth: float = 0.0
    """Growth a year: 0.1 is ten percent."""
    season: float = 0.08
    """How far the season moves a reading, as a part of it."""
    spread: float = 0.3
    """How far teams and regions lie apart, as a part of the level."""
    noise: float = 0.1
    decimals: int = 0
    since: date | None = None


@dataclass(frozen=True)
class World:
    """A company: its names, its KPIs, and how untidy its data is."""

    name: str
    today: date
    first_day: date
    teams: Sequence[tuple[str, str | None]]
    regions: Sequence[tuple[str, str | None]]
    kpis: Sequence[WorldKpi]
    fiscal_year_start: int = 1
    gaps: float = 0.02
    """The part of readings that are missing."""
    unplaced: float = 0.01
    """The part of readings without a team, and of those without a region."""
    unusual: float = 0.01
    """The part of readings that are anomalies."""
    severities: Sequence[str] = ("low", "medium", "high")
    catalog: Mapping[str, Any] = field(default_factory=dict)
    """What the company's catalogue file says."""


def load(name: str) -> World:
    """The world in the folder `name`.

    Raises:
        OSError: there is no such folder.
        KeyError, TypeError: its `world.yml` lacks a key or has an unknown one.
    """
    facts = yaml.safe_load((FOLDER / name / "world.yml").read_text(encoding="utf-8"))
    teams = [(str(team), department) for team, department in facts.pop("teams")]
    regions = [(str(region), country) for region, country in facts.pop("regions")]
    kpis = [_kpi(kpi, [t for t, _ in teams], [r for r, _ in regions]) for kpi in facts.pop("kpis")]
    return World(name=name, teams=teams, regions=regions, kpis=kpis, **facts)


def fill(url: str, world: World) -> DemoReport:
    """Write `world` into the empty migrated database at `url`, as its owner."""
    kpis = [(k.name, k.description, k.unit, k.category) for k in world.kpis]
    with psycopg.connect(url) as connection:
        return write(connection, Definitions(world.teams, world.regions, kpis), readings(world))


def readings(world: World) -> Iterator[Reading]:
    """All readings of `world` up to its today."""
    for kpi in world.kpis:
        for day in _days(kpi, world):
            for team in kpi.teams:
                for region in kpi.regions:
                    if reading := _reading(world, kpi, team, region, day):
                        yield reading


def _kpi(facts: dict[str, Any], teams: list[str], regions: list[str]) -> WorldKpi:
    """`teams` and `regions` are lists of names, `all` of them (the default) or `none`."""
    everywhere = {"teams": teams, "regions": regions}
    places = {key: facts.pop(key, "all") for key in everywhere}
    for key, named in places.items():
        chosen: Sequence[str | None] = (
            everywhere[key] if named == "all" else [None] if named == "none" else named
        )
        places[key] = tuple(chosen)
    return WorldKpi(**facts, teams=places["teams"], regions=places["regions"])


def _days(kpi: WorldKpi, world: World) -> Iterator[date]:
    day = kpi.since or world.first_day
    if kpi.grain == "weekly":
        day += timedelta(days=-day.weekday() % 7)
    while day <= world.today:
        yield day
        steps = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
        day = day + steps[kpi.grain] if kpi.grain in steps else (day + timedelta(days=31)).replace(day=1)


def _reading(world: World, kpi: WorldKpi, team: str | None, region: str | None, day: date) -> Reading | None:
    gap, unusual, noise, place, strength, story, *_ = draws(world.name, kpi.name, team, region, day)
    if gap < world.gaps:
        return None
    value = _usual(world, kpi, team, region, day) * (1 + kpi.noise * (2 * noise - 1))
    anomaly = None
    if unusual < world.unusual:
        value *= 1.5 + 0.5 * strength if story > 0.4 else 0.6 - 0.2 * strength
        anomaly = Anomaly(
            f"{kpi.name} is far {'above' if story > 0.4 else 'below'} what is usual",
            world.severities[int(strength * len(world.severities))],
            datetime.combine(day + timedelta(days=int(story * 4)), time(9)),
        )
    return Reading(
        kpi=kpi.name,
        team=None if place < world.unplaced else team,
        region=None if place > 1 - world.unplaced else region,
        at=datetime.combine(day, time()),
        week=None if kpi.grain == "monthly" else day.isocalendar().week,
        value=Decimal(str(value)).quantize(Decimal(1).scaleb(-kpi.decimals)),
        anomaly=anomaly,
    )


def _usual(world: World, kpi: WorldKpi, team: str | None, region: str | None, day: date) -> float:
    years = (day - world.first_day).days / 365.25
    phase, *_ = draws(world.name, "season", kpi.name)
    season = 1 + kpi.season * math.sin(2 * math.pi * (day.timetuple().tm_yday / 365 + phase))
    place, pace, *_ = draws(world.name, "place", kpi.name, team, region)
    own_growth = kpi.growth + 0.1 * (2 * pace - 1)
    return kpi.level * (1 + kpi.spread * (2 * place - 1)) * math.pow(1 + own_growth, years) * season
