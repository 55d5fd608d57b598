"""A crowd at the service, with a scripted model that takes a second: `python -m bench.load`.

Prints for 200 questions at once, and for ten times as many, how many were answered and turned away, how long
that took beyond the model's second, as the clients see it from before they connect, and the memory of the
process; how long it takes to turn away as many from a service that is full already; then how long a client
that goes away keeps its place and its statement. Clients and model are processes of their own.
"""

import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from nlq.settings import Settings
from schema import migrate
from schema.demo.load import load
from schema.roles import Role, Roles
from tests.catalogs import TODAY
from tests.crowd import Reply, ask_at_once
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Database, running_server
from tests.scripted import SLOW_LIMITS, SLOW_QUESTION, SLOW_REPLY, Script, scripted_model
from tests.serving import Served, environment, serving

_MODEL_S = 1.0
_CROWD = 200
_PLACES = Settings.max_questions
_ROUNDS = 10


@contextmanager
def _demo() -> Iterator[Database]:
    with running_server() as server, server.fresh_database() as name:
        migrate.upgrade(
            server.url(name), Roles(Role("nlq_reader", READER_PASSWORD), Role("nlq_writer", WRITER_PASSWORD))
        )
        load(server.url(name), TODAY)
        yield Database(
            server.url(name),
            server.url(name, "nlq_reader", READER_PASSWORD),
            server.url(name, "nlq_writer", WRITER_PASSWORD),
        )


@contextmanager
def _model() -> Iterator[Script]:
    """A scripted model in a process of its own."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve_model, args=(theirs,))
    process.start()
    try:
        yield Script(base_url=ours.recv())
    finally:
        ours.send("end")
        process.join()


def _serve_model(pipe: "Connection[str, str]") -> None:
    with scripted_model() as model:
        model.replies, model.delay_s = ['{"kpi":"customer_satisfaction_score"}'], _MODEL_S
        pipe.send(model.base_url)
        pipe.recv()


class _Clients:
    """Two crowds, each in a process of its own."""

    def __init__(self) -> None:
        self._processes = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))

    def ask(self, served: Served, people: int) -> Future[list[Reply]]:
        """Let `people` ask at once."""
        questions = [f"How chuffed are our customers? {number}" for number in range(people)]
        return self._processes.submit(ask_at_once, served.url, questions)


def _metric(served: Served, name: str) -> float:
    families = text_string_to_metric_families(httpx.get(f"{served.url}/metrics").text)
    return next(sample.value for family in families for sample in family.samples if sample.name == name)


def _megabytes(served: Served) -> str:
    return f"{_metric(served, 'process_resident_memory_bytes') / 1e6:.0f} MB"


def _percentile_ms(replies: list[Reply], per_cent: int, less_s: float = 0) -> float:
    seconds = sorted(reply.seconds - less_s for reply in replies)
    return 1000 * statistics.quantiles(seconds, n=100, method="inclusive")[per_cent - 1]


def _crowd(clients: _Clients, served: Served, database: Database, people: int) -> None:
    before, worked = _megabytes(served), _metric(served, "process_cpu_seconds_total")
    replies = clients.ask(served, people).result()
    answered = [reply for reply in replies if reply.status == 200 and reply.body["status"] == "answered"]
    away = [reply for reply in replies if reply.status == 503 and "retry-after" in reply.headers]
    print(f"{people} at once: {len(answered)} answered, {len(away)} told to come back, "
          f"{people - len(answered) - len(away)} lost")  # fmt: skip
    print(f"  beyond the model's time: median {_percentile_ms(answered, 50, _MODEL_S):.0f} ms, "
          f"95 % within {_percentile_ms(answered, 95, _MODEL_S):.0f} ms")  # fmt: skip
    if away:
        _print_away(away)
    ids = {reply.body["id"] for reply in answered}
    with psycopg.connect(database.owner_url) as connection:
        written = {row[0] for row in connection.execute("SELECT id FROM query_history WHERE successful")}
    worked = _metric(served, "process_cpu_seconds_total") - worked
    print(f"  processor time of the service: {1000 * worked / people:.1f} ms for each")
    print(
        f"  successful in the history: {len(ids & written)} of these; memory {before} -> {_megabytes(served)}"
    )


def _print_away(away: list[Reply]) -> None:
    print(f"  told to come back: median after {_percentile_ms(away, 50):.0f} ms, "
          f"95 % within {_percentile_ms(away, 95):.0f} ms")  # fmt: skip


def _crowd_at_a_full_service(clients: _Clients, served: Served, people: int) -> None:
    first = clients.ask(served, _PLACES)
    while _metric(served, "nlq_questions_running") < _PLACES:
        time.sleep(0.1)
    away = [reply for reply in clients.ask(served, people).result() if reply.status == 503]
    answered = [reply for reply in first.result() if reply.status == 200]
    print(f"{people} at a service that works on {len(answered)}: {len(away)} told to come back")
    _print_away(away)


def _departure_ms(served: Served, database: Database) -> tuple[float, float]:
    """How long after a client went away its statement ran on, and its place was taken."""
    where = urlsplit(served.url)
    body = json.dumps({"question": SLOW_QUESTION})
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    active = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE usename = 'nlq_reader' AND query LIKE 'FETCH%' AND state = 'active'"
    )
    with psycopg.connect(database.owner_url, autocommit=True) as connection:

        def runs() -> bool:
            return connection.execute(active).fetchone() != (0,)

        with socket.create_connection((where.hostname, where.port or 80)) as client:
            client.sendall((head + body).encode())
            while not runs():
                assert _metric(served, "nlq_questions_running"), "the statement did not run"
                time.sleep(0.005)
        began = time.monotonic()
        while runs():
            time.sleep(0.005)
        statement = time.monotonic() - began
    while _metric(served, "nlq_questions_running"):
        time.sleep(0.005)
    return 1000 * statement, 1000 * (time.monotonic() - began)


def _departures(served: Served, database: Database, model: Script) -> None:
    model.replies, model.delay_s = [SLOW_REPLY], 0
    ask_at_once(served.url, ["Revenue last month"])
    times = [_departure_ms(served, database) for _ in range(_ROUNDS)]
    print(f"a client that goes away, {_ROUNDS} times: its statement ended after at most "
          f"{max(statement for statement, _ in times):.0f} ms, its place was free after at most "
          f"{max(place for _, place in times):.0f} ms")  # fmt: skip


def main() -> None:
    """Measure and print."""
    with _demo() as database, tempfile.TemporaryDirectory() as home:
        clients = _Clients()
        with _model() as model, serving(environment(database, model, Path(home))) as served:
            for warming_up in (clients.ask(served, 1), clients.ask(served, 1)):
                warming_up.result()
            alone = [clients.ask(served, 1).result()[0] for _ in range(5)]
            alone_ms = 1000 * (statistics.median(reply.seconds for reply in alone) - _MODEL_S)
            print(f"one alone: {alone_ms:.0f} ms beyond the model's time")
            _crowd(clients, served, database, _CROWD)
            _crowd(clients, served, database, 10 * _CROWD)
            _crowd_at_a_full_service(clients, served, 10 * _CROWD)
        with (
            scripted_model() as model,
            serving(environment(database, model, Path(home), **SLOW_LIMITS)) as served,
        ):
            _departures(served, database, model)


if __name__ == "__main__":
    main()
