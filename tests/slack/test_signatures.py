"""Over HTTP, only requests that Slack signed, just now and for the first time, are taken."""

import json
import time
from collections.abc import Callable

import pytest

from nlq.history_list import HistoryEntry
from tests.slack import payloads
from tests.slack.fronts import SIGNING_SECRET, Http
from tests.slack.stand_in import StandIn
from tests.slack.test_ways_in import QUESTION, TEAM, answer_in

JSON = "application/json"


@pytest.fixture
def body(slack: StandIn, channel: str) -> str:
    """A question as Slack sends it."""
    text = f"<@UBOT> {QUESTION}"
    event = payloads.message(TEAM, channel, "UANN", text, slack.next_ts(), kind="app_mention")
    return json.dumps(event)


@pytest.mark.parametrize("secret", ["another secret", f"{SIGNING_SECRET} "])
def test_a_wrong_signature_is_refused(
    http: Http, body: str, channel: str, secret: str, history: Callable[..., list[HistoryEntry]]
) -> None:
    assert http.send(body, JSON, secret=secret).status_code == 401
    assert history(channel) == []


def test_a_request_without_a_signature_is_refused(http: Http, body: str) -> None:
    assert http.client.post(f"{http.url}/slack/events", content=body).status_code == 401


def test_a_body_that_was_changed_is_refused(http: Http, body: str) -> None:
    request = http.send(body, JSON).request
    changed = request.content.replace(b"Revenue", b"Orders!")
    again = http.client.post(request.url, content=changed, headers=request.headers)
    assert again.status_code == 401


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_stale_request_and_one_from_the_future_are_refused(http: Http, body: str, minutes: int) -> None:
    assert http.send(body, JSON, timestamp=int(time.time()) + 60 * minutes).status_code == 401


def test_a_replayed_request_is_refused(http: Http, slack: StandIn, channel: str, body: str) -> None:
    first = http.send(body, JSON)
    assert first.status_code == 200
    answer_in(slack, channel, json.loads(body)["event"]["ts"])
    again = http.client.post(first.request.url, content=first.request.content, headers=first.request.headers)
    assert again.status_code == 401
    assert again.headers["Content-Type"] == "application/problem+json"


def test_slack_checks_the_address_of_a_new_app(http: Http) -> None:
    check = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "unused"})
    assert http.send(check, JSON).json() == {"challenge": "3eZbrw1aB"}
