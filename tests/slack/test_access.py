"""Rows by scope in Slack: people and channels see what the access file gives them, in every button too."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from nlq import settings as settings_module
from nlq.clock import fixed
from nlq.service import build
from nlq.web import create_app
from nlq.web.slack import SLACK_EXTENSION
from schema import migrate
from tests.catalogs import TODAY
from tests.conftest import ROLES
from tests.postgres import Database
from tests.scripted import Script
from tests.slack import payloads
from tests.slack.conftest import environ, wait
from tests.slack.fronts import Http
from tests.slack.stand_in import StandIn
from tests.slack.test_buttons import ask, element, uploaded
from tests.slack.test_ways_in import QUESTION, TEAM, answer_in, shown

ACCESS = """
scopes:
  europe: {regions: [EMEA]}
users:
  ann@example.com: all
  ben@example.com: europe
channels:
  C0EUROPE: europe
"""


@pytest.fixture
def limited(demo: Database, slack: StandIn, scripted: Script, tmp_path: Path) -> Iterator[Http]:
    """The app with an access file."""
    file = tmp_path / "access.yml"
    file.write_text(ACCESS)
    migrate.upgrade(demo.owner_url, ROLES, filter_rows=True)
    settings = settings_module.load(environ(demo, slack, scripted, NLQ_ACCESS=str(file)))
    app = create_app(build(settings, fixed(TODAY)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Http(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    app.extensions[SLACK_EXTENSION].stop(5.0)


def table(message: dict[str, Any]) -> int:
    """How many rows a message shows."""
    return sum(len(block["rows"]) - 1 for block in message["blocks"] if block["type"] == "table")


def test_people_and_channels_see_their_rows_in_answers_files_and_menus(
    limited: Http, slack: StandIn, channel: str
) -> None:
    everything = ask(limited, slack, channel, QUESTION, user="UANN")
    assert table(everything) == 6
    assert "DACH" not in shown(ask(limited, slack, channel, QUESTION, user="UBEN"))
    assert "DACH" not in shown(ask(limited, slack, "C0EUROPE", QUESTION, user="UANN"))
    press = payloads.press(TEAM, channel, "UBEN", everything, element(everything, "csv"))
    limited.interaction(press)
    (file,) = wait(lambda: uploaded(slack, channel, ".csv"))
    assert b"EMEA" in file["content"]
    assert b"DACH" not in file["content"]
    menu = element(everything, "period")
    limited.interaction(payloads.press(TEAM, channel, "UBEN", everything, menu, menu["options"][0]))
    assert "DACH" not in shown(answer_in(slack, channel, everything["thread_ts"], 2))
