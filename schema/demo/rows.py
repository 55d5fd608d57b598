"""What a made-up company consists of: definitions, and readings some of which are anomalies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Definitions:
    """The rows that readings refer to by name."""

    teams: Sequence[tuple[str, str | None]]
    """Name and department."""
    regions: Sequence[tuple[str, str | None]]
    """Name and country."""
    kpis: Sequence[tuple[str, str | None, str | None, str | None]]
    """Name, description, unit and category."""


@dataclass(frozen=True)
class Anomaly:
    """What was noticed about a reading."""

    description: str
    severity: str
    detected_at: datetime


@dataclass(frozen=True)
class Reading:
    """One row of `kpi_data`, by names; `year`, `quarter` and `month` follow from `at`."""

    kpi: str
    team: str | None
    region: str | None
    at: datetime
    week: int | None
    """ISO week; None where the KPI is not measured weekly."""
    value: Decimal
    anomaly: Anomaly | None = None
