"""What people call the allowed relations and their columns: `teams.name` is the team."""

from nlq.sql.scope import Origin

_NAMES = {
    Origin("public.teams", "name"): "team",
    Origin("public.regions", "name"): "region",
    Origin("public.kpi_definitions", "name"): "kpi",
}

RELATIONS = {
    "nlq.kpi_values": "KPI values",
    "nlq.kpi_anomalies": "anomalies",
    "public.teams": "teams",
    "public.regions": "regions",
    "public.kpi_definitions": "KPI definitions",
    "public.kpi_data": "KPI readings",
    "public.anomalies": "anomalies",
}
"""What people call each relation."""

MOMENTS = frozenset({"timestamp", "detected_at", "created_at"})
"""Columns that hold a moment, which is before or after another and not less or more."""


def common_name(origin: Origin) -> str:
    """The one name of a column, whichever relation it is read from."""
    return _NAMES.get(origin, origin.column)
