"""Every way to ask in Slack, in both modes: what a person does, and what they see."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from nlq.history_list import HistoryEntry
from tests.slack import payloads
from tests.slack.block_kit import texts
from tests.slack.conftest import Running, wait
from tests.slack.fronts import Front
from tests.slack.stand_in import StandIn

Json = dict[str, Any]
History = Callable[..., list[HistoryEntry]]

QUESTION = "Revenue by region last month"
TEAM = "T0ACME"


def answer_in(slack: StandIn, channel: str, ts: str, number: int = 1) -> Json:
    """The `number`th answer in a thread, once it is there."""
    thread: list[Json] = wait(lambda: len(found := slack.thread(TEAM, channel, ts)) >= number and found)
    return thread[number - 1]


def shown(message: Json) -> str:
    """All that a message shows."""
    return "\n".join(texts(message["blocks"]))


def test_a_mention_is_answered_in_its_thread_with_table_reading_and_buttons(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    answer = answer_in(slack, channel, ts)
    assert [block["type"] for block in answer["blocks"]] == [
        *("rich_text", "table", "context", "actions", "actions")
    ]
    assert answer["blocks"][0]["elements"][0]["elements"][0] == {"type": "user", "user_id": "UANN"}
    table = answer["blocks"][1]
    assert [cell["text"] for cell in table["rows"][0]] == ["region", "revenue"]
    assert len(table["rows"]) == 7
    assert "Read as: Total of Revenue" in shown(answer)
    (entry,) = history(channel)
    assert (entry.question, entry.channel, entry.user) == (QUESTION, "slack", "ann@example.com")
    assert (entry.slack_team, entry.slack_thread) == (TEAM, ts)
    assert entry.permalink == f"https://t0acme.slack.com/archives/{channel}/p{ts.replace('.', '')}"


def test_progress_is_shown_while_it_is_worked_on(front: Front, slack: StandIn, channel: str) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    answer_in(slack, channel, ts)
    shown = [c.arguments for c in slack.called("assistant.threads.setStatus")]
    assert {"channel_id": channel, "thread_ts": ts, "status": "is reading the question…"} in shown


def test_where_slack_has_no_status_a_message_shows_the_progress_and_becomes_the_answer(
    front: Front, slack: StandIn, channel: str
) -> None:
    slack.fail("assistant.threads.setStatus", "not_allowed_token_type", times=9)
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    wait(lambda: any("Read as" in shown(m) for m in slack.thread(TEAM, channel, ts) if m.get("blocks")))
    assert len(slack.thread(TEAM, channel, ts)) == 1


def test_a_direct_message_is_answered_without_naming_the_person(front: Front, slack: StandIn) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, "DANN", "UANN", QUESTION, ts))
    answer = answer_in(slack, "DANN", ts)
    assert not any(e["type"] == "user" for e in answer["blocks"][0]["elements"][0]["elements"])


def test_a_message_in_the_assistant_pane_is_answered(front: Front, slack: StandIn) -> None:
    root, ts = slack.next_ts(), slack.next_ts()
    front.event(payloads.message(TEAM, "DANN", "UANN", QUESTION, ts, thread_ts=root))
    assert "Total of Revenue" in shown(answer_in(slack, "DANN", root))


def test_the_assistant_pane_suggests_questions(front: Front, slack: StandIn) -> None:
    thread = {"user_id": "UANN", "context": {}, "channel_id": "DANN", "thread_ts": slack.next_ts()}
    before = len(slack.called("assistant.threads.setSuggestedPrompts"))
    front.event(payloads.event(TEAM, {"type": "assistant_thread_started", "assistant_thread": thread}))
    calls = wait(lambda: slack.called("assistant.threads.setSuggestedPrompts")[before:])
    assert len(calls[0].arguments["prompts"]) == 4


def test_the_command_asks_in_the_channel_and_is_answered_in_a_thread(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    said = front.command(payloads.command(TEAM, channel, "UANN", QUESTION, f"{slack.url}/respond/ann"))
    assert said == {"text": "I'm on it…"}
    root = wait(lambda: slack.messages[TEAM, channel])[0]
    assert QUESTION in shown(root)
    assert "Total of Revenue" in shown(answer_in(slack, channel, root["ts"]))
    assert history(channel)[0].slack_thread == root["ts"]


def test_the_command_in_a_channel_without_the_bot_is_answered_for_the_person_alone(
    front: Front, slack: StandIn, channel: str
) -> None:
    slack.closed_channels.add(channel)
    front.command(payloads.command(TEAM, channel, "UANN", QUESTION, f"{slack.url}/respond/{channel}"))
    answer = wait(lambda: [r for r in slack.responses if r["to"] == channel])[0]
    assert answer["response_type"] == "ephemeral"
    assert "Total of Revenue" in shown(answer)


def test_the_command_alone_says_what_can_be_asked(front: Front, slack: StandIn, channel: str) -> None:
    said = front.command(payloads.command(TEAM, channel, "UANN", "", f"{slack.url}/respond/x"))
    assert said["text"].startswith("Ask me about KPIs, for example:\n• ")


def test_the_shortcut_asks_about_a_message_in_its_thread(front: Front, slack: StandIn, channel: str) -> None:
    message = {"type": "message", "user": "UBEN", "text": f"{QUESTION} &amp; more?", "ts": slack.next_ts()}
    before = len(slack.modals)
    front.interaction(payloads.shortcut(TEAM, channel, "UANN", message))
    modal = wait(lambda: slack.modals[before:])[0]
    assert modal["blocks"][0]["element"]["initial_value"] == f"{QUESTION} & more?"
    front.interaction(payloads.submission(TEAM, "UANN", modal, {"question": QUESTION}))
    assert "Total of Revenue" in shown(answer_in(slack, channel, message["ts"]))


def test_app_home_shows_examples_and_the_persons_last_questions(front: Front, slack: StandIn) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, "DBEN", "UBEN", "New customers in 2025", ts))
    answer_in(slack, "DBEN", ts)
    slack.homes.clear()
    front.event(payloads.event(TEAM, {"type": "app_home_opened", "user": "UBEN", "tab": "home"}))
    home = wait(lambda: slack.homes.get((TEAM, "UBEN")))
    assert "New customers in 2025" in "\n".join(texts(home["blocks"]))
    assert QUESTION not in "\n".join(texts(home["blocks"]))


def test_an_example_in_app_home_is_answered_in_a_direct_message(front: Front, slack: StandIn) -> None:
    front.event(payloads.event(TEAM, {"type": "app_home_opened", "user": "UANN", "tab": "home"}))
    home = wait(lambda: slack.homes.get((TEAM, "UANN")))
    button = next(b for b in home["blocks"] if b["type"] == "actions")["elements"][0]
    before = len(slack.messages[TEAM, "DANN"])
    front.interaction(payloads.press_in_home(TEAM, "UANN", button))
    wait(lambda: len(slack.messages[TEAM, "DANN"]) == before + 2)
    asked, answer = slack.messages[TEAM, "DANN"][before:]
    assert button["value"] in shown(asked)
    assert answer["thread_ts"] == asked["ts"]


@pytest.mark.parametrize("place", ["#q{id}", "", "?x=1"])
def test_a_link_to_an_answer_shows_what_it_is(
    front: Front, slack: StandIn, channel: str, history: History, place: str
) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    answer_in(slack, channel, ts)
    entry = history(channel)[0]
    page = f"https://kpis.example.com/conversations/{entry.conversation_id}"
    url = f"{page}{place.format(id=entry.id)}"
    link = {"domain": "kpis.example.com", "url": url}
    event = {"type": "link_shared", "channel": channel, "user": "UANN", "message_ts": ts, "links": [link]}
    front.event(payloads.event(TEAM, event))
    call = wait(lambda: [c for c in slack.called("chat.unfurl") if c.arguments["channel"] == channel])[0]
    assert QUESTION in "\n".join(texts(call.arguments["unfurls"][url]["blocks"]))


def test_a_link_shows_nothing_in_another_channel(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    answer_in(slack, channel, ts)
    page = f"https://kpis.example.com/conversations/{history(channel)[0].conversation_id}"
    links = [{"domain": "kpis.example.com", "url": url} for url in (page, f"{page}x")]
    event = {"type": "link_shared", "user": "UANN", "message_ts": ts, "links": links}
    front.event(payloads.event(TEAM, {**event, "channel": f"{channel}X"}))
    front.event(payloads.event(TEAM, {**event, "channel": channel}))
    wait(lambda: [c for c in slack.called("chat.unfurl") if c.arguments["channel"] == channel])
    assert not [c for c in slack.called("chat.unfurl") if c.arguments["channel"] == f"{channel}X"]


def test_the_review_pages_lead_back_to_the_message(
    front: Front, slack: StandIn, channel: str, history: History, over_http: Running
) -> None:
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention"))
    answer_in(slack, channel, ts)
    (entry,) = history(channel)
    for address in ("/history?channel=slack", f"/history/{entry.id}"):
        page = httpx.get(f"{over_http.url}{address}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert f'href="{entry.permalink}"' in page.text
        assert "ann@example.com" in page.text
