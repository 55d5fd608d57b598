"""Secrets of the settings are in no log, answer, error, page or history, whatever fails and says what."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote

import psycopg
import pytest
from flask.testing import FlaskClient

from nlq import secrets
from nlq import settings as settings_module
from nlq.errors import NlqError
from nlq.question import Question
from nlq.service import Service, build
from nlq.settings import Settings
from nlq.web import create_app
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Database
from tests.scripted import Script

KEY = "sk-CANARY-of-the-model"
PASSWORDS = (READER_PASSWORD, WRITER_PASSWORD)
SPELLINGS = (KEY, *PASSWORDS, *(quote(password, safe="") for password in PASSWORDS))


@pytest.fixture
def settings(demo: Database, model: Script) -> Settings:
    return settings_module.load(
        {
            "NLQ_READER_URL": demo.reader_url,
            "NLQ_WRITER_URL": demo.writer_url,
            "NLQ_DATABASE_URL": "postgresql://owner:owners-CANARY@db.example.com/kpis",
            "NLQ_MODEL": "scripted",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": KEY,
            "NLQ_SECRET_KEY": "CANARY-of-the-cookies-0123456789abcdef",
            "NLQ_SLACK_BOT_TOKEN": "xoxb-CANARY",
            "NLQ_SLACK_SIGNING_SECRET": "CANARY-slack-signs",
            "NLQ_MODEL_TIMEOUT_S": "1",
            "NLQ_TIMEZONE": "UTC",
        }
    )


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    service = build(settings)
    yield service
    service.pipeline.reader.close()


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


def holds_none(text: str) -> bool:
    return not any(secret in text for secret in (*SPELLINGS, "CANARY"))


def test_settings_show_no_secret_of_theirs(settings: Settings) -> None:
    assert holds_none(repr(settings))
    assert {KEY, *PASSWORDS, "owners-CANARY", "xoxb-CANARY", "CANARY-slack-signs"} <= secrets.of(settings)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}),
        (500, {"error": {"message": f"Authorization: Bearer {KEY} is not valid"}}),
        (200, {"error": f"{KEY} {READER_PASSWORD}"}),
        (404, [KEY]),
    ],
)
def test_a_model_that_repeats_its_key_is_not_repeated(
    client: FlaskClient,
    service: Service,
    model: Script,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: object,
) -> None:
    caplog.set_level(logging.DEBUG)
    model.status, model.body = status, json.dumps(body).encode()
    answer = client.post("/api/v1/ask", json={"question": "How chuffed are our customers?"})
    recorded = client.get(f"/api/v1/history/{answer.get_json()['id']}")
    assert recorded.get_json()["status"] == "failed"
    assert recorded.get_json()["error"]
    shown = answer.text + recorded.text + client.get("/metrics").text + client.get("/readyz").text
    assert holds_none(shown)
    assert holds_none(caplog.text)


def test_a_model_that_replies_with_its_key_is_refused_without_it(
    client: FlaskClient, model: Script, caplog: pytest.LogCaptureFixture
) -> None:
    model.replies = [json.dumps({"sql": f"SELECT {KEY}"}), KEY]
    for question in ("What is the standard deviation of revenue?", "How chuffed are our customers?"):
        answer = client.post("/api/v1/ask", json={"question": question}).get_json()
        recorded = client.get(f"/api/v1/history/{answer['id']}").get_json()
        assert holds_none(json.dumps([answer["text"], recorded["error"], recorded["answer_text"]]))
    assert holds_none(caplog.text)


@pytest.mark.parametrize("which", ["reader_url", "writer_url"])
@pytest.mark.parametrize("how", ["wrong password", "nobody there"])
def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    settings: Settings, caplog: pytest.LogCaptureFixture, which: str, how: str
) -> None:
    caplog.set_level(logging.DEBUG)
    url = getattr(settings, which)
    wrong = {
        "wrong password": url.replace("secret", "CANARY-secret"),
        "nobody there": f"postgresql://u:{quote(READER_PASSWORD, safe='')}@127.0.0.1:1/x",
    }[how]
    said = ""
    with suppress(NlqError, psycopg.Error):
        service = build(replace(settings, **{which: wrong}))
        try:
            said = service.pipeline.ask(Question("Revenue last month")).text
        except NlqError as error:
            said += str(error)
        finally:
            service.pipeline.reader.close()
    assert holds_none(said + caplog.text)


def test_a_traceback_is_logged_without_secrets(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("anything")
    try:
        raise ValueError(f"no such user: {KEY}")
    except ValueError:
        log.exception("failed with %s", KEY)
    log.warning("%s and %d", f"{READER_PASSWORD}!", 7)
    assert caplog.messages == ["failed with [secret]", "[secret]! and 7"]
    assert "no such user: [secret]" in caplog.text
    assert holds_none(caplog.text)
