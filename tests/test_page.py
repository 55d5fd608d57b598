"""The page in a real browser, over a stand-in of the service behind it."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from nlq.answer import Column, Table
from nlq.errors import DatabaseUnavailable
from nlq.web import create_app
from tests import stand_in
from tests.stand_in import ANSWERED, CATALOG, CLARIFY, CONVERSATION, HOSTILE, StandInService

pytestmark = pytest.mark.browser

HOSTILE_ANSWER = replace(
    ANSWERED,
    text=HOSTILE,
    interpretation=HOSTILE,
    sql=HOSTILE,
    model=HOSTILE,
    warnings=(HOSTILE,),
    table=Table((Column(HOSTILE, "text"),), ((HOSTILE,),)),
)
HOSTILE_CHOICE = replace(CLARIFY, text=HOSTILE, table=Table((Column("choice", "text"),), ((HOSTILE,),)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None and os.environ.get("CI"):
        pytest.fail("Chromium is missing: apt-get install chromium.")
    if path is None:
        pytest.skip("Chromium is not installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def service() -> StandInService:
    """The service behind the page."""
    return stand_in.service(
        {
            "hostile answer": HOSTILE_ANSWER,
            "hostile choice": HOSTILE_CHOICE,
            "down": DatabaseUnavailable("The database is down; please try again."),
        }
    )


@pytest.fixture
def address(service: StandInService) -> Iterator[str]:
    """Where the page is served."""
    server = make_server("127.0.0.1", 0, create_app(service), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The open page; a test fails if the browser reported an error."""
    errors: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security" in message.text else None)
    page.goto(address)
    yield page
    page.close()
    assert errors == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".busy")).to_have_count(0)


def test_a_person_asks_with_the_keyboard_and_reads_the_answer(page: Page) -> None:
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Conversion rate by region")
    page.keyboard.press("Enter")
    expect(page.get_by_text("EMEA had the highest sales conversion rate")).to_have_count(2)  # and read aloud
    expect(page.get_by_role("columnheader")).to_have_text(["Region", "Month", "Sales conversion rate"])
    expect(page.get_by_role("row").nth(2)).to_have_text("North America2026-09-013.10")
    expect(
        page.get_by_text("Average of Sales conversion rate (%) by region", exact=False).last
    ).to_be_visible()


def test_numbers_and_moments_are_written_for_people(page: Page, service: StandInService) -> None:
    columns = (Column("year", "integer"), Column("previous_year", "number"), Column("seen", "timestamp"))
    rows = (
        (2026, Decimal("1234567.5"), datetime(2026, 11, 9, 14)),
        (2025, Decimal("12.25"), datetime(2026, 11, 9)),
    )
    service.pipeline.answers = {"all": replace(ANSWERED, table=Table(columns, rows))}
    ask(page, "all of it")
    expect(page.get_by_role("row").nth(1)).to_have_text("20261,234,567.502026-11-09 14:00")
    expect(page.get_by_role("row").nth(2)).to_have_text("202512.252026-11-09")


def test_the_sql_is_folded_and_can_be_opened(page: Page) -> None:
    ask(page, "Conversion rate by region")
    expect(page.locator("code")).to_be_hidden()
    page.get_by_text("Show the SQL").click()
    expect(page.locator("code")).to_have_text(stand_in.SQL)


def test_the_sql_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "Conversion rate by region")
    page.get_by_text("Show the SQL").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == stand_in.SQL


def test_stages_and_time_are_shown_while_the_question_is_worked_on(
    page: Page, service: StandInService
) -> None:
    go_on = threading.Semaphore(0)
    service.pipeline.at_stage = go_on.acquire
    page.get_by_label("Your question").fill("Conversion rate")
    page.keyboard.press("Enter")
    for stage in ("Reading the question", "Asking the model", "Running the query"):
        expect(page.get_by_text(stage)).to_be_visible()
        expect(page.locator(".elapsed")).to_contain_text(" s")
        go_on.release()
    expect(page.locator(".answer")).to_be_visible()


