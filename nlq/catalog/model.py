"""The catalogue's data: KPIs with the meaning of their numbers, teams, regions and severities."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any


class Aggregation(StrEnum):
    """How the readings of a KPI become one number."""

    SUM = "sum"
    AVERAGE = "average"
    LAST = "last"
    """The latest reading of each team and region, added up: a stock such as a headcount."""


class Direction(StrEnum):
    """Which way of a KPI is good."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Kpi:
    """One KPI. `name` is the key in `kpi_definitions`, `label` what people read."""

    name: str
    label: str
    description: str = ""
    unit: str = ""
    category: str = ""
    synonyms: tuple[str, ...] = ()
    aggregation: Aggregation = Aggregation.SUM
    direction: Direction = Direction.UP
    decimals: int = 2
    """Digits after the decimal point that people are shown."""


@dataclass(frozen=True)
class Team:
    """A team and the department that it belongs to, if any."""

    name: str
    department: str | None = None
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Region:
    """A region and its country, if any."""

    name: str
    country: str | None = None
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """Everything that a question can name."""

    kpis: tuple[Kpi, ...]
    teams: tuple[Team, ...] = ()
    regions: tuple[Region, ...] = ()
    severities: tuple[str, ...] = ()
    """Severities that occur, mildest first."""
    departments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Each department with its description (empty where none is given)."""
    first_month: tuple[int, int] | None = None
    """Year and month of the earliest reading; None when there are no readings."""
    last_month: tuple[int, int] | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Kpi]:
        """The KPIs by `name`."""
        return {kpi.name: kpi for kpi in self.kpis}

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """The countries that regions name, in order of first appearance."""
        return _distinct(region.country for region in self.regions)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categories that KPIs name, in order of first appearance."""
        return _distinct(kpi.category for kpi in self.kpis)

    @cached_property
    def held(self) -> Mapping[str, tuple[str, ...]]:
        """What the columns of names hold: `kpi`, `team`, `department`, `region`, `country`, ..."""
        return {
            "kpi": tuple(kpi.name for kpi in self.kpis),
            "team": tuple(team.name for team in self.teams),
            "department": tuple(self.departments),
            "region": tuple(region.name for region in self.regions),
            "country": self.countries,
            "category": self.categories,
            "unit": tuple({kpi.unit for kpi in self.kpis}),
            "severity": self.severities,
        }


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def as_json(catalog: Catalog) -> dict[str, Any]:
    """The catalogue as the JSON object of `GET /api/v1/catalog`."""
    return {
        "kpis": [asdict(kpi) for kpi in catalog.kpis],
        "teams": [asdict(team) for team in catalog.teams],
        "departments": [{"name": name, "description": text} for name, text in catalog.departments.items()],
        "regions": [asdict(region) for region in catalog.regions],
        "countries": list(catalog.countries),
        "categories": list(catalog.categories),
        "severities": list(catalog.severities),
        "first_month": _month(catalog.first_month),
        "last_month": _month(catalog.last_month),
    }


def _month(month: tuple[int, int] | None) -> str | None:
    return f"{month[0]}-{month[1]:02d}" if month else None
