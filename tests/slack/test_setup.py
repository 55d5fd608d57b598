"""Setting the Slack app up, as docs/slack.md says: manifest, command line, a bot for another tool."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from flask import Flask
from jsonschema import Draft7Validator
from werkzeug.serving import make_server

from nlq.slack import manifest
from nlq.web import create_app
from tests import stand_in
from tests.command_line import Run
from tests.dependencies import ROOT
from tests.postgres import Database
from tests.scripted import Script
from tests.slack import payloads
from tests.slack.block_kit import DATA
from tests.slack.conftest import environ, wait
from tests.slack.stand_in import StandIn
from tests.slack.test_ways_in import QUESTION, TEAM, answer_in

URL = "https://kpis.example.com"
SCHEMA = json.loads((DATA / "manifest.schema.1.0.0.json").read_text())
OF_METHODS = {
    "assistant.threads.setStatus": "chat:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "chat.postMessage": "chat:write",
    "chat.unfurl": "links:write",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "files.delete": "files:write",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
}
"""The scope that a method needs, as its reference page says."""
OF_EVENTS = {
    "app_mention": "app_mentions:read",
    "assistant_thread_started": "assistant:write",
    "link_shared": "links:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


@pytest.mark.parametrize(
    "arguments", [(), ("--url", URL), ("--url", f"{URL}/", "--name", "Ask", "--command", "/ask")]
)
def test_the_manifest_is_one_by_slacks_own_schema(run: Run, arguments: tuple[str, ...]) -> None:
    made = yaml.safe_load(run("slack", "manifest", *arguments).out)
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(made)] == []
    assert made["settings"]["socket_mode_enabled"] is not bool(arguments)


def test_slacks_schema_does_refuse_what_is_wrong() -> None:
    made = manifest.manifest(URL)
    made["display_information"]["name"] = "x" * 36
    assert list(Draft7Validator(SCHEMA).iter_errors(made))


def test_the_manifest_asks_for_what_the_app_uses_and_no_more() -> None:
    needed = {*OF_METHODS.values(), *OF_EVENTS.values(), "commands", "users:read.email"}
    assert set(manifest.SCOPES) == needed
    assert OF_EVENTS.keys() <= set(manifest.EVENTS)


def test_with_an_address_slack_is_told_where_to_send() -> None:
    made = manifest.manifest(URL)
    assert made["settings"]["event_subscriptions"]["request_url"] == f"{URL}/slack/events"
    assert made["settings"]["interactivity"]["request_url"] == f"{URL}/slack/events"
    assert made["features"]["slash_commands"][0]["url"] == f"{URL}/slack/events"
    assert made["features"]["unfurl_domains"] == ["kpis.example.com"]
    assert made["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--url", "http://kpis.example.com"), "begins with https://"),
        (("--command", "kpi"), "a slash and a word"),
    ],
)
def test_what_slack_would_refuse_is_refused_here(run: Run, arguments: tuple[str, ...], says: str) -> None:
    ended = run("slack", "manifest", *arguments)
    assert ended.status == 2
    assert says in ended.err


def test_a_key_can_be_made(run: Run) -> None:
    assert Fernet(run("slack", "key").out.strip())


def test_without_a_token_one_is_told_where_it_is_found(run: Run) -> None:
    ended = run("slack")
    assert ended.status == 1
    assert ended.err.startswith("Set NLQ_SLACK_APP_TOKEN")


def test_nlq_slack_answers_over_socket_mode_until_it_is_stopped(
    slack: StandIn, company: Database, scripted: Script, channel: str
) -> None:
    connected = len(slack.connections)
    settings = environ(company, slack, scripted)
    with subprocess.Popen(
        [sys.executable, "-c", "from nlq.cli import main; main()", "slack"],
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "Ready: ask in Slack.\n"
            wait(lambda: len(slack.connections) > connected)
            ts = slack.next_ts()
            text = f"<@UBOT> {QUESTION}"
            event = payloads.message(TEAM, channel, "UANN", text, ts, kind="app_mention")
            slack.send_envelope("events_api", event)
            answer_in(slack, channel, ts)
            process.send_signal(signal.SIGTERM)
            assert process.stderr.readline() == "Stopped.\n"
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"NLQ_SLACK_APP_TOKEN": "xapp-wrong"}, "invalid_auth."),
        ({"NLQ_SLACK_API_URL": "http://127.0.0.1:9/api"}, "Connection refused."),
    ],
)
def test_a_wrong_token_and_a_slack_out_of_reach_are_one_sentence(
    slack: StandIn, company: Database, scripted: Script, wrong: dict[str, str], says: str
) -> None:
    settings = environ(company, slack, scripted, **wrong)
    ended = subprocess.run(
        [sys.executable, "-c", "from nlq.cli import main; main()", "slack"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Slack cannot be reached with these tokens: ")
    assert ended.stderr.endswith(f"{says}\n")
    assert ended.stderr.count("\n") == 1


def test_the_bot_of_the_documentation_answers_for_another_tool() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "slack.md").read_text(), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    service = stand_in.service()
    server = make_server("127.0.0.1", 0, create_app(service), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        say = _bot(code, f"http://127.0.0.1:{server.server_port}")
        assert say({"text": "Conversion by region", "thread": "1"}).startswith(stand_in.ANSWERED.text)
        assert "EMEA | 2026-09-01 | 3.42" in say({"text": "and in 2025?", "thread": "1"})
        assert say({"text": "", "thread": "1"}).startswith("The question is empty")
    finally:
        server.shutdown()
    conversations = [question.conversation_id for question in service.pipeline.asked]
    assert conversations == [None, stand_in.CONVERSATION]


def _bot(code: str, address: str) -> Callable[[dict[str, Any]], str]:
    """Sends a message to the bot of the documentation and gives what it replies."""
    space: dict[str, Any] = {"__name__": "bot"}
    code = code.replace("http://127.0.0.1:8000", address)
    exec(compile(code, "docs/slack.md", "exec"), space)  # noqa: S102 - it is our documentation
    bot: Flask = space["app"]
    return lambda message: str(bot.test_client().post("/webhook", json=message).get_json()["text"])
