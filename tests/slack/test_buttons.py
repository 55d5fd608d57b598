"""The buttons and menus under an answer, in both modes."""

import csv
import io
from typing import Any

import pytest

from nlq import pipeline
from nlq.catalog import Catalog
from nlq.endings import Ending, which_kpi
from nlq.feedback import Verdict
from nlq.question import Question
from tests.slack import payloads
from tests.slack.conftest import Running, wait
from tests.slack.fronts import Front, Http
from tests.slack.stand_in import StandIn
from tests.slack.test_ways_in import QUESTION, TEAM, History, answer_in, shown

Json = dict[str, Any]


def ask(front: Front, slack: StandIn, channel: str, text: str = QUESTION, user: str = "UANN") -> Json:
    """The answer to a mention."""
    ts = slack.next_ts()
    front.event(payloads.message(TEAM, channel, user, f"<@UBOT> {text}", ts, kind="app_mention"))
    return answer_in(slack, channel, ts)


def element(message: Json, name: str) -> Json:
    """A button or menu of a message, by its name."""
    found: Json = next(
        e
        for block in message["blocks"]
        if block["type"] == "actions"
        for e in block["elements"]
        if e["action_id"] == name
    )
    return found


def press(front: Front, channel: str, message: Json, name: str, user: str = "UANN") -> None:
    front.interaction(payloads.press(TEAM, channel, user, message, element(message, name)))


def whispered(slack: StandIn, channel: str) -> Json:
    """What the bot said in a channel to one person alone."""
    found: Json = wait(lambda: [w for w in slack.whispers if w["channel"] == channel])[-1]
    return found


def test_right_is_noted_and_thanked_for(
    front: Front, slack: StandIn, channel: str, history: History, over_http: Running
) -> None:
    answer = ask(front, slack, channel)
    press(front, channel, answer, "right", user="UBEN")
    assert "Thank you" in whispered(slack, channel)["text"]
    (given,) = over_http.service.review.of(history(channel)[0].id)
    assert (given.verdict, given.user, given.approved) == (Verdict.RIGHT, "ben@example.com", False)


def test_wrong_asks_what_would_have_been_right(
    front: Front, slack: StandIn, channel: str, history: History, over_http: Running
) -> None:
    answer = ask(front, slack, channel)
    before = len(slack.modals)
    press(front, channel, answer, "wrong")
    modal = wait(lambda: slack.modals[before:])[0]
    front.interaction(payloads.submission(TEAM, "UANN", modal, {"reason": "By team, please"}))
    assert whispered(slack, channel)["user"] == "UANN"
    (given,) = over_http.service.review.of(history(channel)[0].id)
    assert (given.verdict, given.comment) == (Verdict.WRONG, "By team, please")


def test_the_sql_is_shown_to_the_person_alone(front: Front, slack: StandIn, channel: str) -> None:
    answer = ask(front, slack, channel)
    press(front, channel, answer, "sql", user="UBEN")
    told = whispered(slack, channel)
    assert told["user"] == "UBEN"
    assert "SELECT" in shown(told)


def test_the_rows_come_as_a_csv_file_in_the_thread(front: Front, slack: StandIn, channel: str) -> None:
    answer = ask(front, slack, channel)
    press(front, channel, answer, "csv")
    file = wait(lambda: uploaded(slack, channel, ".csv"))[0]
    assert file["thread_ts"] == answer["thread_ts"]
    rows = list(csv.reader(io.StringIO(file["content"].decode("utf-8-sig"))))
    assert rows[0] == ["region", "revenue"]
    assert len(rows) == 7


def uploaded(slack: StandIn, channel: str, ending: str) -> list[Json]:
    """The files of a kind in a channel."""
    return [f for f in slack.files.values() if f.get("channel_id") == channel and f["name"].endswith(ending)]


@pytest.mark.parametrize(
    ("menu", "picked", "says"), [("period", "last year", "2025"), ("grouping", "team", "by team")]
)
def test_another_period_or_grouping_is_answered_in_the_thread_without_the_model(
    front: Front, slack: StandIn, channel: str, history: History, menu: str, picked: str, says: str
) -> None:
    answer = ask(front, slack, channel)
    select = element(answer, menu)
    option = next(o for o in select["options"] if picked in o["text"]["text"])
    front.interaction(payloads.press(TEAM, channel, "UANN", answer, select, option))
    other = answer_in(slack, channel, answer["thread_ts"], 2)
    assert says in shown(other)
    assert [entry.attempts for entry in history(channel)] == [0, 0]


def test_a_link_opens_the_answer_in_the_browser(
    front: Front, slack: StandIn, channel: str, history: History
) -> None:
    answer = ask(front, slack, channel)
    (entry,) = history(channel)
    page = f"https://kpis.example.com/conversations/{entry.conversation_id}"
    assert element(answer, "browser")["url"] == f"{page}#q{entry.id}"
    press(front, channel, answer, "browser")


def test_a_choice_is_answered_in_place_and_only_once(
    front: Front, slack: StandIn, channel: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks_back(_: object, catalog: Catalog, question: str) -> Ending:
        return which_kpi([kpi.name for kpi in catalog.kpis[:2]], catalog, question)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "unanswerable", asks_back)
        question = ask(front, slack, channel, "Which of both by region last month? " + "please " * 130)
    assert "A question back" in shown(question)
    for _ in range(2):
        press(front, channel, dict(question), "choice_0")
    wait(lambda: "Read as" in shown(question))
    wait(lambda: len(history(channel)) == 2 and history(channel)[1].status == "answered")
    plan = history(channel)[1].plan or {}
    assert (len(plan["kpis"]), plan["by"], plan["periods"][0]["label"]) == (1, ["region"], "October 2026")
    assert len(slack.thread(TEAM, channel, question["thread_ts"])) == 1


def test_a_question_that_failed_can_be_asked_again(
    http: Http, slack: StandIn, channel: str, over_http: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(type(over_http.service.pipeline), "_run", broken)
        failed = ask(http, slack, channel)
        assert "That did not work" in shown(failed)
    press(http, channel, failed, "again")
    wait(lambda: "Read as" in shown(failed))


def test_a_button_leads_to_no_answer_from_elsewhere(
    front: Front, slack: StandIn, channel: str, over_http: Running
) -> None:
    answer = ask(front, slack, channel)
    elsewhere = over_http.service.pipeline.ask(Question("Revenue in 2025"))
    stolen = {**element(answer, "sql"), "value": str(elsewhere.id)}
    front.interaction(payloads.press(TEAM, channel, "UANN", answer, stolen))
    assert "don't find that answer" in whispered(slack, channel)["text"]
