"""Fixtures of the Slack app: a stand-in of Slack, a company's database, the app reached in both ways."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from werkzeug.serving import make_server

from nlq import settings as settings_module
from nlq.clock import fixed
from nlq.history_list import Filters, HistoryEntry
from nlq.service import Service, build
from nlq.slack.app import SlackApp
from nlq.slack.app import build as build_slack
from nlq.web import create_app
from nlq.web.slack import SLACK_EXTENSION
from tests.catalogs import TODAY
from tests.conftest import copy_of
from tests.postgres import Database, Server
from tests.scripted import Script, scripted_model
from tests.slack import stand_in
from tests.slack.fronts import SIGNING_SECRET, Front, Http, Socket
from tests.slack.stand_in import StandIn, Team, user

ACME = Team(
    id="T0ACME",
    token="xoxb-acme",
    bot_user="UBOT",
    bot_id="BBOT",
    users={
        "UANN": user("ann"),
        "UBEN": user("ben"),
        "UGUEST": user("guest", is_restricted=True),
        "UBOT": user("kpis", is_bot=True),
    },
    groups={"SANALYSTS": ["UANN"]},
)
_channels = (f"C{number:04d}" for number in count(1))


@pytest.fixture(scope="session")
def company(postgres_server: Server, demo_template: str) -> Iterator[Database]:
    """The demo company's database, which most tests of the Slack app share."""
    with copy_of(demo_template, postgres_server) as database:
        yield database


@pytest.fixture(scope="session")
def standing_in() -> Iterator[StandIn]:
    with stand_in.running() as slack:
        yield slack


@pytest.fixture(scope="session")
def scripted() -> Iterator[Script]:
    with scripted_model() as script:
        yield script


@pytest.fixture
def slack(standing_in: StandIn) -> Iterator[StandIn]:
    """The stand-in; at the end of a test it must have had nothing to object to."""
    standing_in.faults.clear()
    standing_in.behaviours.clear()
    standing_in.closed_channels.clear()
    standing_in.add(ACME)
    yield standing_in
    assert standing_in.faults == []


def environ(company: Database, slack: StandIn, script: Script, **more: str) -> dict[str, str]:
    """The environment of a service that answers in the stand-in's workspace."""
    return {
        "NLQ_READER_URL": company.reader_url,
        "NLQ_WRITER_URL": company.writer_url,
        "NLQ_MODEL": "scripted",
        "OPENAI_BASE_URL": script.base_url,
        "NLQ_TIMEZONE": "UTC",
        "NLQ_QUESTIONS_PER_MINUTE": "100000",
        "NLQ_PUBLIC_URL": "https://kpis.example.com",
        "NLQ_SLACK_API_URL": slack.api_url,
        "NLQ_SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "NLQ_SLACK_APP_TOKEN": slack.app_token,
        **({} if "NLQ_SLACK_CLIENT_ID" in more else {"NLQ_SLACK_BOT_TOKEN": ACME.token}),
        **more,
    }


def wait(found: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `found` gives once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


@dataclass
class Running:
    """The app with the service behind it, reached over HTTP."""

    service: Service
    slack_app: SlackApp
    url: str


Serve = Callable[..., Running]


@pytest.fixture(scope="session")
def serve_with(company: Database, standing_in: StandIn, scripted: Script) -> Iterator[Serve]:
    """Starts the Flask application with the Slack app in it, with any further settings."""
    ends: list[Callable[[], object]] = []

    def start(**more: str) -> Running:
        standing_in.add(ACME)
        settings = settings_module.load(environ(company, standing_in, scripted, **more))
        service = build(settings, fixed(TODAY))
        app = create_app(service)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        slack_app: SlackApp = app.extensions[SLACK_EXTENSION]
        ends.extend([server.shutdown, lambda: slack_app.stop(1.0)])
        return Running(service, slack_app, f"http://127.0.0.1:{server.server_port}")

    yield start
    for end in ends:
        end()


@pytest.fixture(scope="session")
def over_http(serve_with: Serve) -> Running:
    return serve_with()


@pytest.fixture(scope="session")
def over_socket(over_http: Running, standing_in: StandIn) -> Iterator[SlackApp]:
    slack_app = build_slack(over_http.service)
    handler = SocketModeHandler(slack_app.bolt, standing_in.app_token)
    handler.connect()  # type: ignore[no-untyped-call]
    wait(lambda: standing_in.connections)
    slack_app.start()
    yield slack_app
    handler.close()  # type: ignore[no-untyped-call]
    slack_app.stop(1.0)


@pytest.fixture(params=["http", "socket"])
def front(request: pytest.FixtureRequest, over_http: Running, slack: StandIn) -> Front:
    """The app, once over HTTP and once over Socket Mode."""
    if request.param == "http":
        return Http(over_http.url)
    request.getfixturevalue("over_socket")
    return Socket(slack, wait)


@pytest.fixture
def http(over_http: Running, slack: StandIn) -> Http:
    return Http(over_http.url)


@pytest.fixture
def channel() -> str:
    """A channel that no other test uses."""
    return next(_channels)


@pytest.fixture
def history(over_http: Running) -> Callable[..., list[HistoryEntry]]:
    """The questions that were asked in a channel, oldest first."""

    def asked(channel: str) -> list[HistoryEntry]:
        page = over_http.service.history.page(Filters(channel="slack"), limit=200)
        return [entry for entry in reversed(page.entries) if entry.slack_channel == channel]

    return asked
