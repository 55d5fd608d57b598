"""The history list over a million questions: `python -m bench.history_million [--rows N] [--plans]`.

Starts a PostgreSQL of its own in a temporary folder, fills the history, and prints for each filter and order
the median and the 95th percentile of a page: first pages and pages further on, warm. The same for dashboards.
With `--plans` also how PostgreSQL ran the first page of each.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
from psycopg_pool import ConnectionPool

from nlq.dashboard import Dashboards, Grain
from nlq.embedded.postgres import EmbeddedPostgres
from nlq.history import open_pool
from nlq.history_list import Filters, HistoryList, Order, Sort, statement
from schema import migrate
from schema.roles import Roles

_PAGES = 20
_LIMIT = 50
_YEARS = 3

_FILL = """
SELECT setseed(0.5);
ALTER TABLE public.query_history DISABLE TRIGGER USER;
ALTER TABLE nlq.query_details DISABLE TRIGGER USER;
INSERT INTO public.query_history (query_text, timestamp, execution_time_ms, successful)
SELECT (ARRAY['What was the ', 'Show me ', 'Which team had the highest ', 'Compare ', 'How did we do on '])
           [1 + floor(random() * 5)]
       || (ARRAY['revenue', 'conversion rate', 'cost per ticket', 'response time', 'churn',
                 'net promoter score', 'lead time', 'ad spend', 'defect rate', 'orders'])
           [1 + floor(10 * power(random(), 2))]
       || ' in ' || (ARRAY['EMEA', 'APAC', 'North America', 'Latin America'])[1 + floor(random() * 4)]
       || (ARRAY[' last month', ' this year', ' by region', ' in ' || (2020 + n % 7)])
           [1 + floor(random() * 4)]
       || CASE WHEN n % 100003 = 7 THEN ' zyzzyva' ELSE '' END || '?',
       localtimestamp - %(age)s::interval * (1 - n / %(rows)s::float),
       40 + floor(exp(random() * 9))::integer, random() < 0.83
FROM generate_series(1, %(rows)s) n;
INSERT INTO nlq.conversations (id, channel)
SELECT md5(n::text)::uuid, 'web' FROM generate_series(0, %(rows)s / 5) n;
INSERT INTO nlq.query_details (query_id, conversation_id, channel, user_name, status, method, confidence,
                               sql, plan, interpretation, answer_text, attempts, stages)
SELECT id, md5((id / 5)::text)::uuid,
       CASE WHEN id < %(rows)s / 50 THEN 'cli' ELSE (ARRAY['web', 'web', 'slack', 'http'])[1 + id %% 4] END,
       'user' || floor(200 * power(random(), 3)) || '@example.com',
       CASE WHEN successful THEN 'answered'
            ELSE (ARRAY['failed', 'refused', 'refused', 'clarify'])[1 + id %% 4] END,
       CASE WHEN successful THEN (ARRAY['plan', 'plan', 'plan', 'verified', 'sql'])[1 + id %% 5] END,
       CASE WHEN successful THEN round((1 - power(random(), 3))::numeric, 2) END,
       repeat('SELECT avg(value) FROM nlq.kpi_values ', 8),
       jsonb_build_object('kpis', jsonb_build_array('kpi_' || id %% 10), 'top', id %% 7),
       'Average of something in EMEA, 1 July to 30 September 2026', 'It was 3.42 %%.', 1,
       '{"linking": 3, "llm": 400, "database": 12}'
