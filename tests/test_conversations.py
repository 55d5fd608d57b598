"""Conversations that people come back to, and answers that are shown again, over a real PostgreSQL."""

import uuid
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from nlq.answer import Answer
from nlq.errors import QueryFailed, UnknownConversation, UnsafeSql
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.linking.points import Calendar
from nlq.question import Question
from nlq.service import Service
from nlq.web import create_app
from nlq.web.turns import Turns
from tests import stand_in
from tests.catalogs import TODAY
from tests.postgres import Database
from tests.stand_in import CATALOG, ENTRY

ANN = Question("", channel="web", user="ann")


def ask(service: Service, text: str, user: str | None = "ann", after: Answer | None = None) -> Answer:
    conversation = after.conversation_id if after else None
    return service.pipeline.ask(Question(text, conversation, "web", user))


def entry(service: Service, answer: Answer) -> HistoryEntry:
    found = service.history.get(answer.id)
    assert found is not None
    return found


def test_conversations_are_listed_for_who_had_them_the_last_asked_in_first(service: Service) -> None:
    first = ask(service, "Revenue in 2025")
    ask(service, "Orders in 2025")
    ask(service, "Return rate in 2025", user="bob")
    service.pipeline.ask(Question("Revenue in 2024", channel="http", user="ann"))
    ask(service, "and in EMEA?", after=first)
    found = service.conversations.page("ann")
    assert [(one.name, one.questions) for one in found] == [("Revenue in 2025", 2), ("Orders in 2025", 1)]
    assert [one.name for one in service.conversations.page("ann", after=found[0])] == ["Orders in 2025"]


def test_a_conversation_is_found_by_its_name_and_by_what_was_asked(service: Service) -> None:
    answer = ask(service, "Revenue in 2025")
    service.conversations.rename(answer.conversation_id, "ann", "  For the board ")
    for text in ("BOARD", "revenue IN"):
        assert [one.name for one in service.conversations.page("ann", text)] == ["For the board"]
    assert service.conversations.page("ann", "orders") == ()
    service.conversations.rename(answer.conversation_id, "ann", "")
    assert service.conversations.get(answer.conversation_id).name == "Revenue in 2025"


def test_only_its_owner_renames_or_deletes_a_conversation(service: Service) -> None:
    answer = ask(service, "Revenue in 2025")
    with pytest.raises(UnknownConversation):
        service.conversations.rename(answer.conversation_id, "bob", "mine")
    with pytest.raises(UnknownConversation):
        service.conversations.delete(answer.conversation_id, None)
    assert service.conversations.get(answer.conversation_id).user == "ann"


def test_a_deleted_conversation_is_gone_and_its_questions_stay_in_the_history(service: Service) -> None:
    answer = ask(service, "Revenue in 2025")
    service.conversations.delete(answer.conversation_id, "ann")
    assert service.conversations.page("ann") == ()
    with pytest.raises(UnknownConversation):
        service.conversations.get(answer.conversation_id)
    with pytest.raises(UnknownConversation):
        ask(service, "and in EMEA?", after=answer)
    assert entry(service, answer).question == "Revenue in 2025"


def test_an_unknown_conversation_is_unknown(service: Service) -> None:
    with pytest.raises(UnknownConversation):
        service.conversations.get(uuid.uuid4())


def test_an_answer_of_the_history_is_made_again_from_the_rows_as_they_are_now(
    service: Service, demo: Database
) -> None:
    answer = ask(service, "Revenue by region in 2025")
    again = service.replay.again(entry(service, answer), ANN)
    for name in ("id", "conversation_id", "text", "table", "chart", "sql", "plan", "method"):
        assert getattr(again, name) == getattr(answer, name)
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute("UPDATE kpi_data SET value = 2 * value WHERE year = 2025")
    doubled = service.replay.again(entry(service, answer), ANN)
    assert doubled.table is not None
    assert answer.table is not None
    for (_, now), (_, before) in zip(doubled.table.rows, answer.table.rows, strict=True):
        assert Decimal(str(now)) == 2 * Decimal(str(before))
    assert len(service.history.page().entries) == 1


def test_what_was_stored_is_guarded_before_it_runs_again(service: Service) -> None:
    stored = entry(service, ask(service, "Revenue in 2025"))
    with pytest.raises(UnsafeSql):
        service.replay.again(replace(stored, plan=None, method="sql", sql="DELETE FROM teams"), ANN)
    with pytest.raises(QueryFailed, match="no answer that could be shown"):
        service.replay.again(replace(stored, plan=None, sql=None), ANN)
    with pytest.raises(QueryFailed, match="cannot be read any more"):
        service.replay.again(replace(stored, plan={"subject": "moods", "kpis": []}), ANN)


def test_the_overview_has_the_last_months_of_every_kpi(service: Service) -> None:
    found = service.overview(ANN)
    assert found.latest.keys() == service.catalog().by_name.keys()
    revenue = found.latest["revenue"]
    assert (revenue.months[0].label, revenue.months[-1].label, len(revenue.values)) == (
        "October 2025",
        "October 2026",
        13,
    )
    october = ask(service, "Revenue in October 2026")
    assert october.table is not None
    assert october.table.rows == ((revenue.values[-1],),)
    assert found.newest is not None


def test_examples_begin_with_what_reviewers_approved(service: Service) -> None:
    answer = ask(service, "Revenue by region in 2025")
    service.review.give(Feedback(answer.id, Verdict.RIGHT, approved=True), service.catalog())
    assert service.examples(ANN)[0] == "Revenue by region in 2025"
    assert len(service.examples(ANN)) == 6


def test_who_may_not_read_an_answer_sees_the_question_and_nothing_of_the_answer() -> None:
    stored = replace(ENTRY, answer_text="3.42 %", interpretation="Average in EMEA", warnings=["EMEA"])
    with create_app(stand_in.service()).test_request_context():
        make = Turns(CATALOG, Calendar(TODAY), "en", 120)
        shown, full = make.of_entry(stored, may_read=False), make.of_entry(stored)
    assert (shown.question, shown.text, shown.interpretation) == (stored.question, "", None)
    assert (shown.sql, list(shown.warnings), shown.has_result) == (None, [], True)
    assert (full.text, full.interpretation) == ("3.42 %", "Average in EMEA")
