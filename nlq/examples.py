"""Example questions, made from the names in the catalogue, so that a person sees what can be asked."""

import calendar
from collections.abc import Iterator

from nlq.catalog import Aggregation, Catalog, Kpi


def questions(catalog: Catalog, most: int = 6) -> list[str]:
    """Up to `most` questions about different KPIs, each of a different kind; none for an empty catalogue."""
    if not catalog.kpis:
        return []
    kpis = [catalog.kpis[i % len(catalog.kpis)] for i in range(most)]
    asked = _about_data(catalog, kpis) if catalog.last_month else iter(())
    return [*asked, f"What does {_spoken(kpis[-1])} mean?"][:most]


def _about_data(catalog: Catalog, kpis: list[Kpi]) -> Iterator[str]:
    assert catalog.last_month is not None  # noqa: S101 - `questions` checked it
    year, month = catalog.last_month
    spoken = [_spoken(kpi) for kpi in kpis]
    if catalog.regions:
        region = catalog.regions[-1].name
        yield f"What was the {_how(kpis[0])}{spoken[0]} in {region} in {calendar.month_name[month]} {year}?"
    if catalog.teams:
        yield f"Which team had the highest {spoken[1]} in {year}?"
    yield f"How did {spoken[2]} develop by month in {year}?"
    if catalog.regions:
        yield f"{kpis[3].label} by region in {year}"
    if catalog.severities:
        yield f"How many {catalog.severities[-1]} severity anomalies were there in {year}?"


def _how(kpi: Kpi) -> str:
    """How the KPI adds up as a word with a blank after it; empty where its name says so already."""
    word = {Aggregation.SUM: "total ", Aggregation.AVERAGE: "average "}.get(kpi.aggregation, "")
    return "" if word.strip() in kpi.label.lower() else word


def _spoken(kpi: Kpi) -> str:
    """The label as it reads inside a sentence: lower case, except where it starts with an abbreviation."""
    first = kpi.label.split(" ", 1)[0]
    return kpi.label if not first.istitle() else kpi.label[:1].lower() + kpi.label[1:]
