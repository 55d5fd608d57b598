"""Questions in Slack that the real embedded model answers, from the mention to the message."""

import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from nlq import settings as settings_module
from nlq.embedded.progress import silent
from nlq.service import build, embedded
from nlq.settings import SlackSettings
from nlq.web import create_app
from nlq.web.slack import SLACK_EXTENSION
from tests.slack import payloads
from tests.slack.conftest import ACME, wait
from tests.slack.fronts import SIGNING_SECRET, Http
from tests.slack.stand_in import StandIn
from tests.slack.test_ways_in import TEAM, shown

pytestmark = pytest.mark.model

HOME = Path(os.environ.get("NLQ_TEST_HOME") or "~/.cache/nlq-tests").expanduser()
ANSWER_WITHIN_S = 120.0


@pytest.fixture(scope="module")
def http(standing_in: StandIn) -> Iterator[Http]:
    """The Slack app over everything that is embedded, started as `make run` starts it."""
    standing_in.add(ACME)
    slack = SlackSettings(
        bot_token=ACME.token, signing_secret=SIGNING_SECRET, api_url=f"{standing_in.api_url}/"
    )
    settings = settings_module.load({"NLQ_HOME": str(HOME), "NLQ_TIMEZONE": "UTC"})
    with embedded(dataclasses.replace(settings, slack=slack), silent) as complete:
        app = create_app(build(complete))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Http(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        app.extensions[SLACK_EXTENSION].stop(1.0)


def ask(http: Http, slack: StandIn, channel: str, text: str) -> dict[str, Any]:
    ts = slack.next_ts()
    http.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {text}", ts, kind="app_mention"))
    thread: list[dict[str, Any]] = wait(lambda: slack.thread(TEAM, channel, ts), ANSWER_WITHIN_S)
    return thread[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("How chuffed were our customers in 2025?", "Customer satisfaction score"),
        ("How long did parcels take to arrive in 2025?", "Delivery time"),
    ],
)
def test_the_model_finds_the_kpi_and_the_answer_comes_in_the_thread(
    http: Http, slack: StandIn, channel: str, text: str, says: str
) -> None:
    assert says in shown(ask(http, slack, channel, text))


def test_what_no_kpi_measures_is_refused_in_the_thread(http: Http, slack: StandIn, channel: str) -> None:
    answer = ask(http, slack, channel, "What will the weather be like tomorrow?")
    assert "Not something this data can answer" in shown(answer)
