"""Makes the pictures of the pages in `docs/screenshots`: `make screenshots`. Wide, on a phone, and dark."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, expect

from nlq.answer import Status
from nlq.feedback import Feedback, Verdict
from nlq.question import Question
from schema import migrate
from schema.demo.load import load
from tests.browsing import Pages, ask, chromium, demo_pages
from tests.catalogs import TODAY
from tests.conftest import ROLES
from tests.dependencies import ROOT
from tests.postgres import running_server

FOLDER = ROOT / "docs" / "screenshots"
LOOKS: Mapping[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 860}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
}


USERS = ("ann@example.com", "bob@example.com", "eve@example.com")
QUESTIONS = (
    "Revenue by region last month",
    "What was our conversion rate in EMEA last quarter?",
    "Top 3 teams by orders in 2026",
    "Support response time by month in 2026",
    "Write me a poem",
    "Compare revenue in Q2 2026 and Q3 2026",
    "Return rate by region in 2025",
    "How many high severity anomalies were there in 2026?",
    "Delete all teams",
)


def start(page: Page, address: str) -> None:
    """The beginning."""
    page.goto(address)


def answer(page: Page, address: str) -> None:
    """An answer with its chart."""
    page.goto(address)
    ask(page, "Revenue by month and region in 2026")
    _drawn(page)


def number(page: Page, address: str) -> None:
    """One number, and what of its reading can be changed."""
    page.goto(address)
    ask(page, "What was our conversion rate in EMEA last quarter?")
    page.wait_for_timeout(700)
    page.locator(".chip > summary", has_text="Period").click()


def ranking(page: Page, address: str) -> None:
    """A ranking."""
    page.goto(address)
    ask(page, "Share of revenue by region in 2026")
    _drawn(page)


def german(page: Page, address: str) -> None:
    """A comparison, for somebody who reads German."""
    page.set_extra_http_headers({"Accept-Language": "de"})
    page.goto(address)
    page.get_by_label("Ihre Frage").fill("Warum ist Revenue in Q3 2026 gestiegen?")
    page.keyboard.press("Enter")
    _drawn(page)


def conversations(page: Page, address: str) -> None:
    """The conversations."""
    page.goto(f"{address}/conversations")


def catalogue(page: Page, address: str) -> None:
    """The catalogue."""
    page.goto(f"{address}/catalogue")


def history(page: Page, address: str) -> None:
    """What was asked."""
    page.goto(f"{address}/history")


def question(page: Page, address: str) -> None:
    """One question with all that is known about it."""
    page.goto(f"{address}/history/1")


def dashboard(page: Page, address: str) -> None:
    """The figures."""
    page.goto(f"{address}/dashboard")


SHOTS: Mapping[str, Callable[[Page, str], None]] = {
    "answer": answer,
    "number": number,
    "ranking": ranking,
    "ask": start,
    "conversations": conversations,
    "catalogue": catalogue,
    "history": history,
    "question": question,
    "dashboard": dashboard,
}
GERMAN: Mapping[str, Callable[[Page, str], None]] = {"german": german}
"""Made last, so that its question is in no other picture."""


def main() -> None:
    """Make every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with running_server() as server, server.fresh_database() as template:
        migrate.upgrade(server.url(template), ROLES)
        load(server.url(template), TODAY)
        with demo_pages(server, template) as pages, chromium() as browser:
            _fill(pages)
            _make(pages, browser, FOLDER)


def _fill(pages: Pages) -> None:
    """Four weeks of questions, so that the history and the dashboard have something to show."""
    ask_, give = pages.service.pipeline.ask, pages.service.review.give
    for day in range(28):
        for at in range(2 + day % 5):
            asked = QUESTIONS[(3 * day + at) % len(QUESTIONS)]
            answer = ask_(Question(asked, channel=("web", "slack", "http")[at % 3], user=USERS[day % 3]))
            if answer.status is Status.ANSWERED and (day + at) % 4 == 0:
                verdict = Verdict.WRONG if day % 3 == 0 else Verdict.RIGHT
                give(Feedback(answer.id, verdict, user=USERS[at % 3]), pages.service.catalog())
            with psycopg.connect(pages.database.owner_url) as connection:
                moved = (
                    "UPDATE query_history SET timestamp = timestamp - make_interval(days => %s) WHERE id = %s"
                )
                connection.execute(moved, (27 - day, answer.id))


def _make(pages: Pages, browser: Browser, folder: Path) -> None:
    for shots in (SHOTS, GERMAN):
        for look, options in LOOKS.items():
            for name, shoot in shots.items():
                context = browser.new_context(**options, reduced_motion="reduce")
                page = context.new_page()
                shoot(page, pages.address)
                page.wait_for_timeout(400)
                page.screenshot(path=folder / f"{name}-{look}.png", animations="disabled")
                context.close()


def _drawn(page: Page) -> None:
    expect(page.locator(".chart svg")).to_be_visible()
    page.locator(".asked").last.scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.turn:last-child').scrollIntoView()")


if __name__ == "__main__":
    main()
