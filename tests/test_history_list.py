"""Promises of the list of the history, kept on a real PostgreSQL as the writer role."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlq.answer import Method, Status
from nlq.errors import DatabaseUnavailable, UnknownQuestion
from nlq.feedback import Feedback, FeedbackStore, Verdict
from nlq.history import History, Record, open_pool
from nlq.history_list import NEWEST_FIRST, Filters, HistoryList, Order, Sort
from nlq.question import Question
from tests.postgres import Database

ANSWERED = Record(Status.ANSWERED, 1234)


@dataclass(frozen=True)
class Log:
    """The history of a fresh database, and who writes it."""

    history: History
    past: HistoryList
    feedback: FeedbackStore

    def ask(self, text: str, record: Record = ANSWERED, **who: str) -> int:
        """Write one question down and complete it."""
        started = self.history.start(Question(text, **who))  # type: ignore[arg-type]
        self.history.finish(started.query_id, record)
        return started.query_id

    def texts(self, order: Order = NEWEST_FIRST, **filters: object) -> list[str]:
        """The texts of the questions that pass `filters`, in `order`."""
        page = self.past.page(Filters(**filters), order=order)  # type: ignore[arg-type]
        return [entry.question for entry in page.entries]


@pytest.fixture
def log(migrated: Database) -> Iterator[Log]:
    """The history of a fresh database."""
    with open_pool(migrated.writer_url) as pool:
        yield Log(History(pool), HistoryList(pool), FeedbackStore(pool, UTC))


def run(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def test_each_filter_narrows_the_list(log: Log) -> None:
    log.ask("Sales in EMEA?", Record(Status.ANSWERED, 90, Method.PLAN), channel="slack", user="ann")
    log.ask("100% of costs_", Record(Status.FAILED, 9, error="down"), channel="cli", user="bob")
    assert log.texts() == ["100% of costs_", "Sales in EMEA?"]
    assert log.texts(status="failed") == ["100% of costs_"]
    assert log.texts(channel="slack") == ["Sales in EMEA?"]
    assert log.texts(user="bob") == ["100% of costs_"]
    assert log.texts(successful=True) == ["Sales in EMEA?"]
    assert log.texts(successful=False) == ["100% of costs_"]
    assert log.texts(method="plan") == ["Sales in EMEA?"]
    assert log.texts(min_ms=90) == ["Sales in EMEA?"]
    assert log.texts(min_ms=91) == []
    assert log.texts(user="ann", status="failed") == []


def test_a_piece_of_a_text_is_found_wherever_it_stands_in_any_case_and_any_letters(log: Log) -> None:
    for text in ("Sales in EMEA?", "100% of costs_", "Umsätze in ÖSTERREICH?"):
        log.ask(text)
    assert log.texts(text="emea") == ["Sales in EMEA?"]
    assert log.texts(text="0% O") == ["100% of costs_"]
    assert log.texts(text="österreich") == ["Umsätze in ÖSTERREICH?"]
    assert log.texts(text="in") == ["Umsätze in ÖSTERREICH?", "Sales in EMEA?"]
    assert log.texts(text="s_i") == log.texts(text="sales?") == []
    assert len(log.texts(text="\0")) == 3


def test_the_list_can_be_cut_to_a_time(log: Log, migrated: Database) -> None:
    log.ask("Old?")
    log.ask("New?")
    run(
        migrated.owner_url,
        "UPDATE query_history SET timestamp = timestamp - interval '9 days' WHERE query_text = 'Old?'",
    )
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert log.texts(since=yesterday) == ["New?"]
    assert log.texts(until=yesterday) == ["Old?"]


def test_questions_are_found_by_what_was_said_about_their_answers(log: Log, migrated: Database) -> None:
    right, changed, _ = log.ask("Right?"), log.ask("Changed?"), log.ask("Silence?")
    log.feedback.add(Feedback(right, Verdict.RIGHT))
    log.feedback.add(Feedback(changed, Verdict.RIGHT))
    log.feedback.add(Feedback(changed, Verdict.WRONG))
    assert log.texts(feedback="right") == ["Right?"]
    assert log.texts(feedback="wrong") == ["Changed?"]
    assert log.texts(feedback="none") == ["Silence?"]
    run(migrated.owner_url, "DELETE FROM nlq.feedback WHERE verdict = 'wrong'")
    assert log.texts(feedback="right") == ["Changed?", "Right?"]


def test_unsure_answers_are_found_and_the_least_sure_comes_first(log: Log) -> None:
    for text, confidence in (("Half?", 0.5), ("Sure?", 0.97), ("Hardly?", 0.1), ("None?", None)):
        log.ask(text, Record(Status.ANSWERED, 1, confidence=confidence))
    assert log.texts(confidence_below=0.6) == ["Hardly?", "Half?"]
    assert log.texts(Order(Sort.CONFIDENCE, ascending=True)) == ["Hardly?", "Half?", "Sure?"]
    assert log.texts(Order(Sort.CONFIDENCE)) == ["Sure?", "Half?", "Hardly?"]


def test_the_slowest_comes_first_and_what_is_still_running_has_no_place(log: Log) -> None:
    for text, ms in (("Slow?", 9000), ("Quick?", 5), ("Usual?", 700)):
        log.ask(text, Record(Status.ANSWERED, ms))
    log.history.start(Question("Running?"))
    assert log.texts(Order(Sort.DURATION)) == ["Slow?", "Usual?", "Quick?"]
    assert log.texts(Order(Sort.DURATION, ascending=True)) == ["Quick?", "Usual?", "Slow?"]
    assert log.texts(Order(ascending=True)) == ["Slow?", "Quick?", "Usual?", "Running?"]


def test_rows_from_before_this_service_and_of_others_are_listed_too(log: Log, migrated: Database) -> None:
    log.ask("Ours?")
    run(
        migrated.owner_url,
        "INSERT INTO query_history (query_text, timestamp)"
        " VALUES ('Imported?', NULL), ('Old?', '2001-01-01')",
    )
    assert log.texts() == ["Ours?", "Old?", "Imported?"]
    assert log.texts(until=datetime(2002, 1, 1, tzinfo=UTC)) == ["Old?"]
    imported = log.past.page().entries[2]
    assert (imported.successful, imported.status, imported.stages, imported.timestamp) == (
        True,
        None,
        None,
        None,
    )


def test_a_text_that_changes_or_goes_is_no_longer_found(log: Log, migrated: Database) -> None:
    log.ask("My salary?")
    run(migrated.owner_url, "UPDATE query_history SET query_text = '(removed)'")
    assert log.texts(text="salary") == []
    assert log.texts(text="removed") == ["(removed)"]
    run(migrated.owner_url, "DELETE FROM query_history")
    assert log.texts() == []


def test_all_questions_come_in_order_without_a_limit(log: Log) -> None:
    ids = [log.ask(f"Question {n}") for n in range(5)]
    assert [entry.id for entry in log.past.all()] == ids[::-1]
    assert [entry.question for entry in log.past.all(Filters(text="n 3"))] == ["Question 3"]


def test_an_unknown_question_is_none_even_with_an_absurd_number(log: Log) -> None:
    assert log.past.get(1) is None
    assert log.past.get(10**30) is None
    assert log.past.page(cursor=10**30).entries == ()


def test_a_list_goes_on_though_the_last_question_shown_was_deleted(log: Log, migrated: Database) -> None:
    ids = [log.ask(f"Question {n}") for n in range(3)]
    run(migrated.owner_url, f"DELETE FROM query_history WHERE id = {ids[1]}")
    assert [entry.id for entry in log.past.page(cursor=ids[1]).entries] == ids[:1]
    with pytest.raises(UnknownQuestion, match="start again without a cursor"):
        log.past.page(cursor=ids[1], order=Order(Sort.DURATION))


@given(
    durations=st.lists(st.sampled_from([1, 2, 2, 3, None]), min_size=1, max_size=8),
    size=st.integers(1, 4),
    order=st.builds(Order, st.sampled_from(Sort), st.booleans()),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_in_every_order_follow_each_other_without_gap_or_repeat(
    log: Log, durations: list[int | None], size: int, order: Order
) -> None:
    user = uuid.uuid4().hex
    for ms in durations:
        log.ask("Sales?", Record(Status.ANSWERED, ms or 0, confidence=ms and ms / 4), user=user)
    mine = Filters(user=user)
    seen: list[int] = []
    cursor = None
    for _ in itertools.count():
        page = log.past.page(mine, cursor, size, order)
        seen += [entry.id for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [entry.id for entry in log.past.page(mine, order=order).entries]
    shown = len(durations) - (durations.count(None) if order.by is Sort.CONFIDENCE else 0)
    assert len(set(seen)) == len(seen) == shown


def test_a_search_that_takes_too_long_says_so(
    log: Log, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.ask("Sales?")
    monkeypatch.setattr("nlq.history_list._TIMEOUT_MS", 50)
    with psycopg.connect(migrated.owner_url) as connection:
        connection.execute("LOCK nlq.questions")
        with pytest.raises(DatabaseUnavailable, match="narrow it down"):
            log.past.page()
