"""What the pages do with hostile data and with failures: text stays text, every status has its sentence."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from nlq.answer import CHOICE_COLUMNS, Column, Table
from nlq.errors import DatabaseUnavailable, ModelUnavailable
from nlq.plan.model import Plan, as_json
from nlq.web import create_app
from tests import stand_in
from tests.browsing import ask, chromium, served, watched
from tests.stand_in import ANSWERED, CATALOG, CLARIFY, HOSTILE, StandInService

pytestmark = pytest.mark.browser

CHART = {
    "title": {"text": HOSTILE},
    "description": HOSTILE,
    "data": {"values": [{"d0": HOSTILE, "value": 1}, {"d0": "b", "value": 2}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "value", "type": "quantitative"},
        "y": {"field": "d0", "type": "nominal"},
        "tooltip": [{"field": "d0", "type": "nominal"}],
    },
    "usermeta": {"nlq": {"kind": "bars", "views": {}}},
}
HOSTILE_ANSWER = replace(
    ANSWERED,
    text=HOSTILE,
    interpretation=HOSTILE,
    sql=f"SELECT '{HOSTILE}'",
    model=HOSTILE,
    warnings=(HOSTILE,),
    table=Table((Column(HOSTILE, "text"), Column("n", "integer")), ((HOSTILE, 1), (HOSTILE, 2))),
    chart=CHART,
    plan=as_json(Plan(kpis=("nps",))),
)
HOSTILE_CHOICE = replace(
    CLARIFY,
    text=HOSTILE,
    table=Table(CHOICE_COLUMNS, ((HOSTILE, f"{HOSTILE} ({HOSTILE})"),)),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture
def service() -> StandInService:
    """The service behind the page, with hostile names in its catalogue."""
    found = stand_in.service(
        {
            "hostile answer": HOSTILE_ANSWER,
            "hostile choice": HOSTILE_CHOICE,
            "database": DatabaseUnavailable("The database is down; please try again."),
            "model gone": ModelUnavailable("The model is gone; please try again."),
            "crash": ZeroDivisionError("secret"),
        }
    )
    found.known = replace(
        CATALOG, kpis=(*CATALOG.kpis, replace(CATALOG.kpis[0], name=HOSTILE, label=HOSTILE))
    )
    return found


@pytest.fixture
def page(browser: Browser, service: StandInService) -> Iterator[Page]:
    """The open page."""
    with served(create_app(service)) as address, watched(browser.new_context().new_page()) as found:
        found.goto(address)
        yield found


@pytest.mark.parametrize("question", ["a hostile answer", "a hostile choice", HOSTILE])
def test_text_from_people_rows_and_model_is_never_html(page: Page, question: str) -> None:
    ask(page, question)
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    page.wait_for_timeout(300)
    assert page.title() == "Ask your KPIs"
    assert page.locator(".turn img, .turn script:not([type='application/json'])").count() == 0


def test_names_of_the_catalogue_are_never_html(page: Page) -> None:
    page.goto(f"{page.url}catalogue")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    assert "hacked" not in page.title()
    assert page.locator("main img").count() == 0


def test_a_hostile_choice_is_asked_as_it_is(page: Page, service: StandInService) -> None:
    ask(page, "a hostile choice")
    service.pipeline.answers = {}
    page.get_by_role("button", name=HOSTILE).click()
    expect(page.locator(".answer.answered")).to_have_count(1)
    assert service.pipeline.asked[-1].text == f"{HOSTILE} ({HOSTILE})"
    assert page.title() == "Ask your KPIs"


def test_a_question_back_is_answered_with_a_click(page: Page, service: StandInService) -> None:
    ask(page, "Tell me which cost is best")
    expect(page.locator(".sentence")).to_have_text("Which cost do you mean?")
    service.pipeline.answers = {}
    page.get_by_role("button", name="Cost per ticket").click()
    expect(page.locator(".answer.answered")).to_have_count(1)
    assert service.pipeline.asked[-1].text == "Tell me which cost is best (Cost per ticket)"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("the weather", "Ask me about KPIs, not the weather."),
        ("too slow", "The model did not answer in time; please ask again."),
        ("the database", "The database is down; please try again."),
        ("the model gone", "The model is gone; please try again."),
        (
            "crash",
            "Something went wrong here and was logged; please try again, or tell who runs this service.",
        ),
    ],
)
def test_what_was_not_answered_says_why(page: Page, question: str, sentence: str) -> None:
    ask(page, question)
    expect(page.locator(".sentence")).to_have_text(sentence)
    expect(page.get_by_role("table")).to_have_count(0)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503])
def test_every_status_of_the_service_is_a_sentence_on_the_page(page: Page, status: int) -> None:
    page.route("**/ask", lambda route: route.fulfill(status=status, body="<h1>proxy</h1>"))
    ask(page, "Conversion rate")
    expect(page.locator(".sentence")).to_have_text("The service answered with an error. Please try again.")
    page.unroute("**/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer.answered")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)


@pytest.mark.parametrize(
    "address",
    ["nowhere", "conversations/not-a-uuid", "conversations/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12],
)
def test_an_address_that_leads_nowhere_says_so_on_a_page(page: Page, address: str) -> None:
    page.goto(page.url + address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Ask a question")).to_be_visible()


def test_a_cut_off_result_and_a_doubtful_one_say_so(page: Page, service: StandInService) -> None:
    assert ANSWERED.table is not None
    cut = replace(ANSWERED, table=replace(ANSWERED.table, truncated=True), confidence=0.4)
    service.pipeline.answers = {"everything": cut}
    ask(page, "everything")
    expect(page.get_by_text("Only the first 3 rows are shown; the result has more.")).to_be_visible()
    expect(page.get_by_text("I am not sure that I read this right")).to_be_visible()
