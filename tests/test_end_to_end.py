"""From the command line's own parts to the answer: embedded PostgreSQL, demo data and the embedded model."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from nlq import settings as settings_module
from nlq.answer import Answer, Status
from nlq.embedded.progress import silent
from nlq.question import Question
from nlq.service import Service, build, embedded
from nlq.settings import Settings
from nlq.web import create_app
from tests import browsing
from tests.browsing import chromium, served, settled, watched

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


def test_the_model_server_listens_on_this_machine_alone_and_wants_its_key(running: Settings) -> None:
    url = urlsplit(running.openai_base_url or "")
    assert url.hostname == "127.0.0.1"
    question = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    for key, status in ((None, 401), ("guess", 401), (running.openai_api_key, 200)):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        reply = httpx.post(f"{url.geturl()}/chat/completions", json=question, headers=headers, timeout=120)
        assert reply.status_code == status
    assert len(running.openai_api_key or "") >= 32


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
        ("How chuffed were our customers in 2025?", "customer_satisfaction_score"),
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, patient with a model on a busy machine."""
    with chromium() as found:
        expect.set_options(timeout=90_000)
        yield found


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    """The open page."""
    with served(create_app(service)) as address, watched(browser.new_context().new_page()) as found:
        found.goto(address)
        yield found


@pytest.mark.browser
def test_the_model_finds_the_kpi_and_the_page_says_how_it_read_the_words(page: Page) -> None:
    page.get_by_label("Your question").fill("How chuffed were our customers in 2025?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Asking the model")).to_be_visible()
    settled(page)
    expect(page.locator(".big-number .value")).to_have_text(re.compile(r"^4\.\d\d points$"))
    expect(page.locator(".warnings")).to_contain_text("The language model took")
    expect(page.locator(".answer footer")).to_contain_text("qwen", ignore_case=True)


@pytest.mark.browser
def test_a_follow_up_of_what_the_model_found_is_answered(page: Page) -> None:
    browsing.ask(page, "How chuffed were our customers in 2025?")
    browsing.ask(page, "and by region?")
    expect(page.locator(".interpretation").last).to_contain_text("Customer satisfaction score")
    expect(page.get_by_role("row")).to_have_count(7)


@pytest.mark.browser
def test_a_chip_changes_what_the_model_found(page: Page) -> None:
    browsing.ask(page, "What did we pay for ads in March 2026?")
    page.locator(".chip > summary", has_text="Period").click()
    page.get_by_role("button", name="February 2026 the one before").click()
    expect(page.locator(".interpretation")).to_have_count(2)
    expect(page.locator(".interpretation").last).to_contain_text("Marketing spend (USD), February 2026")


@pytest.mark.browser
def test_what_no_kpi_measures_is_refused_with_what_can_be_asked(page: Page) -> None:
    browsing.ask(page, "What will the weather be like tomorrow?")
    expect(page.locator(".answer.refused .sentence")).to_contain_text("I can't answer that from the KPI data")


@pytest.mark.browser
def test_a_question_to_the_model_can_be_stopped(page: Page) -> None:
    page.get_by_label("Your question").fill("How cheerful did our customers feel about us in 2024?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Asking the model")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".answer.failed .sentence")).to_have_text(
        "The question was stopped before it was answered."
    )


@pytest.mark.browser
def test_an_answer_of_the_model_is_there_again_after_a_reload(page: Page) -> None:
    browsing.ask(page, "How long did parcels take to arrive in 2025?")
    said = page.locator(".sentence").text_content() or ""
    page.reload()
    expect(page.locator(".sentence")).to_have_text(said)
    expect(page.locator(".big-number .value")).to_be_visible()


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
