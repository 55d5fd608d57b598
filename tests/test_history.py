"""Promises of the history, kept on a real PostgreSQL as the writer role."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from nlq.answer import Method, Status
from nlq.errors import DatabaseUnavailable, UnknownConversation
from nlq.history import History, Record, open_pool
from nlq.history_list import Filters, HistoryEntry, HistoryList
from nlq.question import Question, SlackPlace
from tests.postgres import Database

ANSWERED = Record(Status.ANSWERED, 1234)


class Log(History):
    """The history of a fresh database, with its list."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(pool)
        self.list = HistoryList(pool)

    def get(self, query_id: int) -> HistoryEntry | None:
        """The question `query_id`."""
        return self.list.get(query_id)


@pytest.fixture
def history(migrated: Database) -> Iterator[Log]:
    """The history of a fresh database."""
    with open_pool(migrated.writer_url) as pool:
        yield Log(pool)


def ask(history: Log, text: str, record: Record = ANSWERED, **who: str) -> int:
    """Write one question down and complete it."""
    started = history.start(Question(text, **who))  # type: ignore[arg-type]
    history.finish(started.query_id, record)
    return started.query_id


def listed(history: Log, **filters: object) -> list[str]:
    """The texts of the questions that pass `filters`, newest first."""
    return [entry.question for entry in history.list.page(Filters(**filters)).entries]  # type: ignore[arg-type]


def test_a_question_is_there_before_its_answer_and_not_yet_successful(history: Log) -> None:
    started = history.start(Question("Sales?", channel="cli", user="ann"))
    entry = history.get(started.query_id)
    assert entry is not None
    assert (entry.question, entry.channel, entry.user, entry.status) == ("Sales?", "cli", "ann", "running")
    assert (entry.successful, entry.execution_time_ms, entry.finished_at) == (False, None, None)
    assert entry.conversation_id == started.conversation_id
    assert entry.timestamp is not None
    assert abs(datetime.now(UTC) - entry.timestamp) < timedelta(minutes=1)


def test_a_question_from_slack_leads_back_to_its_message(history: Log) -> None:
    place = SlackPlace(
        "T1", "C1", "1700000000.000100", "https://acme.slack.com/archives/C1/p1700000000000100"
    )
    started = history.start(Question("Sales?", channel="slack", user="ann", slack=place))
    history.start(Question("Sales?", channel="slack", user="ann", slack=SlackPlace("T2", "C1")))
    entry = history.get(started.query_id)
    assert entry is not None
    found = (entry.slack_team, entry.slack_channel, entry.slack_thread, entry.permalink)
    assert found == ("T1", "C1", place.thread, place.permalink)
    assert [e.id for e in history.list.page(Filters(slack_team="T1")).entries] == [entry.id]


def test_all_that_is_known_at_the_end_can_be_read_again(history: Log) -> None:
    record = Record(
        status=Status.ANSWERED,
        execution_time_ms=1500,
        method=Method.PLAN,
        sql="SELECT 1",
        plan={"kpis": ["sales"], "top": 3},
        interpretation="Sum of sales",
        answer_text="42 USD",
        warnings=("Few rows.",),
        attempts=2,
        model="m",
        prompt_tokens=100,
        completion_tokens=20,
        row_count=1,
        truncated=False,
        stages={"linking": 3, "llm": 1400},
        messages=[{"role": "user", "content": "Which KPI?"}, {"role": "assistant", "content": "sales"}],
    )
    entry = history.get(ask(history, "Sales?", record))
    assert entry is not None
    assert entry.successful is True
    assert entry.finished_at is not None
    written = {name: getattr(entry, name) for name in vars(record)}
    assert written == vars(record) | {"warnings": ["Few rows."]}
    assert history.list.page().entries[0].messages is None


@pytest.mark.parametrize("status", Status)
def test_a_question_is_successful_exactly_when_it_was_answered(history: Log, status: Status) -> None:
    entry = history.get(ask(history, "Sales?", Record(status, 1, reason="r", error="e")))
    assert entry is not None
    assert (entry.status, entry.successful) == (status.value, status is Status.ANSWERED)
    assert (entry.reason, entry.error, entry.execution_time_ms) == ("r", "e", 1)


def test_a_follow_up_joins_the_conversation(history: Log) -> None:
    first = history.start(Question("Sales?"))
    second = history.start(Question("And in APAC?", conversation_id=first.conversation_id))
    assert second.conversation_id == first.conversation_id
    assert listed(history, conversation_id=first.conversation_id) == ["And in APAC?", "Sales?"]


def test_an_unknown_conversation_is_refused_and_nothing_is_written(history: Log) -> None:
    with pytest.raises(UnknownConversation):
        history.start(Question("Sales?", conversation_id=uuid.uuid4()))
    assert listed(history) == []


def test_pages_follow_each_other_without_gap_or_repeat(history: Log) -> None:
    ids = [ask(history, f"Question {n}") for n in range(5)]
    seen: list[int] = []
    cursor = None
    for expected in (2, 2, 1):
        page = history.list.page(cursor=cursor, limit=2)
        assert len(page.entries) == expected
        seen += [entry.id for entry in page.entries]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == ids[::-1]


def test_the_last_plan_is_that_of_the_newest_answered_question(history: Log) -> None:
    started = history.start(Question("Sales?"))
    assert history.last_plan(started.conversation_id) is None
    history.finish(started.query_id, Record(Status.ANSWERED, 1, plan={"kpis": ["sales"]}))
    follow_up = history.start(Question("Weather?", conversation_id=started.conversation_id))
    history.finish(follow_up.query_id, Record(Status.REFUSED, 1, plan={"kpis": ["weather"]}))
    assert history.last_plan(started.conversation_id) == {"kpis": ["sales"]}


def test_a_plan_of_another_conversation_is_not_taken(history: Log) -> None:
    ask(history, "Sales?", Record(Status.ANSWERED, 1, plan={"kpis": ["sales"]}))
    assert history.last_plan(history.start(Question("And?")).conversation_id) is None


def test_what_postgresql_cannot_store_is_left_out(history: Log) -> None:
    record = Record(
        Status.FAILED,
        1,
        error="bad\0 text \ud800",
        plan={"a\0": ["\0b", float("nan"), datetime(2026, 1, 2, tzinfo=UTC)]},
    )
    entry = history.get(ask(history, "Sales\0?", record, user="a\0nn"))
    assert entry is not None
    assert (entry.question, entry.user, entry.error) == ("Sales?", "ann", "bad text ?")
    assert entry.plan == {"a": ["b", None, "2026-01-02 00:00:00+00:00"]}
    assert listed(history, text="\0") == ["Sales?"]


def test_a_database_that_is_down_is_said_to_be() -> None:
    with open_pool("postgresql://nobody@127.0.0.1:1/none", timeout_s=0.5) as pool:
        history = History(pool)
        with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
            history.start(Question("Sales?"))
        with pytest.raises(DatabaseUnavailable):
            HistoryList(pool).page()


def test_a_restart_of_the_database_goes_unnoticed(history: Log, migrated: Database) -> None:
    ask(history, "Before?")
    with psycopg.connect(migrated.owner_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nlq_writer'"
        )
    ask(history, "After?")
    assert listed(history) == ["After?", "Before?"]
