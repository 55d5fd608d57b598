"""Text on its way in from Slack's markup and out into it."""

import html
import re

_MARKUP = re.compile(r"<([^<>]*)>")
_TOO_MANY_BLANKS = re.compile(r"[ \t]{2,}")


def escape(text: str) -> str:
    """`text` for a field that Slack reads as mrkdwn: it mentions nobody and links nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """`text` with at most `limit` characters, the last one an ellipsis where some are missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def typed(text: str, bot_user: str) -> str:
    """What a person typed, from the markup that Slack makes of it; mentions of the bot are left out."""
    without_markup = _MARKUP.sub(lambda found: _spoken(found[1], bot_user), text)
    return _TOO_MANY_BLANKS.sub(" ", html.unescape(without_markup)).strip()


def mentions(text: str, user: str) -> bool:
    """Whether `text`, in Slack's markup, mentions `user`."""
    return any(markup.split("|")[0] == f"@{user}" for markup in _MARKUP.findall(text))


def mentions_others(text: str, user: str) -> bool:
    """Whether `text`, in Slack's markup, mentions anybody but `user`."""
    named = {markup.split("|")[0] for markup in _MARKUP.findall(text)}
    return any(name.startswith(("@", "!")) and name != f"@{user}" for name in named)


def _spoken(markup: str, bot_user: str) -> str:
    target, _, label = markup.partition("|")
    if target.startswith("@"):
        return "" if target == f"@{bot_user}" else label
    if target.startswith(("#", "!")):
        return label
    return label or target