FROM public.query_history;
INSERT INTO nlq.feedback (query_id, verdict) SELECT id, CASE WHEN id %% 3 = 0 THEN 'wrong' ELSE 'right' END
FROM public.query_history WHERE id %% 200 = 0;
ALTER TABLE public.query_history ENABLE TRIGGER USER;
ALTER TABLE nlq.query_details ENABLE TRIGGER USER
"""


def _cases(now: datetime) -> dict[str, tuple[Filters, Order]]:
    """What people look for, by name."""
    everything, newest = Filters(), Order()
    filters = {
        "everything": everything,
        "answered": Filters(status="answered"),
        "failed": Filters(status="failed"),
        "channel web": Filters(channel="web"),
        "channel cli, long ago": Filters(channel="cli"),
        "a user who asks much": Filters(user="user0@example.com"),
        "a user who asks little": Filters(user="user199@example.com"),
        "a user who never asked": Filters(user="nobody"),
        "written by the model": Filters(method="sql"),
        "a day": Filters(since=now - timedelta(days=500), until=now - timedelta(days=499)),
        "two years ago": Filters(until=now - timedelta(days=730)),
        "slow": Filters(min_ms=5_000),
        "very slow": Filters(min_ms=8_120),
        "thumbs down": Filters(feedback="wrong"),
        "no feedback": Filters(feedback="none"),
        "unsure": Filters(confidence_below=0.2),
        "a usual word": Filters(text="revenue"),
        "a rare word": Filters(text="zyzzyva"),
        "a word that is nowhere": Filters(text="quixotic"),
        "two letters": Filters(text="rd"),
        "two letters that are nowhere": Filters(text="q#"),
        "failed and slow": Filters(status="failed", min_ms=7_000),
        "failed on a day": Filters(
            status="failed", since=now - timedelta(days=500), until=now - timedelta(days=499)
        ),
        "a user's slow ones of a word": Filters(user="user7@example.com", text="churn", min_ms=3_000),
        "a usual and a rare thing": Filters(text="revenue", user="user150@example.com"),
    }
    found = {name: (chosen, newest) for name, chosen in filters.items()}
    for order in (Order(Sort.DURATION), Order(Sort.CONFIDENCE, ascending=True), Order(ascending=True)):
        way = "up" if order.ascending else "down"
        for name in (
            "everything",
            "failed",
            "a user who asks little",
            "a usual word",
            "a rare word",
            "a day",
        ):
            found[f"{name}, by {order.by} {way}"] = (filters[name], order)
    return found


def _fill(url: str, rows: int) -> None:
    began = time.monotonic()
    statements = (
        _FILL.replace("%(rows)s", str(rows)).replace("%(age)s", f"'{_YEARS} years'").replace("%%", "%")
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for one in statements.split(";\n"):
            connection.execute(one.encode())
        print(f"{rows:,} questions written in {time.monotonic() - began:.0f} s", flush=True)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _times(pages: HistoryList, filters: Filters, order: Order) -> Iterator[float]:
    """Milliseconds of `_PAGES` pages that follow each other, and of the first page as often."""
    cursor: int | None = None
    for _ in range(_PAGES):
        yield _timed(lambda: pages.page(filters, None, _LIMIT, order))
        began = time.perf_counter()
        cursor = pages.page(filters, cursor, _LIMIT, order).next_cursor
        yield 1000 * (time.perf_counter() - began)


def _plan(pool: ConnectionPool, filters: Filters, order: Order) -> str:
    query, values = statement(filters, order, limit=_LIMIT + 1)
    with pool.connection() as connection:
        rows = connection.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}".encode(), values
        ).fetchall()
    return "\n".join(f"    {line}" for (line,) in rows)


def _measure(pool: ConnectionPool, with_plans: bool) -> None:
    pages, all_times = HistoryList(pool), list[float]()
    print("| filter and order | median ms | p95 ms | slowest ms |\n|---|---|---|---|")
    plans = []
    for name, (filters, order) in _cases(datetime.now(UTC)).items():
        pages.page(filters, None, _LIMIT, order)
        times = sorted(_times(pages, filters, order))
        all_times += times
        print(_line(name, times), flush=True)
        plans.append(f"{name}\n{_plan(pool, filters, order)}")
    print(_line("all", sorted(all_times)))
    if with_plans:
        print("\n\n".join(["", *plans]))


def _measure_dashboard(pool: ConnectionPool) -> None:
    dashboards, now = Dashboards(pool), datetime.now(UTC)
    print("\n| dashboard | questions | median ms | slowest ms |\n|---|---|---|---|")
    for days, grain in ((7, Grain.DAY), (30, Grain.DAY), (90, Grain.WEEK), (365, Grain.MONTH)):
        since = now - timedelta(days=days)
        asked = dashboards.of(since, now, grain).whole.asked
        times = sorted(_timed(partial(dashboards.of, since, now, grain)) for _ in range(5))
        print(f"| {days} days | {asked:,} | {statistics.median(times):.0f} | {times[-1]:.0f} |", flush=True)


def _line(name: str, times: list[float]) -> str:
    p95 = times[int(0.95 * len(times))]
    return f"| {name} | {statistics.median(times):.1f} | {p95:.1f} | {times[-1]:.1f} |"


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nlq-bench-") as folder, EmbeddedPostgres(Path(folder)) as urls:
        migrate.upgrade(urls.owner, Roles(), "0004")
        _fill(urls.owner, chosen.rows)
        began = time.monotonic()
        migrate.upgrade(urls.owner, Roles())
        print(f"upgraded with them in {time.monotonic() - began:.0f} s", flush=True)
        with psycopg.connect(urls.owner, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        with open_pool(urls.writer) as pool:
            _measure_dashboard(pool)
            _measure(pool, chosen.plans)


if __name__ == "__main__":
    main()
