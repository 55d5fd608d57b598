"""Who is asked back and picks a choice gets the whole question answered, with the KPI that was picked."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from nlq.answer import Answer, Status
from nlq.cancellation import Cancellation
from nlq.history import open_pool
from nlq.linking import link
from nlq.linking.names import Names
from nlq.llm import Completion
from nlq.plan.draft import Draft, draft
from nlq.plan.model import Plan
from nlq.prompting import Prompt
from nlq.question import Question, check_text, with_choice, without_choices
from nlq.retention import Retention, Which
from nlq.service import Service
from nlq.verified import Verified, find, linked
from nlq.web import create_app
from tests.catalogs import CALENDAR, SHOP, TODAY
from tests.conftest import built
from tests.postgres import Database
from tests.scripted import Script

SHARED = """
kpis:
  revenue: {synonyms: [headline figure]}
  orders: {synonyms: [headline figure, key number]}
  new_customers: {synonyms: [key number]}
"""

KPIS = {
    "revenue": ("headline figure",),
    "new_customers": ("headline figure", "key number"),
    "open_tickets": ("key number",),
}
TWOFOLD = replace(
    SHOP, kpis=tuple(replace(kpi, synonyms=KPIS.get(kpi.name, kpi.synonyms)) for kpi in SHOP.kpis)
)
NAMES = Names(TWOFOLD)
LABELS = st.text("abc (),%-é1", min_size=1, max_size=20).filter(lambda label: any(c.isalnum() for c in label))


def drafted(text: str, before: str | None = None) -> Draft:
    """How a question is read, after another if there is one."""
    previous = drafted(before).plan if before else None
    return draft(link(text, NAMES, CALENDAR), TWOFOLD, CALENDAR, previous)


def read(text: str, before: str | None = None) -> Plan:
    found = drafted(text, before)
    assert (found.ask, found.kpis) == ((), ())
    return found.plan


@pytest.mark.parametrize(
    "question",
    [
        "{} last month",
        "{} by team in EMEA in 2026",
        "top 3 regions by {} in 2026, EMEA left out",
        "regions where {} is above 500 in Q3",
        "{} last quarter compared with the quarter before",
        "share of {} by region in 2025",
        "Wie war die {} im letzten Monat in Deutschland?",
        "how many anomalies of {} were there in 2026?",
    ],
)
def test_a_choice_is_read_as_if_its_kpi_stood_in_the_question(question: str) -> None:
    asked = question.format("headline figure")
    assert read(with_choice(asked, "New customers")) == read(question.format("new customers"))
    assert read(with_choice(asked, "Revenue")) == read(question.format("revenue"))


@pytest.mark.parametrize(
    "follow_up", ["and {}?", "what about {} by month", "and {} in APAC for the social media team, please?"]
)
def test_a_choice_completes_a_follow_up_in_its_context(follow_up: str) -> None:
    before = "support response time in EMEA last month"
    chosen = with_choice(follow_up.format("headline figure"), "New customers")
    assert read(chosen, before) == read(follow_up.format("new customers"), before)
    assert read(chosen, before).periods


def test_a_choice_that_leads_to_another_question_back_keeps_the_first() -> None:
    asked = "headline figure versus key number last month"
    assert drafted(asked).ask == ("revenue", "new_customers")
    first = with_choice(asked, "Revenue")
    assert drafted(first).ask == ("open_tickets", "new_customers")
    second = with_choice(first, "Open tickets")
    assert second == f"{asked} (Revenue, Open tickets)"
    assert read(second) == read("revenue versus open tickets last month")


def test_brackets_of_the_person_stay_part_of_the_question() -> None:
    asked = with_choice("headline figure last month (EMEA)", "Revenue")
    assert asked == "headline figure last month (EMEA, Revenue)"
    assert read(asked) == read("revenue last month (EMEA)")


def test_other_words_are_what_was_chosen_for_them() -> None:
    found = drafted("how much came in from the shops last month? (Revenue)")
    assert (found.plan.kpis, found.kpis) == (("revenue",), ())
    assert [period.label for period in found.plan.periods] == ["October 2026"]


@given(question=st.text(max_size=40), labels=st.lists(LABELS, min_size=1, max_size=3))
def test_brackets_never_pile_up(question: str, labels: list[str]) -> None:
    asked = question
    for label in (*labels, labels[0]):
        asked = with_choice(asked, label)
    before, kept = without_choices(asked)
    assert len(kept) <= len(labels) + len(without_choices(question)[1])
    assert before.rstrip() == without_choices(question)[0].rstrip()


def test_a_question_of_the_greatest_length_has_room_for_a_choice() -> None:
    asked = with_choice("headline figure " + "x" * 984, "Customer acquisition cost")
    assert check_text(asked, 1000) == asked


def test_what_was_approved_for_a_choice_answers_no_other_choice() -> None:
    def known(text: str) -> Verified:
        return Verified(1, text, TODAY, plan=read(text))

    taught = linked([known("how much came in from the shops? (Revenue)")], NAMES)
    same = link("how much came in from the shops? (Revenue)", NAMES, CALENDAR)
    other = link("how much came in from the shops? (New customers)", NAMES, CALENDAR)
    assert find(same, taught, TWOFOLD) is not None
    assert find(other, taught, TWOFOLD) is None
    named = linked([known("headline figure last month (Revenue)")], NAMES)
    fitted = find(link("headline figure in 2025 (New customers)", NAMES, CALENDAR), named, TWOFOLD)
    assert fitted is not None
    assert fitted.plan == read("new customers in 2025")


@pytest.fixture
def service(demo: Database, model: Script, tmp_path: Path) -> Service:
    """The service over the demo company, with a name that two KPIs share."""
    catalogue = tmp_path / "catalogue.yml"
    catalogue.write_text(SHARED)
    return built(demo, model, NLQ_CATALOG=str(catalogue))


@pytest.fixture
def client(service: Service) -> Iterator[FlaskClient]:
    """A client of its HTTP API."""
    with create_app(service).test_client() as client:
        yield client


def ask(client: FlaskClient, question: str, conversation: str | None = None) -> dict[str, Any]:
    sent = {"question": question, "conversation_id": conversation}
    answer: dict[str, Any] = client.post("/api/v1/ask", json=sent).get_json()
    return answer


def pick(client: FlaskClient, asked_back: dict[str, Any], label: str) -> dict[str, Any]:
    """The answer to what a choice asks."""
    assert asked_back["status"] == "clarify"
    question = dict(asked_back["rows"])[label]
    return ask(client, question, asked_back["conversation_id"])


@pytest.mark.parametrize(
    "question", ["{} last month", "{} by region in 2025 without APAC", "{}" + " please" * 130 + " in EMEA"]
)
def test_a_choice_over_http_answers_the_whole_question(client: FlaskClient, question: str) -> None:
    answer = pick(client, ask(client, question.format("headline figure")), "Orders")
    expected = ask(client, question.format("orders"))
    assert (answer["status"], answer["text"], answer["rows"], answer["plan"]) == (
        "answered",
        expected["text"],
        expected["rows"],
        expected["plan"],
    )


def test_a_choice_over_http_completes_a_follow_up(client: FlaskClient) -> None:
    first = ask(client, "new customers in EMEA last month")
    asked_back = ask(client, "and headline figure?", first["conversation_id"])
    answer = pick(client, asked_back, "Orders")
    assert answer["text"].startswith("The total orders for EMEA in October 2026 was ")


def test_the_choices_are_in_the_history_until_it_is_redacted(client: FlaskClient, demo: Database) -> None:
    asked_back = ask(client, "headline figure last month")
    found = client.get(f"/api/v1/history/{asked_back['id']}").get_json()
    assert [list(choice.values()) for choice in found["choices"]] == asked_back["rows"]
    with open_pool(demo.writer_url) as pool:
        Retention(pool).redact(Which(ids=[asked_back["id"]]))
    assert client.get(f"/api/v1/history/{asked_back['id']}").get_json()["choices"] is None


class Doubting:
    """A model that chooses a KPI and does not quite stand by it."""

    name = "doubting"

    def complete(self, *_: object) -> Completion:
        """Choose."""
        return Completion(json.dumps({"kpi": "customer_satisfaction_score"}), 1, 1, 1)

    def agreement(self, prompt: Prompt, cancellation: Cancellation) -> tuple[float, Completion]:
        """Doubt."""
        return 0.21, Completion("no", 1, 1, 1)


def test_a_reading_that_the_model_doubts_is_asked_as_a_whole_too(service: Service) -> None:
    pipeline = replace(service.pipeline, model=Doubting())

    def ask(text: str, conversation: uuid.UUID | None = None) -> Answer:
        return pipeline.ask(Question(text, conversation))

    asked_back = ask("How thrilled is everybody in APAC in 2025, by team?")
    assert asked_back.status is Status.CLARIFY
    label, question = asked_back.choices[0].label, asked_back.choices[0].question
    answer = ask(question, asked_back.conversation_id)
    expected = ask(f"{label} in APAC in 2025, by team")
    assert (answer.plan, answer.attempts) == (expected.plan, 0)
    assert any("mean what you chose" in warning for warning in answer.warnings)
