"""Asking on the page: a real browser, the real service, a real PostgreSQL with the demo company."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from nlq.service import Service
from nlq.web import create_app
from tests.browsing import Pages, ask, chromium, demo_pages, settled, watched
from tests.postgres import Database, Server
from tests.scripted import Script

pytestmark = pytest.mark.browser

RATE = "What was our conversion rate in EMEA last quarter?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(postgres_server: Server, demo_template: str) -> Iterator[Pages]:
    """The pages, with a database of their own for all tests of this module."""
    with demo_pages(postgres_server, demo_template) as found:
        yield found


@pytest.fixture
def address(pages: Pages) -> str:
    """Where they are served."""
    return pages.address


@pytest.fixture
def real(pages: Pages) -> Service:
    """The service behind them."""
    return pages.service


@pytest.fixture
def script(pages: Pages) -> Script:
    """What the model replies."""
    return pages.script


@pytest.fixture
def database(pages: Pages) -> Database:
    """The database behind them."""
    return pages.database


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The open page."""
    with watched(browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()) as found:
        found.goto(address)
        yield found


@pytest.fixture
def plain(browser: Browser, address: str) -> Iterator[Page]:
    """The open page without JavaScript."""
    with watched(browser.new_context(java_script_enabled=False).new_page()) as found:
        found.goto(address)
        yield found


def test_a_person_asks_with_the_keyboard_and_reads_the_answer(page: Page) -> None:
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Revenue by region last month")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Revenue by region in October 2026: 6 rows").first).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_text(["Region", "Revenue (USD)"])
    expect(page.get_by_role("row").nth(1)).to_have_text(re.compile(r"APAC\s*\d,\d{3},\d{3}\.\d{2}$"))
    expect(page.locator(".interpretation")).to_have_text(
        "Total of Revenue (USD), October 2026 (1 to 31 October 2026), by region."
    )


def test_one_number_is_big_and_set_against_the_period_before(page: Page) -> None:
    ask(page, RATE)
    expect(page.locator(".big-number .value")).to_have_text(re.compile(r"^\d+\.\d\d%$"))
    expect(page.locator(".big-number .change")).to_contain_text("against Q2 2026")


def test_a_chart_is_drawn_and_its_kind_can_be_switched(page: Page) -> None:
    ask(page, "Revenue by month in 2026")
    chart = page.locator(".chart")
    expect(chart.locator("svg .mark-line")).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile("^Revenue by month in 2026"))
    page.get_by_role("button", name="Columns").click()
    expect(chart.locator("svg .mark-rect.role-mark")).to_be_visible()
    expect(page.get_by_role("button", name="Columns")).to_have_attribute("aria-pressed", "true")


def test_the_table_is_sorted_by_a_click_on_its_head(page: Page) -> None:
    ask(page, "Revenue by region last month")
    page.get_by_role("button", name="Revenue (USD)").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Latin America")
    page.get_by_role("button", name="Revenue (USD)").click()
    expect(page.get_by_role("columnheader").nth(1)).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("row").nth(1)).to_contain_text("North America")


def test_the_sql_is_folded_highlighted_and_can_be_copied(page: Page) -> None:
    ask(page, "Revenue in 2025")
    expect(page.locator("code")).to_be_hidden()
    page.get_by_text("Show the SQL").click()
    expect(page.locator("code .k").first).to_have_text("SELECT")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("code").text_content()


def test_names_are_completed_while_they_are_typed(page: Page) -> None:
    box = page.get_by_label("Your question")
    box.press_sequentially("Revenue in north am")
    expect(page.get_by_role("option")).to_have_text([re.compile("North America")])
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Revenue in North America ")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_an_example_is_asked_with_a_click(page: Page) -> None:
    example = page.locator(".examples button").first
    text = example.text_content()
    example.click()
    expect(page.locator(".asked")).to_contain_text(text or "?")
    settled(page)
    expect(page.locator(".answer.answered")).to_have_count(1)


def chip(page: Page, key: str) -> None:
    """Open the chip that is called `key`."""
    page.locator(".chip > summary").filter(has_text=re.compile(f"^{key}")).last.click()


def test_a_chip_is_changed_and_the_plan_runs_again_without_the_model(page: Page, script: Script) -> None:
    ask(page, RATE)
    calls = len(script.requests)
    chip(page, "Period")
    page.get_by_role("button", name="Q2 2026").first.click()
    expect(page.locator(".turn")).to_have_count(2)
    settled(page)
    expect(page.locator(".interpretation").last).to_contain_text("Q2 2026 (1 April to 30 June 2026)")
    chip(page, "Region")
    page.get_by_role("checkbox", name="APAC").last.check()
    page.get_by_role("button", name="Apply").last.click()
    expect(page.locator(".turn")).to_have_count(3)
    settled(page)
    expect(page.locator(".interpretation").last).to_contain_text("regions APAC and EMEA, Q2 2026")
    assert len(script.requests) == calls


