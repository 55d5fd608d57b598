"""Writes a made-up company into a database: all of it, or the weeks that are new since the last time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import psycopg

from nlq.errors import NlqError
from schema.demo.company import definitions
from schema.demo.readings import readings
from schema.demo.rows import Definitions, Reading

_TABLES = ("teams", "regions", "kpi_definitions")
_LAST_WEEK = "SELECT max(timestamp)::date FROM public.kpi_data"


@dataclass(frozen=True)
class DemoReport:
    """How many rows were written."""

    teams: int
    regions: int
    kpis: int
    readings: int
    anomalies: int


def load(url: str, today: date) -> DemoReport:
    """Write the demo company with its readings up to the week of `today`, as the owner at `url`.

    On its own earlier data it adds the weeks that are new. All is written in one transaction.

    Raises:
        NlqError: the database holds other data, or has no KPI tables; nothing was written.
    """
    try:
        with psycopg.connect(url) as connection:
            return _load(connection, definitions(), today)
    except psycopg.errors.UndefinedTable as error:
        raise NlqError("The KPI tables are missing; run nlq db upgrade first.") from error
    except psycopg.OperationalError as error:
        raise NlqError(f"The database cannot be reached: {error}") from error


def write(connection: psycopg.Connection, company: Definitions, rows: Iterable[Reading]) -> DemoReport:
    """Write a company's definitions into empty tables, and its readings."""
    counts = _write_definitions(connection, company)
    written, anomalies = _write_readings(connection, rows)
    return DemoReport(*counts, written, anomalies)


def _load(connection: psycopg.Connection, company: Definitions, today: date) -> DemoReport:
    connection.execute("LOCK TABLE public.kpi_definitions IN EXCLUSIVE MODE")
    held = {table: _held(connection, table) for table in _TABLES}
    if not any(held.values()) and not _held_readings(connection):
        return write(connection, company, readings(None, today))
    if not _is_demo(held, company):
        raise NlqError(
            "The database holds other data than the demo's, so nothing was written. "
            "Run nlq db demo on an empty database; NLQ_DATABASE_URL names it."
        )
    row = connection.execute(_LAST_WEEK).fetchone()
    written, anomalies = _write_readings(connection, readings(row[0] if row else None, today))
    return DemoReport(0, 0, 0, written, anomalies)


def _held(connection: psycopg.Connection, table: str) -> list[str]:
    statement = psycopg.sql.SQL("SELECT name FROM public.{} ORDER BY id").format(
        psycopg.sql.Identifier(table)
    )
    return [row[0] for row in connection.execute(statement).fetchall()]


def _held_readings(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT FROM public.kpi_data LIMIT 1").fetchone() is not None


def _is_demo(held: Mapping[str, list[str]], company: Definitions) -> bool:
    own = {
        "teams": [name for name, _ in company.teams],
        "regions": [name for name, _ in company.regions],
        "kpi_definitions": [kpi[0] for kpi in company.kpis],
    }
    return held == own


def _write_definitions(connection: psycopg.Connection, company: Definitions) -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO public.teams (name, department) VALUES (%s, %s)", company.teams)
        cursor.executemany("INSERT INTO public.regions (name, country) VALUES (%s, %s)", company.regions)
        cursor.executemany(
            "INSERT INTO public.kpi_definitions (name, description, unit, category) VALUES (%s, %s, %s, %s)",
            company.kpis,
        )
    return len(company.teams), len(company.regions), len(company.kpis)


def _write_readings(connection: psycopg.Connection, rows: Iterable[Reading]) -> tuple[int, int]:
    """Write the readings by COPY, then the anomalies that refer to them."""
    ids = {table: _ids(connection, table) for table in _TABLES}
    next_id = _next_id(connection)
    anomalies = []
    written = 0
    columns = "id, kpi_id, team_id, region_id, value, timestamp, year, quarter, month, week"
    with connection.cursor() as cursor, cursor.copy(f"COPY public.kpi_data ({columns}) FROM STDIN") as copy:
        for written, row in enumerate(rows, start=1):
            number = next_id + written - 1
            copy.write_row(
                (
                    number,
                    ids["kpi_definitions"][row.kpi],
                    ids["teams"].get(row.team or ""),
                    ids["regions"].get(row.region or ""),
                    row.value,
                    row.at,
                    row.at.year,
                    (row.at.month + 2) // 3,
                    row.at.month,
                    row.week,
                )
            )
            if found := row.anomaly:
                anomalies.append((number, found.description, found.severity, found.detected_at))
    connection.execute("SELECT setval('public.kpi_data_id_seq', %s)", (next_id + written,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO public.anomalies (kpi_data_id, description, severity, detected_at)"
            " VALUES (%s, %s, %s, %s)",
            anomalies,
        )
    return written, len(anomalies)


def _ids(connection: psycopg.Connection, table: str) -> dict[str, int]:
    statement = psycopg.sql.SQL("SELECT name, id FROM public.{}").format(psycopg.sql.Identifier(table))
    return dict(connection.execute(statement).fetchall())


def _next_id(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT nextval('public.kpi_data_id_seq')").fetchone()
    assert row is not None  # noqa: S101 - a SELECT of one value returns one row
    return int(row[0])
