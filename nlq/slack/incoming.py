"""Turns what Slack sends into jobs: payloads in, jobs out, None where nobody asks anything of us."""

from collections.abc import Mapping
from typing import Any

from nlq.slack.job import Job, Way
from nlq.slack.text import mentions, mentions_others, typed

Payload = Mapping[str, Any]

CHANGES = ("message_changed", "message_deleted")
"""Subtypes of messages that tell of a change to an earlier one."""

_CHANGE_KEYS = {Way.EDIT: "edit", Way.DELETION: "delete"}
_WITH_A_QUESTION = {None, "file_share", "thread_broadcast"}
"""Subtypes of messages that a person wrote; others tell of joins, edits and the like."""


def from_message(body: Payload, way: Way, bot_user: str) -> Job | None:
    """The job of an event about a new message."""
    event = body["event"]
    text = typed(event.get("text", ""), bot_user)
    written_by_person = (
        event.get("user") and not event.get("bot_id") and event.get("subtype") in _WITH_A_QUESTION
    )
    if not (written_by_person and text):
        return None
    return Job(
        key=f"{body['team_id']}/{event['channel']}/{event['ts']}",
        way=way,
        team=body["team_id"],
        enterprise=body.get("enterprise_id"),
        asker=event["user"],
        asker_team=event.get("user_team") or event.get("source_team") or event.get("team"),
        channel=event["channel"],
        message=event["ts"],
        thread=event.get("thread_ts"),
        text=text,
    )


def is_follow_up(event: Payload, bot_user: str) -> bool:
    """Whether a message in a channel may carry on a thread: a reply that speaks to nobody else."""
    text = event.get("text", "")
    is_reply = "thread_ts" in event and event["thread_ts"] != event.get("ts")
    return is_reply and not mentions(text, bot_user) and not mentions_others(text, bot_user)


def from_command(body: Payload) -> Job:
    """The job of a slash command."""
    return Job(
        key=f"command/{body['team_id']}/{body['trigger_id']}",
        way=Way.COMMAND,
        team=body["team_id"],
        enterprise=body.get("enterprise_id"),
        asker=body["user_id"],
        channel=body["channel_id"],
        text=typed(body.get("text", ""), ""),
        response_url=body.get("response_url"),
    )


def from_button(body: Payload, way: Way, *, key: str | None = None, **more: Any) -> Job:
    """The job of a button or menu under a message of ours, or in App Home; `key` where one pick is enough."""
    action = body["actions"][0]
    container = body.get("container", {})
    message = body.get("message", {})
    where = {"channel": container.get("channel_id"), "thread": message.get("thread_ts") or message.get("ts")}
    return Job(
        key=key or f"action/{body['team']['id']}/{body['user']['id']}/{action['action_ts']}",
        way=way,
        team=body["team"]["id"],
        enterprise=(body.get("enterprise") or {}).get("id"),
        asker=body["user"]["id"],
        asker_team=body["user"].get("team_id"),
        response_url=body.get("response_url"),
        **{**where, **more},
    )


def from_change(body: Payload, way: Way, message: str, asker: str | None, **more: Any) -> Job:
    """The job of an event that tells of a change to `message`, a question of `asker`."""
    return Job(
        key=f"{_CHANGE_KEYS[way]}/{body['event_id']}",
        way=way,
        team=body["team_id"],
        enterprise=body.get("enterprise_id"),
        asker=asker or "",
        channel=body["event"]["channel"],
        message=message,
        **more,
    )


def from_deletion(body: Payload) -> str | None:
    """Timestamp of a message that a person deleted; None for any other change.

    A message with replies leaves a tombstone behind.
    """
    event = body["event"]
    if event.get("subtype") == "message_deleted":
        deleted: str | None = event.get("deleted_ts")
        return deleted
    message = event.get("message", {})
    return message.get("ts") if message.get("subtype") == "tombstone" else None


def from_edit(body: Payload, bot_user: str) -> tuple[str, str] | None:
    """Timestamp and new text of a message whose text a person changed; None for any other change."""
    event = body["event"]
    new, old = event.get("message", {}), event.get("previous_message", {})
    if event.get("subtype") != "message_changed" or new.get("bot_id") or new.get("text") == old.get("text"):
        return None
    return new["ts"], typed(new.get("text", ""), bot_user)
