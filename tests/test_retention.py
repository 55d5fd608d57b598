"""The history forgets what was said and by whom, keeps its figures, and stays whole."""

import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from nlq import retention
from nlq.answer import Answer, Status
from nlq.feedback import Feedback, Verdict
from nlq.question import Question
from nlq.retention import REDACTED, Which
from nlq.service import Service
from tests.command_line import Run
from tests.postgres import Database

REVENUE = "Revenue by region last month"
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def ask(service: Service, text: str = REVENUE, user: str = "ann", after: Answer | None = None) -> Answer:
    return service.pipeline.ask(Question(text, after.conversation_id if after else None, user=user))


def approve(service: Service, answer: Answer) -> None:
    given = Feedback(answer.id, Verdict.RIGHT, comment="So it is, says Zaphod.", approved=True, user="zaphod")
    service.review.give(given, service.catalog())


def everything(demo: Database) -> str:
    """All that the tables of the history say, as one text."""
    tables = (
        "public.query_history",
        "nlq.query_details",
        "nlq.questions",
        "nlq.conversations",
        "nlq.feedback",
    )
    with psycopg.connect(demo.owner_url) as connection:
        rows = [connection.execute(f"SELECT * FROM {table}".encode()).fetchall() for table in tables]
    return str(rows)


def made_older(demo: Database, answer: Answer, days: int) -> None:
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute(
            "UPDATE query_history SET timestamp = timestamp - make_interval(days => %s) WHERE id = %s",
            (days, answer.id),
        )
        connection.execute(
            "UPDATE nlq.conversations SET created_at = created_at - make_interval(days => %s) WHERE id = %s",
            (days, answer.conversation_id),
        )


def test_a_redacted_question_says_nothing_any_more_and_counts_as_before(
    service: Service, demo: Database
) -> None:
    answer = ask(service)
    given = Feedback(answer.id, Verdict.WRONG, comment="Ask Zaphod.", user="zaphod")
    service.review.give(given, service.catalog())
    before = service.history.get(answer.id)
    assert service.upkeep.retention.redact(Which(user="ann")) == 1
    after = service.history.get(answer.id)
    assert before is not None
    assert after is not None
    assert (after.question, after.user, after.answer_text, after.sql, after.plan) == (REDACTED, *[None] * 4)
    for figure in ("id", "timestamp", "execution_time_ms", "successful", "status", "row_count", "stages"):
        assert getattr(after, figure) == getattr(before, figure)
    text = everything(demo).lower()
    assert not [word for word in ("revenue", "ann'", "zaphod") if word in text]
    assert service.upkeep.retention.redact(Which(user="ann")) == 0


def test_others_questions_stay_and_a_conversation_goes_on(service: Service) -> None:
    first, others = ask(service), ask(service, user="bob")
    assert service.upkeep.retention.redact(Which(ids=[first.id])) == 1
    kept = service.history.get(others.id)
    assert kept is not None
    assert (kept.question, kept.user) == (REVENUE, "bob")
    assert ask(service, "Orders in 2025", after=first).status is Status.ANSWERED


def test_what_reviewers_approved_stays_unless_it_is_meant_too(service: Service) -> None:
    answer = ask(service)
    approve(service, answer)
    assert service.upkeep.retention.redact(Which(before=TOMORROW)) == 0
    assert len(service.upkeep.safekeeping.spool.entries()) == 0
    assert service.upkeep.retention.redact(Which(before=TOMORROW, keep_approved=False)) == 1
    assert [one.approved for one in service.review.of(answer.id)] == [False]


def test_nothing_is_redacted_without_being_named(service: Service) -> None:
    with pytest.raises(ValueError, match="which questions"):
        service.upkeep.retention.redact(Which())


def test_old_questions_are_deleted_with_all_that_hangs_on_them_and_nothing_else_is(
    service: Service, demo: Database
) -> None:
    old, approved, new = ask(service, user="ann"), ask(service), ask(service, user="bob")
    approve(service, approved)
    for answer in (old, approved):
        made_older(demo, answer, 400)
    assert retention.expire(demo.owner_url, datetime.now(UTC) - timedelta(days=365)) == 1
    assert service.history.get(old.id) is None
    assert {entry.id for entry in service.history.page().entries} == {approved.id, new.id}
    assert str(old.conversation_id) not in everything(demo)
    assert str(new.conversation_id) in everything(demo)


def test_a_running_service_redacts_what_is_older_than_it_may_keep(service: Service, demo: Database) -> None:
    old, new = ask(service), ask(service)
    made_older(demo, old, 10)
    service.upkeep.keep_days = 9
    service.start()
    deadline = time.monotonic() + 20
    while service.history.page().entries[-1].question != REDACTED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    service.upkeep.stop()
    assert {entry.id: entry.question for entry in service.history.page().entries} == {
        old.id: REDACTED,
        new.id: REVENUE,
    }


def test_the_commands_redact_and_expire(
    service: Service, demo: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, old = ask(service), ask(service)
    made_older(demo, old, 10)
    for name, url in (
        ("NLQ_DATABASE_URL", demo.owner_url),
        ("NLQ_READER_URL", demo.reader_url),
        ("NLQ_WRITER_URL", demo.writer_url),
    ):
        monkeypatch.setenv(name, url)
    assert run("history", "redact").status == 2
    assert run("history", "redact", str(answer.id)).err == "1 questions were redacted.\n"
    assert run("history", "expire", "--days", "9").err == "1 questions were deleted.\n"
    assert [entry.question for entry in service.history.page().entries] == [REDACTED]
