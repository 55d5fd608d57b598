"""Reviewing in a real browser, over the real service: everything without a script, and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from nlq.question import Question
from tests import provider
from tests.browsing import Pages, chromium, demo_pages, watched
from tests.postgres import Server

pytestmark = pytest.mark.browser

QUESTIONS = ("Revenue by region last month", "Delete all teams", "Orders in EMEA in March 2026")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(postgres_server: Server, demo_template: str) -> Iterator[Pages]:
    """The pages, over a history with `QUESTIONS`."""
    with demo_pages(postgres_server, demo_template) as found:
        for text in QUESTIONS:
            found.service.pipeline.ask(Question(text, channel="web", user="ann"))
        yield found


@pytest.fixture(params=["wide", "phone"])
def page(browser: Browser, pages: Pages, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser without scripts, on a desk and on a phone, at the list."""
    size = {"width": 390, "height": 844} if request.param == "phone" else {"width": 1280, "height": 900}
    context = browser.new_context(java_script_enabled=False, viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{pages.address}/history")
    yield page
    context.close()


def test_a_wrong_answer_is_found_judged_and_put_right(page: Page) -> None:
    page.get_by_label("Question contains").fill("orders")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name=QUESTIONS[0])).to_have_count(0)
    page.get_by_role("link", name=QUESTIONS[2]).last.click()
    expect(page.get_by_role("heading", name="How it was read")).to_be_visible()
    page.get_by_role("link", name="Show the rows").click()
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_label("What is wrong?").fill("We mean the average.")
    page.get_by_role("button", name="It is wrong").click()
    expect(page.get_by_text("Thank you, that was noted.")).to_be_visible()
    page.get_by_role("link", name="Correct how it was read").click()
    page.locator("summary", has_text="Numbers").click()
    page.get_by_role("button", name="average", exact=True).click()
    expect(page.get_by_text("Average of Orders")).to_be_visible()
    page.get_by_label("Answer such questions like this from now on").check()
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_text("The correction was saved.")).to_be_visible()
    page.get_by_role("button", name="Ask again and compare").click()
    expect(page.get_by_role("heading", name="Then and now")).to_be_visible()
    expect(page.get_by_text("different").first).to_be_visible()


def test_sql_is_corrected(page: Page) -> None:
    page.get_by_role("link", name=QUESTIONS[1]).last.click()
    page.get_by_role("link", name="Correct the SQL").click()
    page.get_by_label("SQL").fill("DELETE FROM teams")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("SQL").fill("SELECT count(*) AS teams FROM teams")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_text("The SQL that would have been right").first).to_be_visible()


def test_the_dashboard_leads_to_the_questions(page: Page) -> None:
    page.get_by_role("link", name="Dashboard").first.click()
    expect(page.get_by_role("img", name="Questions over time").first).to_be_visible()
    page.get_by_role("button", name="Last 365 days").click()
    expect(page.get_by_role("button", name="Last 365 days")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="The slowest questions").click()
    expect(page.get_by_role("columnheader", name="Took")).to_have_attribute("aria-sort", "descending")


def test_somebody_signs_in_reviews_and_signs_out(
    browser: Browser, postgres_server: Server, demo_template: str
) -> None:
    with provider.running() as openid:
        environ = {
            "NLQ_OIDC_ISSUER": openid.url,
            "NLQ_OIDC_CLIENT_ID": provider.CLIENT_ID,
            "NLQ_OIDC_CLIENT_SECRET": provider.CLIENT_SECRET,
            "NLQ_REVIEWERS": "@kpi-reviewers",
        }
        with (
            demo_pages(postgres_server, demo_template, **environ) as pages,
            watched(browser.new_page()) as page,
        ):
            query_id = pages.service.pipeline.ask(Question(QUESTIONS[0], user="bob@example.com")).id
            page.goto(f"{pages.address}/history/{query_id}")
            page.get_by_label("What is wrong?").fill("Too low.")
            page.get_by_role("button", name="It is wrong").click()
            expect(page.get_by_text("Too low.")).to_be_visible()
            assert pages.service.review.of(query_id)[0].user == "ann@example.com"
            page.get_by_text("ann@example.com").first.click()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
            openid.claims = {"sub": "2", "email": "eve@example.com"}
            page.get_by_role("link", name="Sign in again").click()
            expect(page.get_by_text("eve@example.com").first).to_be_visible()
            expect(page.get_by_role("link", name="Dashboard")).to_have_count(0)


def test_the_list_is_downloaded(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename == "history.csv"
    assert "Delete all teams" in download.value.path().read_text("utf-8-sig")