def test_an_example_from_the_catalogue_is_asked_with_a_click(page: Page, service: StandInService) -> None:
    page.get_by_role("button", name="How did NPS develop by month in 2026?").click()
    expect(page.locator(".answer")).to_have_count(1)
    assert service.pipeline.asked[0].text == "How did NPS develop by month in 2026?"
    assert service.pipeline.asked[0].channel == "web"


def test_the_page_opens_and_asks_also_when_the_catalogue_cannot_be_read(
    browser: Browser, address: str, service: StandInService
) -> None:
    service.known = DatabaseUnavailable("The database is down.")
    page = browser.new_page()
    page.goto(address)
    ask(page, "Conversion rate")
    expect(page.locator(".answer.answered")).to_be_visible()
    page.close()


def test_follow_ups_continue_the_conversation_until_a_new_one_is_started(
    page: Page, service: StandInService
) -> None:
    ask(page, "Conversion rate in EMEA")
    ask(page, "And in APAC?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, "Customer acquisition cost")
    conversations = [question.conversation_id for question in service.pipeline.asked]
    assert conversations == [None, CONVERSATION, None]


def test_a_choice_is_asked_with_a_click(page: Page, service: StandInService) -> None:
    ask(page, "Tell me which cost is best")
    expect(page.get_by_text("Which cost do you mean?").last).to_be_visible()
    page.get_by_role("button", name="Cost per ticket").click()
    expect(page.locator(".answer.answered")).to_be_visible()
    assert service.pipeline.asked[-1].text == "Cost per ticket"
    assert service.pipeline.asked[-1].conversation_id == CONVERSATION


@pytest.mark.parametrize("question", ["a hostile answer", "a hostile choice", HOSTILE])
def test_text_from_people_rows_and_model_is_never_html(
    page: Page, service: StandInService, question: str
) -> None:
    ask(page, question)
    expect(page.locator(".answer")).to_have_count(1)
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.title() == "Ask your KPIs"
    assert page.locator("li img, li script").count() == 0


def test_names_in_the_catalogue_are_never_html(
    browser: Browser, address: str, service: StandInService
) -> None:
    service.known = replace(CATALOG, kpis=(replace(CATALOG.kpis[0], label=HOSTILE),))
    page = browser.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name=HOSTILE).first).to_be_visible()
    assert page.title() == "Ask your KPIs"
    assert page.locator("li img").count() == 0
    page.close()


@pytest.mark.parametrize(
    ("question", "heading", "sentence"),
    [
        ("the weather", "Not something this data can answer", "Ask me about KPIs"),
        ("too slow", "That did not work", "The model"),
        ("it is down", "That did not work", "The database is down"),
        ("?!", "That did not work", "The question has no words"),
    ],
)
def test_what_was_not_answered_says_so_and_why(
    page: Page, question: str, heading: str, sentence: str
) -> None:
    ask(page, question)
    expect(page.locator(".kind")).to_have_text(heading)
    expect(page.locator(".sentence")).to_contain_text(sentence)
    expect(page.get_by_role("table")).to_have_count(0)


def test_a_failed_question_can_be_asked_again(page: Page, service: StandInService) -> None:
    ask(page, "too slow")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".answer")).to_have_count(2)
    assert [question.text for question in service.pipeline.asked] == ["too slow", "too slow"]


def test_a_service_that_is_gone_is_said_in_words(page: Page) -> None:
    page.route("**/api/v1/ask", lambda route: route.abort())
    ask(page, "Conversion rate")
    expect(page.locator(".sentence")).to_have_text(
        "The service cannot be reached. Check your connection and try again."
    )


def test_a_cut_off_result_says_so(page: Page, service: StandInService) -> None:
    assert ANSWERED.table is not None
    cut = replace(ANSWERED, table=replace(ANSWERED.table, truncated=True))
    service.pipeline.answers = {"everything": cut}
    ask(page, "everything")
    expect(page.get_by_text("Only the first 3 rows are shown; the result has more.")).to_be_visible()


def test_the_page_fits_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 640})
    page.goto(address)
    ask(page, "Conversion rate by region")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    page.close()
