"""Several workspaces: each installs the app, and none sees anything of another."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from cryptography.fernet import Fernet

from nlq.errors import SettingsError
from nlq.settings import load
from nlq.slack.workspaces import Installations, ciphers
from tests.postgres import Database
from tests.slack import payloads
from tests.slack.block_kit import texts
from tests.slack.conftest import Running, Serve, wait
from tests.slack.fronts import Http
from tests.slack.stand_in import StandIn, Team, user

Json = dict[str, Any]

KEY = Fernet.generate_key().decode()
EAST = Team("T0EAST", "xoxb-east", "UBOTE", "BBOTE", {"UEVA": user("eva")})
WEST = Team("T0WEST", "xoxb-west", "UBOTW", "BBOTW", {"UWIM": user("wim")})
STRANGER = Team("T0STRANGER", "xoxb-stranger", "UBOTS", "BBOTS", {"USUE": user("sue")})


@pytest.fixture(scope="module")
def several(serve_with: Serve) -> Iterator[Running]:
    """The app as workspaces install it themselves."""
    running = serve_with(
        NLQ_SLACK_CLIENT_ID="1.2",
        NLQ_SLACK_CLIENT_SECRET="client secret",
        NLQ_SLACK_ENCRYPTION_KEY=KEY,
        NLQ_SLACK_WORKSPACES="T0EAST,T0WEST",
    )
    yield running
    running.slack_app.stop(5.0)


@pytest.fixture
def browser(several: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=several.url) as client:
        yield client


def install(browser: httpx.Client, slack: StandIn, team: Team) -> httpx.Response:
    """What a person does: open the page, agree at Slack, come back with a code."""
    to_slack = browser.get("/slack/install")
    assert to_slack.status_code == 302
    asked = parse_qs(urlsplit(to_slack.headers["Location"]).query)
    assert asked["redirect_uri"] == ["https://kpis.example.com/slack/oauth_redirect"]
    slack.codes[f"code-{team.id}"] = team
    # the cookie is for HTTPS, where the tests have none
    cookie = to_slack.headers["Set-Cookie"].split(";")[0]
    return browser.get(
        "/slack/oauth_redirect",
        params={"code": f"code-{team.id}", "state": asked["state"][0]},
        headers={"Cookie": cookie},
    )


def ask(http: Http, slack: StandIn, team: Team, channel: str, text: str, **more: Any) -> Json:
    ts = slack.next_ts()
    person = next(iter(team.users))
    event = payloads.message(team.id, channel, person, f"<@{team.bot_user}> {text}", ts, kind="app_mention")
    http.event({**event, **more})
    thread: list[Json] = wait(lambda: slack.thread(team.id, channel, ts))
    return thread[0]


def test_a_workspace_installs_the_app_and_is_answered_with_its_own_token(
    several: Running, browser: httpx.Client, slack: StandIn, channel: str
) -> None:
    for team in (EAST, WEST):
        done = install(browser, slack, team)
        assert "You can close this page" in done.text
        answer = ask(Http(several.url), slack, team, channel, "Revenue in 2025")
        assert answer["user"] == team.bot_user


def test_tokens_stand_encrypted_in_the_database(
    several: Running, browser: httpx.Client, slack: StandIn, company: Database
) -> None:
    install(browser, slack, EAST)
    with psycopg.connect(company.owner_url) as connection:
        rows = connection.execute("SELECT secret FROM nlq.slack_installations").fetchall()
    assert rows
    assert not any("xoxb" in secret for (secret,) in rows)


def test_a_new_key_takes_over_and_a_lost_one_is_no_installation(
    several: Running, browser: httpx.Client, slack: StandIn
) -> None:
    install(browser, slack, EAST)
    pool, new = several.slack_app.pool, Fernet.generate_key().decode()
    found = Installations(pool, ciphers((new, KEY)), ()).find(None, EAST.id)
    assert found is not None
    assert found.token == EAST.token
    assert Installations(pool, ciphers((new,)), ()).find(None, EAST.id) is None


def test_a_workspace_that_is_not_ours_cannot_install_the_app(
    several: Running, browser: httpx.Client, slack: StandIn, channel: str
) -> None:
    done = install(browser, slack, STRANGER)
    assert done.status_code == 500
    assert "T0STRANGER is not in NLQ_SLACK_WORKSPACES" in done.text
    event = payloads.message(STRANGER.id, channel, "USUE", "Revenue?", slack.next_ts(), kind="app_mention")
    Http(several.url).event(event)
    assert several.slack_app.workers is not None
    assert not slack.messages[STRANGER.id, channel]


@pytest.mark.parametrize(("state", "why"), [("made up", "invalid_browser"), ("", "invalid_browser")])
def test_an_installation_that_nobody_began_here_is_refused(
    browser: httpx.Client, slack: StandIn, state: str, why: str
) -> None:
    slack.codes["stolen"] = EAST
    done = browser.get("/slack/oauth_redirect", params={"code": "stolen", "state": state})
    assert done.status_code == 400
    assert why in done.text
    assert "stolen" in slack.codes


def test_nothing_of_one_workspace_is_visible_in_another(
    several: Running, browser: httpx.Client, slack: StandIn, channel: str
) -> None:
    for team in (EAST, WEST):
        install(browser, slack, team)
    http = Http(several.url)
    secret = ask(http, slack, EAST, channel, "Revenue in EMEA in 2025")
    # the same channel and thread ids in the other workspace are another conversation
    ts = slack.next_ts()
    reply = payloads.message(
        WEST.id,
        channel,
        "UWIM",
        f"<@{WEST.bot_user}> and in APAC?",
        ts,
        kind="app_mention",
        thread_ts=secret["thread_ts"],
    )
    http.event(reply)
    other = wait(lambda: slack.thread(WEST.id, channel, secret["thread_ts"]))[0]
    assert "Read as: Total of Revenue" not in "\n".join(texts(other["blocks"]))
    # a button of the one pressed in the other finds nothing
    button = next(b for b in secret["blocks"] if b["type"] == "actions")["elements"][2]
    http.interaction(payloads.press(WEST.id, channel, "UWIM", {**other, "ts": ts}, button))
    told = wait(lambda: [w for w in slack.whispers if w["team"] == WEST.id])[-1]
    assert "don't find that answer" in told["text"]
    # App Home shows nobody else's questions
    http.event(payloads.event(WEST.id, {"type": "app_home_opened", "user": "UWIM", "tab": "home"}))
    home = wait(lambda: slack.homes.get((WEST.id, "UWIM")))
    assert "EMEA in 2025" not in "\n".join(texts(home["blocks"]))


def test_a_workspace_that_takes_the_app_out_is_forgotten(
    several: Running, browser: httpx.Client, slack: StandIn, channel: str, company: Database
) -> None:
    install(browser, slack, WEST)
    http = Http(several.url)
    http.event(payloads.event(WEST.id, {"type": "app_uninstalled"}))
    with psycopg.connect(company.owner_url) as connection:
        query = "SELECT secret, removed_at IS NOT NULL FROM nlq.slack_installations WHERE team = 'T0WEST'"
        assert connection.execute(query).fetchall() == [(None, True)]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"NLQ_SLACK_CLIENT_ID": "1"}, "NLQ_SLACK_ENCRYPTION_KEY"),
        ({"NLQ_SLACK_ENCRYPTION_KEY": "short"}, "nlq slack key"),
        ({"NLQ_SLACK_BOT_TOKEN": "xoxb", "NLQ_SLACK_WORKSPACES": "T1"}, "either NLQ_SLACK_BOT_TOKEN"),
        ({}, "set NLQ_SLACK_WORKSPACES"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(settings: dict[str, str], says: str) -> None:
    whole = {
        "NLQ_SLACK_CLIENT_ID": "1",
        "NLQ_SLACK_CLIENT_SECRET": "s",
        "NLQ_SLACK_ENCRYPTION_KEY": KEY,
    }
    alone = "NLQ_SLACK_CLIENT_ID" in settings
    with pytest.raises(SettingsError, match=says):
        load({"NLQ_TIMEZONE": "UTC", **({} if alone else whole), **settings})
