"""What was acknowledged is done once, in order, and by another process where the first one dies."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from nlq.history import open_pool
from nlq.slack.job import Job, Way
from nlq.slack.jobs import Jobs, Replies
from tests.postgres import Database


@pytest.fixture
def jobs(migrated: Database) -> Iterator[Jobs]:
    with open_pool(migrated.writer_url, size=2) as pool:
        yield Jobs(pool)


def job(key: str, thread: str | None = None, text: str = "Sales?") -> Job:
    return Job(key, Way.MENTION, "T1", "UANN", "C1", message=key, thread=thread, text=text)


def claimed(jobs: Jobs, lease_s: float = 60.0) -> str | None:
    found = jobs.claim(lease_s)
    return found.job.key if found else None


def test_a_job_comes_back_as_it_was_written_down(jobs: Jobs) -> None:
    asked = job("1", text="Größe\0 \ud800?")
    jobs.accept(replace(asked, response_url="https://hooks.slack.example/1"))
    found = jobs.claim(60.0)
    assert found is not None
    assert (found.job.text, found.attempts) == ("Größe ??", 1)
    assert found.job.response_url == "https://hooks.slack.example/1"


def test_what_slack_sends_again_is_known(jobs: Jobs) -> None:
    assert [jobs.accept(job("1")) for _ in range(3)] == [True, False, False]
    assert [claimed(jobs), claimed(jobs)] == ["1", None]
    jobs.finish("1", None, Replies())
    assert not jobs.accept(job("1"))


def test_in_a_thread_one_follows_the_other_and_threads_do_not_wait_for_each_other(jobs: Jobs) -> None:
    for asked in (job("1"), job("2", thread="1"), job("3"), job("4", thread="1")):
        jobs.accept(asked)
    assert [claimed(jobs), claimed(jobs), claimed(jobs)] == ["1", "3", None]
    jobs.finish("1", None, Replies())
    assert [claimed(jobs), claimed(jobs)] == ["2", None]


def test_a_job_whose_process_died_is_taken_by_another_unless_it_is_renewed(jobs: Jobs) -> None:
    jobs.accept(job("1"))
    assert claimed(jobs, lease_s=0.0) == "1"
    jobs.renew(["1"], 60.0)
    assert claimed(jobs) is None
    jobs.renew(["1"], 0.0)
    assert claimed(jobs) == "1"


def test_a_question_can_be_reworded_until_it_is_worked_on(jobs: Jobs) -> None:
    jobs.accept(job("1"))
    assert jobs.reword("1", "Costs?")
    found = jobs.claim(60.0)
    assert found is not None
    assert found.job.text == "Costs?"
    assert not jobs.reword("1", "Orders?")


def test_a_question_that_is_taken_back_is_not_worked_on_and_nothing_of_it_is_kept(
    jobs: Jobs, migrated: Database
) -> None:
    for key in ("1", "2", "3"):
        jobs.accept(job(key))
    assert not jobs.withdraw("1")
    assert claimed(jobs) == "2"
    assert not jobs.withdraw("2")
    assert jobs.withdrawn("2")
    assert not jobs.finish("2", None, Replies(["9.9"]))
    assert claimed(jobs) == "3"
    assert jobs.finish("3", None, Replies(["9.9"]))
    assert jobs.withdraw("3")
    assert claimed(jobs) is None
    with psycopg.connect(migrated.owner_url) as connection:
        assert connection.execute("SELECT DISTINCT request FROM nlq.slack_jobs").fetchall() == [(None,)]


def test_what_answered_a_message_is_known_by_the_newest_job_about_it(jobs: Jobs) -> None:
    jobs.accept(job("1"))
    jobs.finish("1", None, Replies(["9.9"], ["F1"]))
    edit = Job("edit", Way.EDIT, "T1", "UANN", channel="C1", message="1", text="Costs?")
    jobs.accept(edit)
    asked = jobs.asked("T1", "C1", "1", but="edit")
    assert asked is not None
    assert (asked.status, asked.replies) == ("done", Replies(["9.9"], ["F1"]))
    assert jobs.asked("T2", "C1", "1") is None


def test_people_take_part_in_threads_in_which_they_asked(jobs: Jobs) -> None:
    jobs.accept(job("1"))
    assert jobs.takes_part("T1", "C1", "1", "UANN")
    assert not jobs.takes_part("T1", "C1", "1", "UBEN")
    assert not jobs.takes_part("T2", "C1", "1", "UANN")