def test_a_filter_is_added_and_taken_away_again(page: Page) -> None:
    ask(page, "Revenue in 2025")
    chip(page, "Add")
    page.locator(".popover summary", has_text="Team").last.click()
    page.get_by_role("checkbox", name="Ecommerce").last.check()
    page.locator("details.fold[open] button", has_text="Apply").last.click()
    expect(page.locator(".interpretation").nth(1)).to_contain_text("team Ecommerce")
    chip(page, "Team")
    page.get_by_role("button", name="Take away").last.click()
    expect(page.locator(".interpretation").nth(2)).not_to_contain_text("Ecommerce")


def test_own_dates_can_be_given(page: Page) -> None:
    ask(page, "Revenue in 2025")
    chip(page, "Period")
    page.get_by_label("From").last.fill("2026-01-05")
    page.get_by_label("To", exact=True).last.fill("2026-02-08")
    page.locator(".dates button").last.click()
    expect(page.locator(".interpretation").nth(1)).to_contain_text("5 January to 8 February 2026")


def test_a_suggestion_goes_on_from_the_answer(page: Page) -> None:
    ask(page, "Revenue in 2025")
    page.get_by_role("button", name="By region").click()
    expect(page.locator(".turn")).to_have_count(2)
    settled(page)
    expect(page.locator(".interpretation").last).to_contain_text(
        "2025 (1 January to 31 December 2025), by region"
    )


def test_follow_ups_continue_the_conversation(page: Page, real: Service) -> None:
    ask(page, "Revenue in EMEA in 2025")
    ask(page, "and in APAC?")
    expect(page.locator(".interpretation").last).to_contain_text("region APAC, 2025")
    page.get_by_role("link", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_what_was_not_answered_says_so_and_why(page: Page) -> None:
    ask(page, "Write me a poem about last month")
    expect(page.locator(".answer .kind")).to_have_text("Not something this data can answer")
    expect(page.locator(".sentence")).to_contain_text("I can't answer that from the KPI data")
    ask(page, "?!")
    expect(page.locator(".answer.failed .sentence")).to_have_text(
        "The question has no words in it; please type what you want to know."
    )


def test_a_thumb_with_a_reason_reaches_the_reviewers(page: Page, real: Service) -> None:
    ask(page, "Revenue in 2024")
    page.get_by_role("button", name="This is right").click()
    expect(page.get_by_role("button", name="This is right")).to_have_attribute("aria-pressed", "true")
    page.locator(".thumbs summary").click()
    page.get_by_label("What is wrong?").fill("We count net revenue.")
    page.get_by_role("button", name="Tell the reviewers").click()
    expect(page.locator(".thumbs summary")).to_have_attribute("aria-current", "")
    newest = real.history.page(limit=1).entries[0].id
    given = [(str(found.verdict), found.comment) for found in real.review.of(newest)]
    assert given == [("right", None), ("wrong", "We count net revenue.")]


def test_a_stop_really_ends_the_question(page: Page, real: Service, script: Script) -> None:
    script.delay_s = 8
    try:
        page.get_by_label("Your question").fill("How chuffed are our customers in APAC?")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Asking the model")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".answer.failed .sentence")).to_have_text(
            "The question was stopped before it was answered."
        )
    finally:
        script.delay_s = 0
    newest = real.history.page(limit=1).entries[0]
    assert (newest.status, newest.reason) == ("failed", "cancelled: stopped")


def test_a_reload_in_the_middle_loses_and_doubles_nothing(page: Page, real: Service, script: Script) -> None:
    script.delay_s, script.replies = 3, ['{"kpi":"customer_satisfaction_score"}']
    before = real.history.page(limit=1).entries[0].id
    try:
        page.get_by_label("Your question").fill("How cheerful are our customers in APAC?")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Asking the model")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Being worked on")).to_be_visible()
        expect(page.locator(".answer.answered")).to_have_count(1)
    finally:
        script.delay_s = 0
    assert real.history.page(limit=1).entries[0].id == before + 1


def test_a_network_that_goes_in_the_middle_loses_and_doubles_nothing(
    page: Page, real: Service, script: Script, address: str
) -> None:
    script.delay_s, script.replies = 4, ['{"kpi":"customer_satisfaction_score"}']
    before = real.history.page(limit=1).entries[0].id
    try:
        page.get_by_label("Your question").fill("How cheerful are our customers in EMEA?")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Asking the model")).to_be_visible()
        page.context.set_offline(True)
        page.wait_for_timeout(500)
        page.context.set_offline(False)
        expect(page.locator(".answer.answered")).to_have_count(1)
    finally:
        script.delay_s = 0
        page.context.set_offline(False)
    assert real.history.page(limit=1).entries[0].id == before + 1


