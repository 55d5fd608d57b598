"""What row filters cost: the same queries without them, and with them for several scopes, side by side.

Run it with `python -m bench.row_filter [READINGS]`. It prints milliseconds, the median of five, and how they
compare with no filter. Last measured with 1,000,000 readings on 2 cores at a load of 9: one KPI by region
58 ms without a filter, 0.9 times that for one region; all readings 345 ms, 2.3 times that for one region; the
names of KPIs 4 ms, 3.4 times that for one team.
"""

import statistics
import sys
import time

import psycopg

from nlq import seal
from nlq.access import EVERYTHING, NOTHING, Grant, Scope
from nlq.database import Limits, Reader
from schema import migrate
from tests.conftest import ROLES
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, running_server

COMPANY = """
INSERT INTO teams (name) SELECT 'team ' || n FROM generate_series(1, 40) n;
INSERT INTO regions (name) SELECT 'region ' || n FROM generate_series(1, 20) n;
INSERT INTO kpi_definitions (name, unit) SELECT 'kpi ' || n, 'USD' FROM generate_series(1, 60) n;
INSERT INTO kpi_data (kpi_id, team_id, region_id, value, timestamp, year, quarter, month)
    SELECT 1 + n % 60, 1 + n / 60 % 40, 1 + n / 2400 % 20, n,
           timestamp '2024-01-01' + n / 1000 * interval '1 hour', 2024, 1, 1
    FROM generate_series(1, %(readings)s) n;
"""
QUERIES = {
    "one KPI by region": "SELECT region, sum(value) FROM nlq.kpi_values WHERE kpi = 'kpi 7' GROUP BY region",
    "one KPI in one region": "SELECT sum(value) FROM nlq.kpi_values"
    " WHERE kpi = 'kpi 7' AND region = 'region 3'",
    "all readings": "SELECT sum(value) FROM nlq.kpi_values",
    "names of KPIs": "SELECT name FROM kpi_definitions",
}
SCOPES = {
    "everything": EVERYTHING,
    "one region": Scope(frozenset({Grant(regions=frozenset({"region 3"}))})),
    "one team": Scope(frozenset({Grant(teams=frozenset({"team 3"}))})),
    "nothing": NOTHING,
}


def measure(reader: Reader, sql: str, scope: Scope) -> float:
    """Milliseconds of `sql` over the rows of `scope`, the median of five."""

    def once() -> float:
        began = time.monotonic()
        reader.run(sql, scope=scope)
        return 1000 * (time.monotonic() - began)

    return statistics.median(once() for _ in range(5))


def main(readings: int) -> None:
    """Make a company with as many readings, and print the figures."""
    limits = Limits(statement_timeout_ms=60_000, max_plan_cost=1e12)
    with running_server() as server, server.fresh_database() as name:
        owner, url = server.url(name), server.url(name, "nlq_reader", READER_PASSWORD)
        migrate.upgrade(owner, ROLES)
        with psycopg.connect(owner) as connection:
            for statement in COMPANY.split(";\n"):
                connection.execute(statement.replace("%(readings)s", str(readings)).encode())
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        open_reader = Reader(url, limits)
        free = {query: measure(open_reader, sql, EVERYTHING) for query, sql in QUERIES.items()}
        open_reader.close()
        migrate.upgrade(owner, ROLES, filter_rows=True)
        reader = Reader(url, limits, key=seal.keeper(server.url(name, "nlq_writer", WRITER_PASSWORD)))
        for query, sql in QUERIES.items():
            print(f"{query}: {free[query]:.0f} ms without filters")
            for scope, rows in SCOPES.items():
                took = measure(reader, sql, rows)
                print(f"    {scope}: {took:.0f} ms, {took / free[query]:.1f} times")
        reader.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
