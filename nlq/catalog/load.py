"""Builds the catalogue from the tables and the catalogue file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nlq.catalog import rules
from nlq.catalog.model import Catalog, Kpi, Region, Team
from nlq.catalog.refine import Refinement

Fetch = Callable[[str], Sequence[Mapping[str, Any]]]
"""Runs a statement of ours as the reader and returns its rows by column name."""

_FINGERPRINT = """
SELECT md5(concat_ws('|',
  (SELECT string_agg(concat_ws('~', id, name, description, unit, category), '|' ORDER BY id)
     FROM public.kpi_definitions),
  (SELECT string_agg(concat_ws('~', id, name, department), '|' ORDER BY id) FROM public.teams),
  (SELECT string_agg(concat_ws('~', id, name, country), '|' ORDER BY id) FROM public.regions),
  (SELECT concat_ws('-', year, month) FROM public.kpi_data
     ORDER BY year DESC, quarter DESC, month DESC LIMIT 1)
)) AS fingerprint
"""
_KPIS = """
SELECT d.name, d.description, d.unit, d.category,
       coalesce((SELECT max(scale(v.value)) FROM
         (SELECT value FROM public.kpi_data WHERE kpi_id = d.id LIMIT 200) AS v), 2) AS scale
FROM public.kpi_definitions AS d ORDER BY d.id
"""
_TEAMS = "SELECT name, department FROM public.teams ORDER BY id"
_REGIONS = "SELECT name, country FROM public.regions ORDER BY id"
_SEVERITIES = """
SELECT severity FROM public.anomalies WHERE severity IS NOT NULL GROUP BY severity
ORDER BY array_position(
           ARRAY['low', 'minor', 'medium', 'moderate', 'major', 'high', 'critical'], lower(severity)),
         severity
"""
_MONTHS = """
(SELECT year, month FROM public.kpi_data ORDER BY year, quarter, month LIMIT 1)
UNION ALL
(SELECT year, month FROM public.kpi_data ORDER BY year DESC, quarter DESC, month DESC LIMIT 1)
"""


def fingerprint(fetch: Fetch) -> str:
    """A short text that changes when KPIs, teams, regions or the months with readings do."""
    return str(fetch(_FINGERPRINT)[0]["fingerprint"])


def load(fetch: Fetch, refinement: Refinement) -> Catalog:
    """Build the catalogue: the tables' names, refined by the file, completed by the rules.

    A KPI, team or region that the tables list twice under one name is taken once.
    """
    teams = {row["name"]: row["department"] for row in fetch(_TEAMS)}
    regions = {row["name"]: row["country"] for row in fetch(_REGIONS)}
    departments = dict.fromkeys(name for name in teams.values() if name)
    months = [(row["year"], row["month"]) for row in fetch(_MONTHS)]
    kpis = {row["name"]: _kpi(row, refinement.kpis.get(row["name"], {})) for row in fetch(_KPIS)}
    return Catalog(
        kpis=tuple(kpis.values()),
        teams=tuple(Team(n, d, refinement.teams.get(n, ())) for n, d in teams.items()),
        regions=tuple(Region(n, c, refinement.regions.get(n, ())) for n, c in regions.items()),
        severities=tuple(row["severity"] for row in fetch(_SEVERITIES)),
        departments={name: refinement.departments.get(name, "") for name in departments},
        first_month=months[0] if months else None,
        last_month=months[-1] if months else None,
    )


def _kpi(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Kpi:
    name, unit = row["name"], row["unit"] or ""
    description = facts.get("description", row["description"] or "")
    how = facts.get("aggregation") or rules.aggregation(name, description, unit)
    return Kpi(
        name=name,
        label=facts.get("label") or rules.label(name),
        description=description,
        unit=unit,
        category=row["category"] or "",
        synonyms=facts.get("synonyms", ()),
        aggregation=how,
        direction=facts.get("direction") or rules.direction(name, description),
        decimals=facts.get("decimals", rules.decimals(how, row["scale"])),
    )