def test_a_service_that_cannot_be_reached_is_said_and_the_question_asked_again_once(
    page: Page, real: Service
) -> None:
    page.context.set_offline(True)
    page.get_by_label("Your question").fill("Revenue in 2023")
    page.keyboard.press("Enter")
    expect(page.locator(".answer.failed .sentence")).to_have_text(
        "The service cannot be reached. Check your connection and try again."
    )
    before = real.history.page(limit=1).entries[0].id
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer.answered")).to_have_count(1)
    assert real.history.page(limit=1).entries[0].id == before + 1


def test_two_tabs_of_one_conversation_keep_everything(page: Page) -> None:
    ask(page, "Revenue in 2025")
    second = page.context.new_page()
    second.goto(page.url)
    ask(second, "and in EMEA?")
    ask(page, "Orders in 2025")
    page.reload()
    expect(page.locator(".asked > span:last-child")).to_have_text(
        ["Revenue in 2025", "and in EMEA?", "Orders in 2025"]
    )


def test_the_back_button_and_a_reload_show_the_answers_again(page: Page, address: str) -> None:
    ask(page, "Revenue by region last month")
    conversation = page.url
    rows = page.get_by_role("row").all_text_contents()
    page.get_by_role("link", name="Conversations").click()
    expect(page.get_by_role("heading", name="Conversations")).to_be_visible()
    page.go_back()
    assert page.url == conversation
    expect(page.get_by_role("row")).to_have_count(7)
    assert page.get_by_role("row").all_text_contents() == rows
    expect(page.locator(".chart svg")).to_be_visible()


def test_a_conversation_is_named_found_shared_and_deleted(page: Page, browser: Browser) -> None:
    ask(page, "Return rate by region in 2024")
    page.get_by_text("Rename").click()
    page.get_by_label("Name of this conversation").fill("Returns for the board")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Returns for the board")).to_be_visible()
    page.get_by_role("button", name="Copy the link").click()
    link = page.evaluate("() => navigator.clipboard.readText()")
    page.get_by_role("link", name="Conversations").click()
    page.get_by_label("Find what was asked").fill("return RATE by")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".listed a")).to_have_text(["Returns for the board"])
    with watched(browser.new_context().new_page()) as other:
        other.goto(link)
        expect(other.locator(".asked")).to_contain_text("Return rate by region in 2024")
    page.goto(link)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the conversation").click()
    page.goto(link)
    expect(page.get_by_role("heading", name="There is no such conversation")).to_be_visible()


def download(page: Page, name: str) -> bytes:
    if not page.get_by_role("link", name=name).is_visible():
        page.get_by_text("Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return started.value.path().read_bytes()


def test_the_result_is_downloaded_as_csv_xlsx_png_and_svg(page: Page) -> None:
    ask(page, "Revenue by region last month")
    lines = list(csv.reader(io.StringIO(download(page, "Table as CSV").decode("utf-8-sig"))))
    assert lines[0] == ["region", "revenue"]
    assert len(lines) == 7
    assert zipfile.ZipFile(io.BytesIO(download(page, "Table for Excel"))).testzip() is None
    assert download(page, "Chart as PNG").startswith(b"\x89PNG")
    assert download(page, "Chart as SVG").startswith(b"<svg")


def test_the_page_asks_and_answers_without_javascript(plain: Page) -> None:
    plain.get_by_label("Your question").fill("Revenue by region last month")
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.get_by_role("row")).to_have_count(7)
    expect(plain.get_by_role("img", name=re.compile("^Revenue by region")).last).to_be_visible()
    plain.get_by_label("Your question").fill("and in 2025?")
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.locator(".turn")).to_have_count(2)
    plain.get_by_role("button", name="By team").last.click()
    expect(plain.locator(".interpretation").last).to_contain_text("by team")
    plain.get_by_label("Your question").fill("?!")
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.get_by_role("alert")).to_contain_text("The question has no words in it")
    expect(plain.get_by_label("Your question")).to_have_value("?!")


def test_a_form_that_is_sent_twice_asks_once(real: Service) -> None:
    client = create_app(real).test_client()
    with client.session_transaction() as session:
        session["csrf_token"] = "t"
    fields = {"question": "Revenue in 2022", "token": "the same", "csrf_token": "t"}
    first = client.post("/ask", data=fields, headers={"Accept": "text/html"})
    again = client.post("/ask", data=fields, headers={"Accept": "text/html"})
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]


