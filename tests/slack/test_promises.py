"""What holds however a question comes in: once, in order, answered or told why not, and for nobody else."""

import json
from itertools import pairwise
from typing import Any

import pytest

from nlq.errors import DatabaseUnavailable
from nlq.slack.jobs import Jobs
from tests.scripted import Script
from tests.slack import payloads
from tests.slack.conftest import Serve, wait
from tests.slack.fronts import Front, Http
from tests.slack.stand_in import StandIn
from tests.slack.test_buttons import ask, uploaded, whispered
from tests.slack.test_ways_in import QUESTION, TEAM, History, answer_in, shown

Json = dict[str, Any]


def asked(history: History, channel: str) -> list[str]:
    return [entry.question for entry in history(channel)]


def say(front: Front, channel: str, user: str, text: str, ts: str, **more: Any) -> None:
    front.event(payloads.message(TEAM, channel, user, text, ts, **more))


# Once, and in order


def test_an_event_that_slack_sends_five_times_is_one_answer_and_one_question(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ts = slack.next_ts()
    event = payloads.message(TEAM, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention")
    for _ in range(5):
        front.event(event)
    answer_in(slack, channel, ts)
    say(front, channel, "UANN", "<@UBOT> and by team?", later := slack.next_ts(), kind="app_mention")
    answer_in(slack, channel, later)
    assert len(slack.thread(TEAM, channel, ts)) == 1
    assert asked(history, channel).count(QUESTION) == 1


def test_a_mention_that_comes_as_a_message_too_is_one_question(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ts, text = slack.next_ts(), f"<@UBOT> {QUESTION}"
    say(front, channel, "UANN", text, ts, kind="app_mention")
    say(front, channel, "UANN", text, ts)
    answer_in(slack, channel, ts)
    assert asked(history, channel) == [QUESTION]


def test_a_thread_is_one_conversation_and_its_people_are_told_apart(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    root = ask(front, slack, channel, "Revenue in EMEA last month")["thread_ts"]
    say(front, channel, "UANN", "and in APAC?", slack.next_ts(), thread_ts=root)
    text = "<@UBOT> and the month before?"
    say(front, channel, "UBEN", text, slack.next_ts(), thread_ts=root, kind="app_mention")
    assert "APAC" in shown(answer_in(slack, channel, root, 2))
    third = answer_in(slack, channel, root, 3)
    assert "APAC" in shown(third)
    assert third["blocks"][0]["elements"][0]["elements"][0] == {"type": "user", "user_id": "UBEN"}
    entries = history(channel)
    assert len({entry.conversation_id for entry in entries}) == 1
    assert [entry.user for entry in entries] == ["ann@example.com", "ann@example.com", "ben@example.com"]


def test_other_threads_are_other_conversations(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ask(front, slack, channel)
    ask(front, slack, channel)
    assert len({entry.conversation_id for entry in history(channel)}) == 2


@pytest.mark.parametrize(
    ("user", "text"),
    [("UBEN", "Revenue in 2024?"), ("UANN", "<@UBEN> look: revenue in 2024!"), ("UANN", "<!here> revenue?")],
)
def test_people_who_talk_to_each_other_in_a_thread_are_left_alone(
    front: Front, slack: StandIn, channel: str, history: History, user: str, text: str
) -> None:
    root = ask(front, slack, channel)["thread_ts"]
    say(front, channel, user, text, slack.next_ts(), thread_ts=root)
    say(front, channel, "UANN", "Revenue in 2025?", slack.next_ts(), thread_ts=root)
    answer_in(slack, channel, root, 2)
    assert asked(history, channel) == [QUESTION, "Revenue in 2025?"]


@pytest.mark.parametrize("remark", ["Thanks a lot!", ":+1: …"])
def test_a_remark_in_a_thread_gets_no_public_answer(
    front: Front, slack: StandIn, channel: str, remark: str
) -> None:
    root = ask(front, slack, channel)["thread_ts"]
    say(front, channel, "UANN", remark, slack.next_ts(), thread_ts=root)
    assert whispered(slack, channel)["user"] == "UANN"
    assert len(slack.thread(TEAM, channel, root)) == 1


def test_what_bots_write_is_no_question(front: Front, slack: StandIn, channel: str, history: History) -> None:
    text = f"<@UBOT> {QUESTION}"
    say(front, channel, "UOTHER", text, slack.next_ts(), kind="app_mention", bot_id="BOTHER")
    say(front, channel, "UBOT", text, slack.next_ts(), kind="app_mention")
    ask(front, slack, channel, "Revenue in 2025")
    assert asked(history, channel) == ["Revenue in 2025"]


# Edits and deletions


def test_an_edited_question_changes_its_answer(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    answer = ask(front, slack, channel, "Revenue by region in 2025")
    ts = answer["thread_ts"]
    old, new = "<@UBOT> Revenue by region in 2025", "<@UBOT> Revenue by team in 2025"
    front.event(payloads.edit(TEAM, channel, "UANN", ts, old, new))
    wait(lambda: "by team" in shown(answer))
    assert len(slack.thread(TEAM, channel, ts)) == 1
    assert asked(history, channel) == ["Revenue by region in 2025", "Revenue by team in 2025"]
    first, second = wait(lambda: len(found := uploaded(slack, channel, ".png")) == 2 and found)
    assert first.get("deleted")
    assert not second.get("deleted")


def test_an_edit_in_a_direct_message_thread_is_answered_too(front: Front, slack: StandIn) -> None:
    root, ts = slack.next_ts(), slack.next_ts()
    say(front, "DANN", "UANN", "Revenue in 2025", ts, thread_ts=root)
    answer = answer_in(slack, "DANN", root)
    front.event(payloads.edit(TEAM, "DANN", "UANN", ts, "Revenue in 2025", "Revenue in 2024", thread_ts=root))
    wait(lambda: "2024" in shown(answer))


def test_a_preview_that_slack_adds_to_a_message_is_no_edit(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    ts = ask(front, slack, channel)["thread_ts"]
    front.event(payloads.edit(TEAM, channel, "UANN", ts, "same", "same"))
    ask(front, slack, channel, "Revenue in 2025")
    assert asked(history, channel) == [QUESTION, "Revenue in 2025"]


def test_the_answer_goes_with_its_question(front: Front, slack: StandIn, channel: str) -> None:
    ts = ask(front, slack, channel)["thread_ts"]
    front.event(payloads.deletion(TEAM, channel, ts))
    wait(lambda: not slack.thread(TEAM, channel, ts))
    wait(lambda: all(file.get("deleted") for file in uploaded(slack, channel, ".png")))


def test_a_question_that_is_deleted_while_it_is_worked_on_is_not_answered(
    http: Http, slack: StandIn, channel: str, scripted: Script, history: History
) -> None:
    scripted.delay_s = 1.0
    ts = slack.next_ts()
    say(http, channel, "UANN", "<@UBOT> How chuffed were our customers in 2025?", ts, kind="app_mention")
    wait(lambda: history(channel))
    http.event(payloads.deletion(TEAM, channel, ts))
    wait(lambda: history(channel)[0].status != "running")
    scripted.delay_s = 0.0
    ask(http, slack, channel)
    assert not slack.thread(TEAM, channel, ts)


# Answered, or told why not


def test_a_refusal_says_what_can_be_asked(front: Front, slack: StandIn, channel: str) -> None:
    answer = ask(front, slack, channel, "Delete all revenue")
    assert "Not something this data can answer" in shown(answer)


def test_an_error_is_said_in_the_thread(front: Front, slack: StandIn, channel: str) -> None:
    assert "at most 1000" in shown(ask(front, slack, channel, "revenue " * 200))


def test_a_long_table_comes_as_its_first_rows_and_a_file(front: Front, slack: StandIn, channel: str) -> None:
    answer = ask(front, slack, channel, "Revenue by team, region and month in 2025")
    assert "The whole table" in shown(answer)
    (file,) = wait(lambda: uploaded(slack, channel, ".csv"))
    assert len(file["content"].splitlines()) > 100


def test_a_chart_comes_as_a_picture(front: Front, slack: StandIn, channel: str) -> None:
    answer = ask(front, slack, channel, "How did revenue develop by month in 2025?")
    (chart,) = wait(lambda: uploaded(slack, channel, ".png"))
    assert chart["content"].startswith(b"\x89PNG")
    assert chart["thread_ts"] == answer["thread_ts"]
    assert chart["alt_txt"]


def test_slacks_rate_limit_is_waited_for_as_long_as_slack_says(
    http: Http, slack: StandIn, channel: str
) -> None:
    slack.limit("chat.postMessage", times=2, retry_after=1)
    before = len(slack.calls)
    ask(http, slack, channel)
    posts = [c for c in slack.calls[before:] if c.method.startswith("chat.postMessage")]
    assert [c.method for c in posts] == ["chat.postMessage limited"] * 2 + ["chat.postMessage"]
    assert all(later.at - earlier.at >= 1 for earlier, later in pairwise(posts))


def test_slow_answers_of_slack_do_not_hold_up_the_acknowledgement(
    front: Front, slack: StandIn, channel: str
) -> None:
    for method in ("chat.getPermalink", "assistant.threads.setStatus"):
        slack.delay(method, 3.5)
    ask(front, slack, channel)


def test_an_answer_that_slack_refuses_is_told(front: Front, slack: StandIn, channel: str) -> None:
    slack.fail("chat.postMessage", "invalid_blocks")
    ts = slack.next_ts()
    say(front, channel, "UANN", f"<@UBOT> {QUESTION}", ts, kind="app_mention")
    assert "Slack did not take my answer" in whispered(slack, channel)["text"]


def test_a_file_that_slack_refuses_is_named_in_the_thread(front: Front, slack: StandIn, channel: str) -> None:
    slack.fail("files.getUploadURLExternal", "missing_scope")
    ts = ask(front, slack, channel)["thread_ts"]
    assert "did not take the file chart-" in answer_in(slack, channel, ts, 2)["text"]


def test_what_cannot_be_written_down_is_not_acknowledged_and_taken_when_slack_tries_again(
    http: Http, slack: StandIn, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> bool:
        raise DatabaseUnavailable("The database cannot be reached.")

    ts = slack.next_ts()
    text = f"<@UBOT> {QUESTION}"
    event = payloads.message(TEAM, channel, "UANN", text, ts, kind="app_mention")
    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "accept", unavailable)
        assert http.send(json.dumps(event), "application/json").status_code == 500
        said = http.command(payloads.command(TEAM, channel, "UANN", QUESTION, f"{slack.url}/respond/x"))
        assert said == {"text": "The database cannot be reached."}
    http.event(event)
    answer_in(slack, channel, ts)


def test_where_the_bot_may_not_write_the_answer_comes_directly(
    front: Front, slack: StandIn, channel: str
) -> None:
    slack.closed_channels.add(channel)
    before = len(slack.messages[TEAM, "DANN"])
    say(front, channel, "UANN", f"<@UBOT> {QUESTION}", slack.next_ts(), kind="app_mention")
    wait(lambda: len(slack.messages[TEAM, "DANN"]) == before + 2)
    assert "Read as" in shown(slack.messages[TEAM, "DANN"][-1])


# Nobody else


@pytest.mark.parametrize(
    ("user", "more", "why"),
    [
        ("UGUEST", {}, "I don't answer guests"),
        ("USTRANGER", {"user_team": "T0OTHER"}, "only answer people of this workspace"),
        ("UNOBODY", {}, "does not tell me who you are"),
    ],
)
def test_outsiders_are_told_that_they_may_not_ask(
    front: Front, slack: StandIn, channel: str, history: History, user: str, more: Json, why: str
) -> None:
    say(front, channel, user, f"<@UBOT> {QUESTION}", slack.next_ts(), kind="app_mention", **more)
    told = whispered(slack, channel)
    assert told["user"] == user
    assert why in told["text"]
    assert asked(history, channel) == []


def test_channels_and_user_groups_decide_who_may_ask(
    serve_with: Serve, slack: StandIn, channel: str, history: History
) -> None:
    limited = serve_with(NLQ_SLACK_CHANNELS=f"{channel} dm", NLQ_SLACK_USER_GROUPS="SANALYSTS")
    front = Http(limited.url)
    try:
        limited.slack_app.workers.wake()
        ask(front, slack, channel)
    finally:
        limited.slack_app.stop(5.0)
    assert asked(history, channel) == [QUESTION]


def test_text_mentions_nobody_and_links_nowhere(front: Front, slack: StandIn, channel: str) -> None:
    said = "<!channel> <@UBEN> <https://evil.example|revenue> &lt;!here&gt; in 2025"
    answer = ask(front, slack, channel, f"Delete {said}")
    parsed = json.dumps([answer.get("text"), *_mrkdwn(answer["blocks"])])
    assert "<" not in parsed


def _mrkdwn(value: Any) -> list[str]:
    """The texts of blocks that Slack reads as mrkdwn."""
    if isinstance(value, list):
        return [text for item in value for text in _mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [text for item in value.values() for text in _mrkdwn(item)]


def test_a_question_with_replies_that_is_deleted_leaves_a_tombstone_and_no_answer(
    front: Front, slack: StandIn, channel: str
) -> None:
    ts = ask(front, slack, channel)["thread_ts"]
    changed = payloads.edit(TEAM, channel, "USLACKBOT", ts, QUESTION, "This message was deleted.")
    changed["event"]["message"]["subtype"] = "tombstone"
    front.event(changed)
    wait(lambda: not slack.thread(TEAM, channel, ts))
