"""From the command line's own parts to the answer: embedded PostgreSQL, demo data and the embedded model."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nlq import settings as settings_module
from nlq.answer import Answer, Status
from nlq.embedded.progress import silent
from nlq.question import Question
from nlq.service import Service, build, embedded
from nlq.settings import Settings

pytestmark = pytest.mark.model

HOME = Path(os.environ.get("NLQ_TEST_HOME") or "~/.cache/nlq-tests").expanduser()
"""Keeps the weights from one run of the tests to the next."""


@pytest.fixture(scope="module")
def running() -> Iterator[Settings]:
    """The settings of everything that is embedded, started as `make run` starts it."""
    settings = settings_module.load({"NLQ_HOME": str(HOME), "NLQ_TIMEZONE": "UTC"})
    with embedded(settings, silent) as complete:
        yield complete


@pytest.fixture(scope="module")
def service(running: Settings) -> Service:
    return build(running)


def ask(service: Service, text: str) -> Answer:
    return service.pipeline.ask(Question(text))


def by_hand(running: Settings, sql: str) -> list[tuple[object, ...]]:
    assert running.database_url is not None
    with psycopg.connect(running.database_url) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_the_service_is_ready_once_it_is_started(service: Service) -> None:
    assert service.ready().ok


def test_a_plain_question_gets_the_number_that_sql_by_hand_gives(running: Settings, service: Service) -> None:
    answer = ask(service, "What was our conversion rate in EMEA in March 2026?")
    expected = by_hand(
        running,
        "SELECT round(avg(d.value), 4) FROM kpi_data d JOIN kpi_definitions k ON k.id = d.kpi_id"
        " JOIN regions r ON r.id = d.region_id"
        " WHERE k.name = 'sales_conversion_rate' AND r.name = 'EMEA' AND d.year = 2026 AND d.month = 3",
    )
    assert answer.table is not None
    assert list(answer.table.rows) == expected


@pytest.mark.parametrize(
    ("text", "kpi"),
    [
        ("How happy were our customers in 2025?", "customer_satisfaction_score"),
        ("What did we pay for ads in March 2026?", "marketing_spend"),
        ("How long did parcels take to arrive in 2025?", "delivery_time"),
    ],
)
def test_the_model_finds_the_kpi_behind_other_words(service: Service, text: str, kpi: str) -> None:
    answer = ask(service, text)
    assert (answer.status, answer.attempts) == (Status.ANSWERED, 1)
    assert (answer.plan or {})["kpis"] == [kpi]


def test_the_model_refuses_what_no_kpi_measures(service: Service) -> None:
    answer = ask(service, "What will the weather be like tomorrow?")
    assert (answer.status, answer.attempts) == (Status.REFUSED, 1)


def test_a_question_that_is_killed_stays_in_the_history_as_unsuccessful(running: Settings) -> None:
    text = f"How cheerful are our customers at {time.time_ns()}?"
    code = (
        "import sys\nfrom nlq import settings\nfrom nlq.embedded.progress import silent\n"
        "from nlq.question import Question\nfrom nlq.service import build, embedded\n"
        "with embedded(settings.load(), silent) as complete:\n"
        "    build(complete).pipeline.ask(Question(sys.argv[1]), lambda stage: print(stage, flush=True))\n"
    )
    environ = {**os.environ, "NLQ_HOME": str(HOME), "NLQ_TIMEZONE": "UTC"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, text], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() not in {"llm", ""}:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    rows = by_hand(running, f"SELECT successful FROM query_history WHERE query_text = '{text}'")
    assert rows == [(False,)]
    again = build(dataclasses.replace(running))
    assert ask(again, "Revenue in 2025").status is Status.ANSWERED
