"""Compiles plans about teams, regions and KPI definitions themselves."""

from nlq.plan import expressions as sql
from nlq.plan.model import Dimension, Filter, Measure, Plan, Subject

_TABLES = {
    Subject.TEAMS: ("public.teams", ("name AS team", "department"), {Dimension.TEAM: "name"}),
    Subject.REGIONS: ("public.regions", ("name AS region", "country"), {Dimension.REGION: "name"}),
    Subject.KPIS: (
        "public.kpi_definitions",
        ("name AS kpi", "description", "unit", "category"),
        {Dimension.KPI: "name"},
    ),
}
_OWN = {
    Subject.TEAMS: {Dimension.TEAM, Dimension.DEPARTMENT},
    Subject.REGIONS: {Dimension.REGION, Dimension.COUNTRY},
    Subject.KPIS: {Dimension.KPI, Dimension.CATEGORY, Dimension.UNIT},
}
_MEMBER = {Subject.TEAMS: "team", Subject.REGIONS: "region", Subject.KPIS: "kpi"}


def compile_names(plan: Plan) -> str:
    """The SQL of a plan whose subject are teams, regions or KPIs.

    `by` with a department, country or category lists these instead; with `Measure.COUNT` it counts the
    members of each.
    """
    table, columns, own = _TABLES[plan.subject]
    where = _where(plan, own)
    condition = f"\nWHERE {sql.conjunction(where)}" if where else ""
    if plan.by and plan.measure is Measure.COUNT:
        group = plan.by[0].value
        members = sql.name(f"{_MEMBER[plan.subject]}s")
        return (
            f"SELECT {group}, count(*) AS {members}\nFROM {table}{condition}\nGROUP BY {group}\n"
            f"ORDER BY count(*) DESC, {group}" + (f"\nLIMIT {plan.top}" if plan.top else "")
        )
    if plan.by:
        group = plan.by[0].value
        where.append(f"{group} IS NOT NULL")
        condition = f"\nWHERE {sql.conjunction(where)}"
        if plan.count:
            counted = {"country": "countries", "category": "categories"}.get(group, f"{group}s")
            return f"SELECT count(DISTINCT {group}) AS {counted}\nFROM {table}{condition}"
        return f"SELECT DISTINCT {group}\nFROM {table}{condition}\nORDER BY {group}"
    if plan.count:
        return f"SELECT count(*) AS {_MEMBER[plan.subject]}s\nFROM {table}{condition}"
    return f"SELECT {', '.join(columns)}\nFROM {table}{condition}\nORDER BY name"


def _where(plan: Plan, own: dict[Dimension, str]) -> list[str]:
    """Filters on the table's own columns, and on having readings for the rest."""
    table_own = _OWN[plan.subject]
    own_kpi = "name" if plan.subject is Subject.KPIS else "kpi"
    kpis = [sql.filtered(Filter(Dimension.KPI, plan.kpis), own_kpi)] if plan.kpis else []
    where = [sql.filtered(f, own.get(f.dimension)) for f in plan.filters if f.dimension in table_own]
    readings = [sql.filtered(f) for f in plan.filters if f.dimension not in table_own]
    readings += [sql.within(period, "timestamp") for period in plan.periods]
    if plan.subject is Subject.KPIS:
        where += kpis
    else:
        readings += kpis
    if readings:
        member = _MEMBER[plan.subject]
        where.append(f"name IN (SELECT {member} FROM nlq.kpi_values WHERE {sql.conjunction(readings)})")  # noqa: S608 - quoted literals
    return where
