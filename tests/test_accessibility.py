"""Every page can be used by everybody: axe-core finds nothing, light and dark; and it is light to load."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import Pages, ask, chromium, demo_pages
from tests.postgres import Server

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIRST_PAGE_BYTES = 200 * 1024
QUESTIONS = (
    "What was our conversion rate in EMEA last quarter?",
    "Revenue by month and region in 2026",
    "Revenue by region last month",
    "Write me a poem",
    "headline figure last month",
)
SHARED = "kpis: {revenue: {synonyms: [headline figure]}, orders: {synonyms: [headline figure]}}"
"""A catalogue in which two KPIs share a name, so that the last question is asked back."""
ADDRESSES = (
    *("/", "/conversations", "/catalogue", "/nowhere"),
    *("/history", "/history?text=nowhere&min_ms=1000", "/dashboard", "/history/1?rows=1", "/history/4"),
    *("/history/1/reading", "/history/1/correction", "/history/1/beside/2"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(
    postgres_server: Server, demo_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pages]:
    """The pages, with a conversation in them."""
    catalogue = tmp_path_factory.mktemp("catalogue") / "catalogue.yml"
    catalogue.write_text(SHARED)
    with demo_pages(postgres_server, demo_template, NLQ_CATALOG=str(catalogue)) as found:
        yield found


@pytest.fixture(scope="module")
def conversation(browser: Browser, pages: Pages) -> str:
    """The address of a conversation with answers of every kind."""
    page = browser.new_page()
    page.goto(pages.address)
    for question in QUESTIONS:
        ask(page, question)
    address = page.url
    page.close()
    return address


def violations(page: Page) -> list[str]:
    """What axe-core finds on `page`: its rule, and where."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


def opened(browser: Browser, scheme: str, address: str) -> Page:
    """The page at `address` in a browser that prefers `scheme`; axe-core may run in it."""
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_is_kept_out_of_a_page(
    browser: Browser, pages: Pages, conversation: str, scheme: str, address: str
) -> None:
    page = opened(browser, scheme, pages.address + address)
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_of_a_conversation(browser: Browser, conversation: str, scheme: str) -> None:
    page = opened(browser, scheme, conversation)
    for at in range(len(QUESTIONS)):
        turn = page.locator(".turn").nth(at)
        turn.scroll_into_view_if_needed()
        expect(turn.locator("[data-load]")).to_have_count(0)
        for chart in turn.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            expect(chart.locator("svg")).to_be_visible()
    assert violations(page) == []
    for key in ("Period", "Region", "Add"):
        page.locator(".chip > summary", has_text=key).first.click()
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.get_by_text("Download").first.click()
    page.get_by_text("Show the SQL").first.click()
    assert violations(page) == []
    page.get_by_label("Your question").fill("Revenue in n")
    page.get_by_label("Your question").press_sequentially("o")
    expect(page.get_by_role("listbox")).to_be_visible()
    assert violations(page) == []
    page.context.close()


def test_nobody_is_kept_out_of_a_question_back_in_german(browser: Browser, pages: Pages) -> None:
    context = browser.new_context(locale="de-DE", bypass_csp=True)
    page = context.new_page()
    page.goto(pages.address)
    page.get_by_label("Ihre Frage").fill("headline figure im letzten Monat nach Region")
    page.keyboard.press("Enter")
    expect(page.locator(".sentence")).to_have_text("Was davon meinen Sie: Revenue oder Orders?")
    assert violations(page) == []
    page.get_by_role("button", name="Orders", exact=True).press("Enter")
    expect(page.locator(".chart svg")).to_be_visible()
    expect(page.locator(".sentence").last).to_contain_text(
        "Orders nach Region im Oktober 2026: 6 Zeilen, von"
    )
    assert violations(page) == []
    context.close()


def test_a_page_works_with_the_keyboard_alone(browser: Browser, pages: Pages) -> None:
    page = browser.new_page()
    page.goto(pages.address)
    page.keyboard.type("Revenue in 2025")
    page.keyboard.press("Enter")
    expect(page.locator(".answer.answered")).to_have_count(1)
    page.locator(".chip > summary").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip[open] .popover")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".chip[open]")).to_have_count(0)
    expect(page.locator(".chip > summary").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(2)
    page.close()


def test_the_first_page_is_light(browser: Browser, pages: Pages) -> None:
    sizes: dict[str, int] = {}
    page = browser.new_page()
    page.on("response", lambda response: sizes.update({response.url: len(gzip.compress(response.body()))}))
    page.goto(pages.address)
    expect(page.get_by_label("Your question")).to_be_focused()
    page.wait_for_load_state("networkidle")
    page.close()
    assert len(sizes) > 4
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES
    assert not any("vega" in url for url in sizes)
