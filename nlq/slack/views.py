"""The modals: a question about a message, and what is wrong with an answer."""

import json
from collections.abc import Mapping
from typing import Any

from nlq.slack import incoming
from nlq.slack.blocks import WRONG
from nlq.slack.job import Job, Way
from nlq.slack.text import cut, typed

ASK_ABOUT_THIS = "ask_about_this"
QUESTION = "question"

_REASON = "reason"
_MOST_CHARACTERS = 3_000
"""The most that Slack takes in a text field."""

View = dict[str, Any]


def ask_about(body: Mapping[str, Any], max_chars: int) -> View:
    """The modal of the shortcut: the message's text, to be asked as it is or changed."""
    message = body["message"]
    most = min(max_chars, _MOST_CHARACTERS)
    text = cut(typed(message.get("text", ""), ""), most)
    field = {"type": "plain_text_input", "action_id": QUESTION, "multiline": True, "max_length": most}
    where = {
        "channel": body["channel"]["id"],
        "thread": message.get("thread_ts") or message["ts"],
        "message": message["ts"],
    }
    return {
        **_modal(ASK_ABOUT_THIS, "Ask about this", "Ask", where),
        "blocks": [
            {
                "type": "input",
                "block_id": QUESTION,
                "label": _plain("Your question"),
                "element": field | ({"initial_value": text} if text else {}),
                "hint": _plain("The answer comes in the thread of the message."),
            }
        ],
    }


def asked(body: Mapping[str, Any]) -> Job:
    """The job of that modal once it is sent."""
    view = body["view"]
    where = json.loads(view["private_metadata"])
    return Job(
        key=f"view/{view['id']}",
        way=Way.SHORTCUT,
        team=body["team"]["id"],
        enterprise=(body.get("enterprise") or {}).get("id"),
        asker=body["user"]["id"],
        channel=where["channel"],
        thread=where["thread"],
        text=_value(view, QUESTION),
    )


def what_is_wrong(body: Mapping[str, Any]) -> View:
    """The modal in which a person says what is wrong with an answer."""
    query_id = int(body["actions"][0]["value"])
    job = incoming.from_button(body, Way.WRONG, query_id=query_id)
    field = {"type": "plain_text_input", "action_id": _REASON, "multiline": True, "max_length": 2_000}
    return {
        **_modal(WRONG, "What is wrong?", "Send", job.as_json()),
        "blocks": [
            {
                "type": "input",
                "block_id": _REASON,
                "optional": True,
                "label": _plain("What would have been right?"),
                "element": field,
                "hint": _plain("Whoever reviews the answers reads this, and can correct what is answered."),
            }
        ],
    }


def judged(body: Mapping[str, Any]) -> Job:
    """The job of that modal once it is sent."""
    view = body["view"]
    stored = json.loads(view["private_metadata"])
    return Job.from_json({**stored, "key": f"view/{view['id']}", "text": _value(view, _REASON)})


def _modal(callback: str, title: str, submit: str, carried: Mapping[str, Any]) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(carried),
    }


def _value(view: Mapping[str, Any], name: str) -> str:
    return (view["state"]["values"][name][name].get("value") or "").strip()


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
