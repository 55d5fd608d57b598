"""Promises of the dashboard's figures, kept on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from nlq.answer import Status
from nlq.dashboard import Asked, Dashboards, Grain
from nlq.feedback import Feedback, FeedbackStore, Verdict
from nlq.history import History, Record, open_pool
from nlq.question import Question
from tests.postgres import Database

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def dashboards(migrated: Database) -> Iterator[Dashboards]:
    """The figures of a history with seven questions, six of them in March 2026."""
    asked = [
        ("2026-03-02", "Sales?", Record(Status.ANSWERED, 100, plan={"kpis": ["sales"]})),
        ("2026-03-02", "Sales and costs?", Record(Status.ANSWERED, 300, plan={"kpis": ["sales", "costs"]})),
        ("2026-03-03", "Weather?", Record(Status.REFUSED, 10)),
        ("2026-03-09", "WEATHER?", Record(Status.REFUSED, 20)),
        ("2026-03-09", "Costs?", Record(Status.FAILED, 9000, plan={"kpis": ["costs"]})),
        ("2026-03-31", "Which?", Record(Status.CLARIFY, 40)),
        ("2026-04-01", "Too late?", Record(Status.ANSWERED, 1)),
    ]
    with (
        open_pool(migrated.writer_url) as pool,
        psycopg.connect(migrated.owner_url, autocommit=True) as owner,
    ):
        history, feedback = History(pool), FeedbackStore(pool, UTC)
        for day, text, record in asked:
            query_id = history.start(Question(text, channel="web")).query_id
            history.finish(query_id, record)
            owner.execute("UPDATE query_history SET timestamp = %s WHERE id = %s", (day, query_id))
        feedback.add(Feedback(1, Verdict.RIGHT))
        feedback.add(Feedback(2, Verdict.WRONG))
        yield Dashboards(pool)


def test_a_period_is_counted_by_how_its_questions_went(dashboards: Dashboards) -> None:
    whole = dashboards.of(SINCE, UNTIL, Grain.DAY).whole
    assert (whole.asked, whole.answered, whole.refused, whole.failed, whole.clarify) == (6, 2, 2, 1, 1)
    assert (whole.right, whole.wrong) == (1, 1)
    assert (whole.median_ms, whole.p95_ms) == (40, 9000)
    assert whole.success == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("grain", "starts"),
    [
        (Grain.DAY, ["2026-03-02", "2026-03-03", "2026-03-09", "2026-03-31"]),
        (Grain.WEEK, ["2026-03-02", "2026-03-09", "2026-03-30"]),
        (Grain.MONTH, ["2026-03-01"]),
    ],
)
def test_it_is_cut_into_parts(dashboards: Dashboards, grain: Grain, starts: list[str]) -> None:
    found = dashboards.of(SINCE, UNTIL, grain)
    assert [part.starts for part in found.parts] == [date.fromisoformat(day) for day in starts]
    assert sum(part.asked for part in found.parts) == found.whole.asked


def test_what_was_asked_and_what_failed_most_comes_first(dashboards: Dashboards) -> None:
    found = dashboards.of(SINCE, UNTIL, Grain.DAY)
    assert found.kpis == (Asked("costs", 2, 1), Asked("sales", 2, 2))
    assert found.failures[0] == Asked("weather?", 2, 0, query_id=4)
    assert {failed.name for failed in found.failures} == {"weather?", "costs?", "which?"}
    assert found.channels == (Asked("web", 6, 2),)


def test_a_period_without_questions_has_no_figures(dashboards: Dashboards) -> None:
    found = dashboards.of(UNTIL.replace(year=2027), UNTIL.replace(year=2028), Grain.DAY)
    assert (found.whole.asked, found.whole.success, found.whole.median_ms) == (0, None, None)
    assert [*found.parts, *found.kpis, *found.failures] == []
