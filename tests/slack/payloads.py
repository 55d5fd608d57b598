"""What Slack sends, as its documentation shows it: events, commands, presses of buttons, modals."""

import uuid
from typing import Any

Json = dict[str, Any]


def event(team: str, inner: Json, event_id: str | None = None) -> Json:
    """An event of the Events API."""
    return {
        "token": "unused",
        "team_id": team,
        "api_app_id": "A1",
        "event": inner,
        "type": "event_callback",
        "event_id": event_id or f"Ev{uuid.uuid4().hex[:10]}",
        "event_time": 1_790_000_000,
        "authorizations": [{"team_id": team, "user_id": "UBOT", "is_bot": True}],
    }


def message(
    team: str, channel: str, user: str, text: str, ts: str, *, kind: str = "message", **more: Any
) -> Json:
    """An event about a new message; `kind` is `message` or `app_mention`."""
    place = "im" if channel.startswith("D") else "channel"
    inner = {"type": kind, "channel": channel, "user": user, "text": text, "ts": ts, "team": team}
    if kind == "message":
        inner["channel_type"] = place
    return event(team, {**inner, **more})


def edit(team: str, channel: str, user: str, ts: str, old: str, new: str, **more: Any) -> Json:
    """An event about a message whose text was changed."""
    common = {"type": "message", "user": user, "ts": ts, **more}
    inner = {
        "type": "message",
        "subtype": "message_changed",
        "channel": channel,
        "channel_type": "im" if channel.startswith("D") else "channel",
        "message": {**common, "text": new},
        "previous_message": {**common, "text": old},
        "ts": ts,
    }
    return event(team, inner)


def deletion(team: str, channel: str, ts: str) -> Json:
    """An event about a message that was deleted."""
    inner = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": channel,
        "channel_type": "channel",
        "deleted_ts": ts,
        "previous_message": {"type": "message", "ts": ts},
        "ts": ts,
    }
    return event(team, inner)


def command(team: str, channel: str, user: str, text: str, response_url: str) -> Json:
    """A slash command."""
    return {
        "token": "unused",
        "team_id": team,
        "channel_id": channel,
        "user_id": user,
        "command": "/kpi",
        "text": text,
        "response_url": response_url,
        "trigger_id": f"{uuid.uuid4().hex}",
        "api_app_id": "A1",
    }


def press(
    team: str, channel: str, user: str, message: Json, element: Json, option: Json | None = None
) -> Json:
    """A press of a button, or a choice from a menu, under a message of the bot."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": "b1",
        "action_ts": f"{uuid.uuid4().int % 10**10}.000",
    }
    action |= {"selected_option": option} if option else {"value": element["value"]}
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": team},
        "team": {"id": team},
        "api_app_id": "A1",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel},
        "channel": {"id": channel},
        "message": message,
        "trigger_id": uuid.uuid4().hex,
        "actions": [action],
    }


def press_in_home(team: str, user: str, element: Json) -> Json:
    """A press of a button in App Home."""
    pressed = press(team, "", user, {"ts": ""}, element)
    for name in ("container", "channel", "message"):
        pressed.pop(name)
    return {**pressed, "container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "type": "home"}}


def shortcut(team: str, channel: str, user: str, message: Json) -> Json:
    """The message shortcut."""
    return {
        "type": "message_action",
        "callback_id": "ask_about_this",
        "user": {"id": user, "team_id": team},
        "team": {"id": team},
        "channel": {"id": channel},
        "message": message,
        "message_ts": message["ts"],
        "trigger_id": uuid.uuid4().hex,
        "response_url": "",
    }


def submission(team: str, user: str, view: Json, values: dict[str, str]) -> Json:
    """A modal that was sent."""
    state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": team},
        "team": {"id": team},
        "view": {**view, "state": {"values": state}},
    }
