"""The manifest with which the app is made in Slack.

Fields: https://docs.slack.dev/reference/app-manifest
"""

from typing import Any
from urllib.parse import urlsplit

import yaml

from nlq.slack.views import ASK_ABOUT_THIS

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "links:read",
    "links:write",
    "mpim:history",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
"""What the bot may do, each for one of the methods that it calls or events that it gets."""

EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "link_shared",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)

_DESCRIPTION = "Ask about your KPIs in plain words"


def manifest(url: str | None, name: str = "KPIs", command: str = "/kpi") -> dict[str, Any]:
    """The manifest as a JSON object.

    Args:
        url: the service's public address; None makes an app for Socket Mode, which needs none.
        name: what the bot is called.
        command: the slash command.
    """
    events = {"request_url": f"{url}/slack/events"} if url else {}
    made: dict[str, Any] = {
        "display_information": {
            "name": name,
            "description": _DESCRIPTION,
            "background_color": "#1f3a5f",
        },
        "features": _features(url, name, command),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**events, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **events},
            "org_deploy_enabled": False,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": False,
        },
    }
    if url:
        made["oauth_config"]["redirect_urls"] = [f"{url}/slack/oauth_redirect"]
    return made


def as_yaml(made: dict[str, Any]) -> str:
    """A manifest as the text to paste into Slack."""
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)


def _features(url: str | None, name: str, command: str) -> dict[str, Any]:
    where = {"url": f"{url}/slack/events"} if url else {}
    slash = {"command": command, "description": _DESCRIPTION, "usage_hint": "revenue by region last month"}
    shortcut = {
        "name": "Ask about this",
        "type": "message",
        "callback_id": ASK_ABOUT_THIS,
        "description": "Asks the KPI bot what a message asks",
    }
    made: dict[str, Any] = {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name, "always_online": True},
        "assistant_view": {"assistant_description": _DESCRIPTION},
        "shortcuts": [shortcut],
        "slash_commands": [slash | where | {"should_escape": False}],
    }
    if url:
        made["unfurl_domains"] = [urlsplit(url).hostname]
    return made
