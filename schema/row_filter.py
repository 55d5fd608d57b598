"""Row-level security on the KPI tables: the reader sees the rows of its transaction's scope, and no others.

Other roles see what they saw before. Where a table had no row-level security, a policy that lets everybody
do everything keeps it so, and a restrictive one for the reader alone narrows that. Where a DBA had switched
it on already, only the restrictive one is added: what may be seen at most stays the DBA's choice.
"""

from collections.abc import Iterator

import psycopg
from psycopg import errors, sql

_EVERYTHING = "(SELECT nlq.granted()) = '[{}]'::jsonb"
_SOMETHING = "coalesce((SELECT nlq.granted()) <> '[]'::jsonb, false)"
"""Spares a search through all readings where none can be seen."""
_SEEN: dict[str, str] = {
    "teams": "id IN (SELECT team_id FROM nlq.visible())",
    "regions": "id IN (SELECT region_id FROM nlq.visible())",
    "kpi_definitions": "EXISTS (SELECT FROM public.kpi_data AS d WHERE d.kpi_id = kpi_definitions.id)",
    "kpi_data": "(coalesce(team_id, nlq.nowhere()), coalesce(region_id, nlq.nowhere()))"
    " IN (SELECT team_id, region_id FROM nlq.visible())",
    "anomalies": "EXISTS (SELECT FROM public.kpi_data AS d WHERE d.id = anomalies.kpi_data_id)",
}
"""Table -> which of its rows a scope that is not everything shows."""

_KIND = "row security"
"""What `nlq.installed` calls a table whose row-level security was switched on here."""


def install(connection: psycopg.Connection, reader: str) -> None:
    """Filter what the role `reader` sees of each KPI table; repeatable.

    Raises:
        InsufficientPrivilege: the connecting user does not own a table.
    """
    for statement in statements(connection, reader):
        connection.execute(statement)


def statements(connection: psycopg.Connection, reader: str) -> Iterator[sql.Composed]:
    """The statements that `install` runs on the database as it is."""
    for table, seen in _SEEN.items():
        name, role = sql.Identifier("public", table), sql.Identifier(reader)
        if not _is_on(connection, table):
            yield _sql("INSERT INTO nlq.installed VALUES ({}, {}) ON CONFLICT DO NOTHING", _KIND, table)
            yield _sql("DROP POLICY IF EXISTS nlq_others ON {}", name)
            yield _sql("CREATE POLICY nlq_others ON {} USING (true) WITH CHECK (true)", name)
            yield _sql("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", name)
        if not _filters(connection, table, reader):
            condition = sql.SQL(f"{_EVERYTHING} OR ({_SOMETHING} AND {seen})")
            yield _sql("DROP POLICY IF EXISTS nlq_scope ON {}", name)
            yield _sql(
                "CREATE POLICY nlq_scope ON {} AS RESTRICTIVE FOR SELECT TO {} USING ({})",
                name,
                role,
                condition,
            )


def remove(connection: psycopg.Connection) -> None:
    """Take back what `install` did; the reader sees all rows again."""
    for table in _SEEN:
        name = sql.Identifier("public", table)
        if connection.execute("SELECT to_regclass(%s)", (f"public.{table}",)).fetchone() == (None,):
            continue
        connection.execute(_sql("DROP POLICY IF EXISTS nlq_scope ON {}", name))
        if connection.execute(
            "DELETE FROM nlq.installed WHERE kind = %s AND name = %s RETURNING name", (_KIND, table)
        ).fetchone():
            connection.execute(_sql("DROP POLICY IF EXISTS nlq_others ON {}", name))
            connection.execute(_sql("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", name))


def gaps(connection: psycopg.Connection, reader: str) -> Iterator[str]:
    """A sentence for each table whose rows are not filtered for the role `reader`."""
    for table in _SEEN:
        if not (_is_on(connection, table) and _filters(connection, table, reader)):
            yield f"The rows of public.{table} are not filtered for {reader}: its owner must upgrade."


def attempt(connection: psycopg.Connection, reader: str) -> None:
    """`install` as far as the connecting user may."""
    try:
        with connection.transaction():
            install(connection, reader)
    except errors.InsufficientPrivilege:
        return


def _sql(template: str, *parts: sql.Composable | str) -> sql.Composed:
    filled = [sql.Literal(part) if isinstance(part, str) else part for part in parts]
    return sql.SQL(template).format(*filled)


def _is_on(connection: psycopg.Connection, table: str) -> bool:
    query = "SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass"
    row = connection.execute(query, (f"public.{table}",)).fetchone()
    return bool(row and row[0])


def _filters(connection: psycopg.Connection, table: str, reader: str) -> bool:
    query = (
        "SELECT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'public' AND tablename = %s"
        " AND policyname = 'nlq_scope' AND permissive = 'RESTRICTIVE' AND %s = ANY (roles))"
    )
    row = connection.execute(query, (table, reader)).fetchone()
    return bool(row and row[0])
