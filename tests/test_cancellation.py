"""A question that nobody waits for ends: in the service, in PostgreSQL, at the model, and in the history."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from nlq import settings as settings_module
from nlq.answer import Answer, Status
from nlq.cancellation import Cancellation, Cancelled, Cause
from nlq.clock import fixed
from nlq.question import Question
from nlq.service import Service, build
from tests.catalogs import TODAY
from tests.postgres import Database
from tests.scripted import SLOW_LIMITS, SLOW_QUESTION, SLOW_REPLY, Script
from tests.serving import Served, environment, serving

HAPPY = "How chuffed are our customers?"
"""A question whose KPI the model chooses."""
FORMS = ("application/json", "text/event-stream")
PATIENCE_S = 10.0


@pytest.fixture
def environ(demo: Database, model: Script, tmp_path: Path) -> dict[str, str]:
    return environment(demo, model, tmp_path, **SLOW_LIMITS)


@pytest.fixture
def service(environ: dict[str, str]) -> Service:
    return build(settings_module.load(environ), fixed(TODAY))


@pytest.fixture
def served(environ: dict[str, str]) -> Iterator[Served]:
    with serving(environ) as running:
        yield running


def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, and fail where it does not come to that."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def one(database: Database, sql: str) -> object:
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row and row[0]


def runs_sql(database: Database) -> bool:
    """Whether PostgreSQL works on a question's statement."""
    return bool(
        one(
            database,
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'nlq_reader' AND state = 'active'"
            " AND datname = current_database()",
        )
    )


def reasons(database: Database) -> list[tuple[object, ...]]:
    """The status and the reason of each question, oldest first."""
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute("SELECT status, reason FROM nlq.query_details ORDER BY query_id").fetchall()


def cancelled_while(
    service: Service, text: str, happens: Callable[[], bool], cause: Cause = Cause.STOPPED
) -> Answer:
    """The answer to `text`, which is cancelled as soon as something `happens`."""
    cancellation = Cancellation()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(service.pipeline.ask, Question(text), cancellation=cancellation)
        until(happens)
        cancellation.cancel(cause)
        return asked.result(PATIENCE_S)


def test_a_cancelled_statement_ends_in_postgresql(service: Service, demo: Database, model: Script) -> None:
    model.replies = [SLOW_REPLY]
    answer = cancelled_while(service, SLOW_QUESTION, lambda: runs_sql(demo))
    assert (answer.status, answer.text) == (Status.FAILED, str(Cancelled(Cause.STOPPED)))
    assert not runs_sql(demo)
    assert reasons(demo) == [("failed", "cancelled: stopped")]


def test_the_connection_of_a_cancelled_statement_serves_the_next_question(
    service: Service, demo: Database, model: Script
) -> None:
    model.replies = [SLOW_REPLY]
    for _ in range(3):
        cancelled_while(service, SLOW_QUESTION, lambda: runs_sql(demo))
        assert service.pipeline.ask(Question("Revenue last month")).status is Status.ANSWERED


def test_a_cancelled_call_of_the_model_is_dropped_there(
    service: Service, demo: Database, model: Script
) -> None:
    model.delay_s = 3600
    answer = cancelled_while(service, HAPPY, lambda: bool(model.requests), Cause.GONE)
    assert (answer.status, answer.attempts) == (Status.FAILED, 1)
    assert reasons(demo) == [("failed", "cancelled: gone")]
    until(lambda: model.dropped == 1)


def test_a_question_that_takes_too_long_ends_at_its_deadline(
    environ: dict[str, str], demo: Database, model: Script
) -> None:
    service = build(settings_module.load({**environ, "NLQ_QUESTION_TIMEOUT_S": "0.7"}), fixed(TODAY))
    service.catalog()
    model.replies = [SLOW_REPLY]
    assert "took too long" in service.pipeline.ask(Question(SLOW_QUESTION)).text
    model.delay_s = 3600
    assert "took too long" in service.pipeline.ask(Question(HAPPY)).text
    assert reasons(demo) == [("failed", "cancelled: too long")] * 2
    assert not runs_sql(demo)


