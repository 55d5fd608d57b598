"""A model's endpoint with every fault that one can have: each ends in a clear sentence and a history row."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nlq import settings as settings_module
from nlq.answer import Answer, Status
from nlq.breaker import FAILURES, REST_S, Breaker, State
from nlq.clock import fixed
from nlq.errors import Overloaded
from nlq.llm import ChatLlm
from nlq.question import Question
from nlq.service import Service, build
from tests.catalogs import TODAY
from tests.postgres import Database
from tests.scripted import Script, scripted_model

HAPPY = "How chuffed are our customers?"
GOOD = '{"kpi":"customer_satisfaction_score"}'


@pytest.fixture
def service(demo: Database, model: Script) -> Service:
    model.replies = [GOOD]
    return built(demo, model.base_url)


def built(demo: Database, base_url: str, **settings: str) -> Service:
    return build(
        settings_module.load(
            {
                "NLQ_READER_URL": demo.reader_url,
                "NLQ_WRITER_URL": demo.writer_url,
                "NLQ_MODEL": "scripted",
                "OPENAI_BASE_URL": base_url,
                "NLQ_MODEL_TIMEOUT_S": "2",
                "NLQ_TIMEZONE": "UTC",
                **settings,
            }
        ),
        fixed(TODAY),
    )


def ask(service: Service) -> Answer:
    """The answer to a question for which the model is asked; the history holds the same."""
    answer = service.pipeline.ask(Question(HAPPY))
    entry = service.history.get(answer.id)
    assert entry is not None
    assert (entry.status, entry.answer_text) == (answer.status, answer.text)
    assert entry.successful is (answer.status is Status.ANSWERED)
    return answer


def failure(service: Service) -> str:
    answer = ask(service)
    assert answer.status is Status.FAILED
    return answer.text


def test_a_model_that_hangs_is_given_up_and_not_asked_again(service: Service, model: Script) -> None:
    model.delay_s = 3600
    assert "in time" in failure(service)
    assert len(model.requests) == 1


def test_a_model_that_answers_byte_by_byte_is_given_up_all_the_same(service: Service, model: Script) -> None:
    model.drip_s = 0.1
    assert "in time" in failure(service)


def test_a_reply_of_a_megabyte_is_not_read(service: Service, model: Script) -> None:
    model.replies = ['{"kpi":"' + "x" * 1_000_000 + '"}']
    assert "too long" in failure(service)
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>Welcome</html>", b'{"choices"', b"null", b"[]", b'{"choices": []}']
)
def test_a_reply_that_is_none_is_said_to_be_unreadable(service: Service, model: Script, body: bytes) -> None:
    model.body = body
    assert "cannot be read" in failure(service)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_is_over_in_a_moment_goes_unnoticed(service: Service, model: Script, status: int) -> None:
    model.statuses = [status]
    assert ask(service).status is Status.ANSWERED
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (429, "rate limit"),
        (500, "fault of its own"),
        (401, "OPENAI_API_KEY"),
        (404, "NLQ_MODEL"),
        (400, "did not take"),
    ],
)
def test_an_endpoint_that_keeps_refusing_is_said_to_do_so(
    service: Service, model: Script, status: int, sentence: str
) -> None:
    model.status = status
    assert sentence in failure(service)
    assert len(model.requests) == (3 if status in {429, 500} else 1)


def test_an_endpoint_is_asked_again_when_it_wants_to_be(service: Service, model: Script) -> None:
    model.statuses, model.headers = [429], {"Retry-After": "1"}
    assert ask(service).timing.llm_ms >= 1000


@pytest.mark.parametrize("as_date", [False, True])
def test_an_endpoint_that_wants_to_rest_beyond_the_deadline_is_not_waited_for(
    service: Service, model: Script, as_date: bool
) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    model.status, model.headers = 429, {"Retry-After": in_an_hour if as_date else "3600"}
    assert "rate limit" in failure(service)
    assert len(model.requests) == 1


def test_an_endpoint_that_is_killed_is_left_alone_until_it_is_back(demo: Database) -> None:
    with scripted_model() as model:
        model.replies = [GOOD]
        service = built(demo, model.base_url)
        assert ask(service).status is Status.ANSWERED
    said = [failure(service) for _ in range(FAILURES)]
    assert "cannot be reached" in said[0]
    assert "left alone" in said[-1]
    assert isinstance(service.pipeline.model, ChatLlm)
    assert service.pipeline.model.endpoint.breaker.state is State.OPEN


def test_a_full_line_for_the_model_is_said_at_once_and_recorded(demo: Database, model: Script) -> None:
    model.replies, model.delay_s = [GOOD], 1.0
    service = built(demo, model.base_url, NLQ_MODEL_CALLS="1", NLQ_MODEL_QUEUE="1", NLQ_MODEL_TIMEOUT_S="9")
    service.catalog()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(service.pipeline.ask, Question(HAPPY)) for _ in range(4)]
        errors = [future.exception() for future in asked]
    assert [type(error) for error in errors if error] == [Overloaded] * 2
    statuses = sorted((entry.status, entry.reason) for entry in service.history.page().entries)
    assert statuses == [("answered", None)] * 2 + [("failed", "overloaded")] * 2


class Time:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:  # noqa: D102
        return self.now


def test_a_breaker_opens_after_failures_in_a_row_and_closes_when_a_trial_succeeds() -> None:
    time = Time()
    breaker = Breaker(time)
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.succeeded()
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed()
    assert not breaker.allows()
    time.now += REST_S
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.failed()
    time.now += REST_S - 1
    assert not breaker.allows()
    time.now += 1
    assert breaker.allows()
    breaker.abandoned()
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.state is State.CLOSED