def test_the_page_speaks_german_and_remembers_it(page: Page) -> None:
    page.locator("summary[aria-label='Language and colours']").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Was möchten Sie wissen?")
    page.reload()
    expect(page.get_by_role("button", name="Fragen", exact=True)).to_be_visible()
    page.get_by_label("Ihre Frage").fill("Revenue by region in 2025")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader")).to_have_text(["Region", "Revenue (USD)"])
    expect(page.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\d\.\d{3},\d\d$"))
    expect(page.locator(".chip .key").nth(2)).to_have_text("Zeitraum")
    expect(page.locator(".sentence")).to_have_text(
        re.compile(r"^Revenue nach Region im Jahr 2025: 6 Zeilen, von [\d.]+,\d\d USD \(")
    )
    expect(page.locator(".interpretation")).to_contain_text("Summe von Revenue (USD), 2025 (1. Jan.")
    expect(page.locator(".chart")).to_have_attribute("aria-label", re.compile("^Revenue nach Region"))
    page.get_by_label("Ihre Frage").fill("Conversion rate last quarter")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator(".big-number .value")).to_have_text(re.compile(r"^\d+,\d\d\s%$"))
    expect(page.locator(".big-number .change")).to_contain_text("gegenüber Q2 2026")
    page.reload()
    expect(page.locator(".sentence").last).to_contain_text("in Q3 2026: im Durchschnitt")


@pytest.fixture
def twofold(postgres_server: Server, demo_template: str, tmp_path: Path) -> Iterator[str]:
    """The address of pages over a catalogue in which two KPIs share a name."""
    catalogue = tmp_path / "catalogue.yml"
    catalogue.write_text(
        "kpis: {revenue: {synonyms: [headline figure]}, orders: {synonyms: [headline figure]}}"
    )
    with demo_pages(postgres_server, demo_template, NLQ_CATALOG=str(catalogue)) as found:
        yield found.address


def test_a_choice_answers_the_whole_question_also_after_a_reload_and_in_a_follow_up(
    browser: Browser, twofold: str
) -> None:
    with watched(browser.new_context().new_page()) as page:
        page.goto(twofold)
        ask(page, "headline figure last month")
        expect(page.locator(".sentence")).to_have_text("Which one do you mean: Revenue or Orders?")
        page.get_by_role("button", name="Orders", exact=True).click()
        last = page.locator(".turn").last
        expect(last.locator(".sentence")).to_have_text(
            re.compile(r"^The total orders in October 2026 was \d[\d,]* orders\.$")
        )
        expect(last.locator(".asked")).to_contain_text("headline figure last month (Orders)")
        page.reload()
        page.get_by_role("button", name="Revenue", exact=True).click()
        expect(page.locator(".turn").last.locator(".sentence")).to_contain_text("revenue in October 2026 was")
        ask(page, "and headline figure by region in EMEA and APAC?")
        page.get_by_role("button", name="Orders", exact=True).last.click()
        expect(page.locator(".turn")).to_have_count(5)
        settled(page)
        expect(page.locator(".interpretation").last).to_have_text(
            "Total of Orders (orders), regions EMEA and APAC, October 2026 (1 to 31 October 2026), by region."
        )


def test_a_choice_is_there_without_javascript(browser: Browser, twofold: str) -> None:
    with watched(browser.new_context(java_script_enabled=False).new_page()) as plain:
        plain.goto(twofold)
        plain.get_by_label("Your question").fill("headline figure by team in EMEA last month")
        plain.get_by_role("button", name="Ask", exact=True).click()
        plain.get_by_role("button", name="Orders", exact=True).click()
        expect(plain.locator(".sentence").last).to_contain_text("Orders by team for EMEA in October 2026")


def test_the_page_opens_and_says_so_when_the_database_is_down(
    browser: Browser, real: Service, database: Database, address: str
) -> None:
    with watched(browser.new_context().new_page()) as page:
        page.goto(address)
        with psycopg.connect(database.owner_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE nlq_writer CONNECTION LIMIT 0")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nlq_writer'"
            )
            try:
                page.goto(address)
                page.get_by_label("Your question").fill("Revenue in 2025")
                page.keyboard.press("Enter")
                expect(page.locator(".answer.failed .sentence")).to_contain_text(
                    "cannot be reached", timeout=20_000
                )
            finally:
                connection.execute("ALTER ROLE nlq_writer CONNECTION LIMIT -1")


def test_the_page_fits_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    with watched(context.new_page()) as page:
        page.goto(address)
        ask(page, "Revenue by team and region in 2026")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