def test_a_question_that_was_cancelled_before_it_began_leaves_nothing_behind(
    service: Service, demo: Database, model: Script
) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        service.pipeline.ask(Question(HAPPY), cancellation=cancellation)
    assert (reasons(demo), model.requests) == ([], [])


def test_a_question_is_cancelled_by_its_id_and_only_by_its_asker(service: Service, model: Script) -> None:
    model.delay_s = 3600
    ids: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            service.pipeline.ask,
            Question(HAPPY, user="ann"),
            on_started=lambda started: ids.append(started.query_id),
        )
        until(lambda: bool(model.requests))
        running = service.pipeline.running
        assert not running.cancel(ids[0], "bob")
        assert not running.cancel(ids[0] + 1, "ann")
        assert running.cancel(ids[0], "ann")
        assert asked.result(PATIENCE_S).id == ids[0]
    assert not running.cancel(ids[0], "ann")


def test_ctrl_c_leaves_a_history_that_says_so(
    service: Service, demo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service.pipeline.reader, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        service.pipeline.ask(Question("Revenue last month"))
    assert reasons(demo) == [("failed", "cancelled: stopped")]


def test_a_callback_is_called_once_and_only_while_its_context_lasts() -> None:
    cancellation, called = Cancellation(), []
    with cancellation.calling(lambda: called.append("over")):
        pass
    with cancellation.calling(lambda: called.append("within")):
        cancellation.cancel(Cause.GONE)
        cancellation.cancel(Cause.STOPPED)
    assert called == ["within"]


def test_what_a_cancelled_question_ends_with_is_why_it_was_cancelled() -> None:
    cancellation = Cancellation()
    with pytest.raises(Cancelled) as ended, cancellation.calling(lambda: cancellation):  # noqa: PT012
        cancellation.cancel(Cause.GONE)
        raise ValueError("the statement failed, since it was cancelled")
    assert ended.value.cause is Cause.GONE
    with pytest.raises(Cancelled), cancellation.calling(lambda: cancellation):
        pass


def request(served: Served, text: str, accept: str) -> socket.socket:
    """A connection on which a question was asked and nothing was read yet."""
    where = urlsplit(served.url)
    connection = socket.create_connection((where.hostname, where.port), PATIENCE_S)
    body = json.dumps({"question": text})
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Accept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall((head + body).encode())
    return connection


def test_a_client_that_goes_away_ends_its_statement_and_its_call_of_the_model(
    served: Served, demo: Database, model: Script
) -> None:
    model.replies = [SLOW_REPLY]
    for accept in FORMS:
        connection = request(served, SLOW_QUESTION, accept)
        until(lambda: runs_sql(demo))
        connection.close()
        until(lambda: not runs_sql(demo))
    model.delay_s = 3600
    for times, accept in enumerate(FORMS, start=1):
        asked = len(model.requests)
        connection = request(served, HAPPY, accept)
        until(lambda: len(model.requests) > asked)  # noqa: B023 - called at once
        connection.close()
        until(lambda: model.dropped == times)  # noqa: B023
    until(lambda: reasons(demo) == [("failed", "cancelled: gone")] * 4)


def test_a_stream_begins_with_the_id_by_which_the_question_can_be_stopped(
    served: Served, demo: Database, model: Script
) -> None:
    model.delay_s = 3600
    headers, body = {"Accept": "text/event-stream"}, {"question": HAPPY}
    with httpx.stream("POST", f"{served.url}/api/v1/ask", json=body, headers=headers) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: started"
        started = json.loads(next(lines).removeprefix("data: "))
        until(lambda: bool(model.requests))
        stop = f"{served.url}/api/v1/ask/{started['id']}/cancel"
        assert httpx.post(stop).status_code == 415
        assert httpx.post(stop, json={}).status_code == 202
        answer = json.loads([line for line in lines if line.startswith("data: ")][-1].removeprefix("data: "))
    assert (answer["id"], answer["conversation_id"]) == (started["id"], started["conversation_id"])
    assert (answer["status"], answer["text"]) == ("failed", str(Cancelled(Cause.STOPPED)))
    assert httpx.post(stop, json={}).status_code == 404
