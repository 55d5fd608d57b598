"""Who is let in: so many questions at once, so many of one person in a minute; the rest is told so."""

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from werkzeug.test import TestResponse

from nlq import settings as settings_module
from nlq.admission import Admission
from nlq.cancellation import Cancellation, Cancelled
from nlq.clock import fixed
from nlq.errors import Overloaded, TooManyQuestions
from nlq.gate import Gate
from nlq.question import Question
from nlq.service import build
from nlq.web import create_app
from nlq.web.worker import Rush
from tests.catalogs import TODAY
from tests.postgres import Database
from tests.scripted import Script


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


def admission(**settings: str) -> Admission:
    return Admission(settings_module.load({"NLQ_TIMEZONE": "UTC", **settings}))


def hold(gate: Gate, release: threading.Event, cancellation: Cancellation | None = None) -> bool:
    """Pass the gate and stay inside until `release`."""
    with gate.passing(cancellation or Cancellation()):
        return release.wait(10)


def test_a_gate_lets_in_what_fits_keeps_what_may_wait_and_turns_away_the_rest(
    pool: ThreadPoolExecutor,
) -> None:
    gate, release = Gate(2, 1, "Full."), threading.Event()
    passing = [pool.submit(hold, gate, release) for _ in range(2)]
    while gate.inside < 2:
        pass
    passing.append(pool.submit(hold, gate, release))
    while not gate.waiting:
        pass
    with pytest.raises(Overloaded, match="Full"):
        hold(gate, release)
    release.set()
    assert all(passed.result() for passed in passing)
    assert (gate.inside, gate.waiting) == (0, 0)


def test_of_those_that_wait_the_oldest_question_goes_first(pool: ThreadPoolExecutor) -> None:
    gate, order = Gate(1, math.inf, ""), []
    arrived = [Cancellation() for _ in range(5)]

    def note(number: int) -> None:
        with gate.passing(arrived[number]):
            order.append(number)

    with gate.passing(Cancellation()):
        for waiting, number in enumerate((3, 0, 4, 2, 1)):
            pool.submit(note, number)
            while gate.waiting <= waiting:
                pass
    pool.shutdown()
    assert order == [0, 1, 2, 3, 4]


def test_whoever_is_cancelled_or_late_leaves_the_line(pool: ThreadPoolExecutor) -> None:
    gate, cancellation, hurried = Gate(1, math.inf, ""), Cancellation(), Cancellation()
    hurried.within(0.05)
    with gate.passing(Cancellation()):
        waits = pool.submit(hold, gate, threading.Event(), cancellation)
        while not gate.waiting:
            pass
        with pytest.raises(Cancelled, match="too long"):
            hold(gate, threading.Event(), hurried)
        cancellation.cancel()
        with pytest.raises(Cancelled):
            waits.result()
        assert gate.waiting == 0
    assert gate.inside == 0


def test_a_closed_gate_lets_nobody_in_until_it_opens(pool: ThreadPoolExecutor) -> None:
    gate, release = Gate(2, math.inf, ""), threading.Event()
    inside = pool.submit(hold, gate, release)
    while not gate.inside:
        pass
    gate.close()
    waiting = [pool.submit(hold, gate, release) for _ in range(3)]
    while gate.waiting < len(waiting):
        pass
    release.set()
    assert inside.result()
    assert (gate.inside, gate.waiting) == (0, len(waiting))
    gate.open()
    assert all(passed.result() for passed in waiting)


def test_there_is_room_for_who_comes_beside_those_on_their_way_or_not() -> None:
    gate = Gate(2, 0, "Full.")
    with gate.passing(Cancellation()):
        assert gate.refusal(1) is None
        assert "Full" in str(gate.refusal(2))
        with gate.passing(Cancellation()):
            assert "Full" in str(gate.refusal(0))
    assert gate.refusal(0) is None


def test_a_place_is_free_again_after_an_error() -> None:
    gate = Gate(1, 0, "Full.")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), gate.passing(Cancellation()):
            raise ZeroDivisionError
    assert gate.inside == 0


def test_a_person_may_ask_so_many_questions_a_minute_whatever_others_do() -> None:
    admitted = admission(NLQ_QUESTIONS_PER_MINUTE="2")

    def ask(user: str | None, channel: str = "slack") -> None:
        with admitted.admitted(Question("Sales?", user=user, channel=channel), Cancellation()):
            pass

    ask("ann")
    ask("ann")
    with pytest.raises(TooManyQuestions, match="2 questions a minute") as refused:
        ask("ann")
    assert 1 <= refused.value.retry_after_s <= 60
    ask("bob")
    ask("ann", "web")
    for _ in range(5):
        ask(None)
    assert admitted.room.inside == 0


def test_a_full_service_says_so_before_anything_is_written_down() -> None:
    admitted = admission(NLQ_MAX_QUESTIONS="1")
    with (
        admitted.admitted(Question("Sales?"), Cancellation()),
        pytest.raises(Overloaded) as refused,
        admitted.admitted(Question("Orders?"), Cancellation()),
    ):
        pass
    assert refused.value.retry_after_s > 0


class Seconds:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:  # noqa: D102
        return self.now


def test_a_crowd_has_arrived_after_a_lull_and_a_few_are_none() -> None:
    clock = Seconds()
    rush = Rush(clock)
    for _ in range(5):
        rush.came()
        assert not rush.left_s()
    for _ in range(50):
        clock.now += 0.001
        rush.came()
    assert rush.left_s()
    clock.now += rush.left_s()
    assert not rush.left_s()


def test_crowds_that_come_one_after_another_leave_questions_half_of_the_time() -> None:
    clock = Seconds()
    rush, rests = Rush(clock), 0
    for millisecond in range(10_000):
        clock.now += 0.001
        if millisecond % 300 > 10:
            rush.came()
        rests += rush.left_s() > 0
    assert 1_000 < rests <= 5_500


def test_a_person_who_asks_too_much_gets_429_and_when_to_come_back(demo: Database, model: Script) -> None:
    environ = {
        "NLQ_TIMEZONE": "UTC",
        "NLQ_READER_URL": demo.reader_url,
        "NLQ_WRITER_URL": demo.writer_url,
        "OPENAI_BASE_URL": model.base_url,
        "NLQ_PROXY_USER_HEADER": "X-User",
        "NLQ_QUESTIONS_PER_MINUTE": "1",
        "NLQ_SECRET_KEY": "of the tests",
    }
    client = create_app(build(settings_module.load(environ), fixed(TODAY))).test_client()

    def ask(person: str) -> TestResponse:
        body = {"question": "Revenue last month"}
        return client.post("/api/v1/ask", json=body, headers={"X-User": person})

    assert [ask("ann").status_code, ask("bob").status_code] == [200, 200]
    refused = ask("ann")
    assert refused.status_code == 429
    assert refused.json is not None
    assert refused.json["type"] == "urn:nlq:problem:too-many-questions"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    with psycopg.connect(demo.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM query_history").fetchone() == (2,)
