"""Many questions at once, and a process that dies over them: all are acknowledged in time, none is lost."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from nlq.history import open_pool
from nlq.slack import incoming
from nlq.slack.job import Way
from nlq.slack.jobs import Jobs
from tests.postgres import Database
from tests.scripted import Script
from tests.slack import payloads
from tests.slack.conftest import ACME, environ, wait
from tests.slack.fronts import Http
from tests.slack.stand_in import StandIn
from tests.slack.test_ways_in import TEAM

Json = dict[str, Any]
QUESTIONS = 100


@contextmanager
def serving(settings: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], Http]]:
    """`nlq serve` as a process group of its own, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from nlq.cli import main; main()", "serve", "--port", "0"],
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        line = next((one for one in process.stderr if one.startswith("Ready: ")), "")
        yield process, Http(line.removeprefix("Ready: ").strip())
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def answers(slack: StandIn, channel: str) -> Counter[str]:
    """How many answers each thread of a channel has."""
    return Counter(m["thread_ts"] for m in slack.messages[TEAM, channel] if m.get("thread_ts"))


@pytest.fixture
def slow(scripted: Script) -> Iterator[Script]:
    """A model that takes its time, so that most questions wait when the process dies."""
    scripted.delay_s = 0.3
    yield scripted
    scripted.delay_s = 0.0


def test_a_hundred_questions_at_once_are_acknowledged_in_time_and_survive_the_death_of_the_process(
    slack: StandIn, demo: Database, slow: Script, channel: str
) -> None:
    slack.add(ACME)
    settings = environ(demo, slack, slow)
    asked = [slack.next_ts() for _ in range(QUESTIONS)]
    events = [
        payloads.message(TEAM, channel, "UANN", f"<@UBOT> How chuffed was team {n}?", ts, kind="app_mention")
        for n, ts in enumerate(asked)
    ]
    with serving(settings) as (process, http):
        with ThreadPoolExecutor(QUESTIONS) as people:
            list(people.map(http.event, events))  # each within Slack's three seconds
        wait(lambda: len(answers(slack, channel)) >= 5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = len(answers(slack, channel))
    assert before < QUESTIONS
    with serving(settings):
        wait(lambda: len(answers(slack, channel)) == QUESTIONS, 90)
    assert answers(slack, channel) == Counter(asked)


def test_a_service_that_is_stopped_in_order_leaves_nothing_behind_but_what_the_next_answers(
    slack: StandIn, demo: Database, slow: Script, channel: str
) -> None:
    slack.add(ACME)
    slow.delay_s = 8.0
    settings = environ(demo, slack, slow)
    ts = slack.next_ts()
    text = "<@UBOT> How chuffed were our customers in 2025?"
    with serving(settings) as (process, http):
        http.event(payloads.message(TEAM, channel, "UANN", text, ts, kind="app_mention"))
        wait(lambda: slow.requests)
        process.terminate()
        process.wait(30)
    slow.delay_s = 0.0
    with serving(settings):
        wait(lambda: answers(slack, channel))
    assert answers(slack, channel) == Counter([ts])


def test_who_was_interrupted_twice_is_told_to_ask_again(
    slack: StandIn, demo: Database, scripted: Script, channel: str
) -> None:
    ts = slack.next_ts()
    event = payloads.message(TEAM, channel, "UANN", "Revenue?", ts)
    with open_pool(demo.writer_url, size=1) as pool:
        jobs = Jobs(pool)
        jobs.accept(incoming.from_message(event, Way.MENTION, "UBOT") or pytest.fail("it asks nothing"))
        for _ in range(2):
            assert jobs.claim(lease_s=0.0)  # by a process that dies at once
    settings = environ(demo, slack, scripted)
    with serving(settings):
        message = wait(lambda: slack.thread(TEAM, channel, ts))[0]
    assert "Please ask again" in message["text"]
