"""The pieces of Block Kit that we use, each cut to Slack's limits.

Text goes into fields that Slack does not parse (`rich_text`, `raw_text`, `plain_text`), so that nothing in it
mentions anybody or becomes a link. Limits: https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Mapping

from nlq.slack.message import Block
from nlq.slack.text import cut

MOST_CHARACTERS = 2_000
"""Of a paragraph. Slack takes about 13,000 in all blocks of a message."""
_NOTE_CHARACTERS = 700
_HEADER_CHARACTERS = 150
_BUTTON_CHARACTERS = 75
_VALUE_CHARACTERS = 2_000
_PREFORMATTED_CHARACTERS = 9_000
_MOST_OPTIONS = 100
_NOTHING = "-"
"""Stands where a text is empty: Slack refuses empty ones."""


def header(said: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(cut(said, _HEADER_CHARACTERS))}


def paragraph(said: str, to: str | None = None, bold: bool = False) -> Block:
    """A paragraph, addressed to the person with the id `to`."""
    addressed = [{"type": "user", "user_id": to}, text(" ")] if to else []
    return section(*addressed, text(cut(said, MOST_CHARACTERS), bold))


def section(*elements: Block) -> Block:
    """A paragraph of `elements`."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def text(said: str, bold: bool = False) -> Block:
    """A piece of a paragraph."""
    return {"type": "text", "text": said or _NOTHING} | ({"style": {"bold": True}} if bold else {})


def link(url: str, said: str) -> Block:
    """A link as a piece of a paragraph; `url` is one of ours or of Slack's."""
    return {"type": "link", "url": url, "text": said}


def preformatted(said: str) -> Block:
    """Text whose blanks and line breaks stay as they are."""
    element = {"type": "rich_text_preformatted", "elements": [text(cut(said, _PREFORMATTED_CHARACTERS))]}
    return {"type": "rich_text", "elements": [element]}


def note(said: str, most_characters: int = _NOTE_CHARACTERS) -> Block:
    """A small line."""
    return {"type": "context", "elements": [plain(cut(said, most_characters))]}


def actions(*elements: Block) -> Block:
    """Buttons and menus beside each other."""
    return {"type": "actions", "elements": list(elements)}


def button(name: str, label: str, value: str) -> Block:
    """A button whose press comes back under `name` with `value`."""
    shown = plain(cut(label, _BUTTON_CHARACTERS))
    return {"type": "button", "action_id": name, "text": shown, "value": cut(value, _VALUE_CHARACTERS)}


def menu(name: str, placeholder: str, options: Mapping[str, str]) -> Block:
    """A menu; `options` are what is shown, by the value that comes back under `name`."""
    shown = [
        {"text": plain(cut(label, _BUTTON_CHARACTERS)), "value": value} for value, label in options.items()
    ]
    return {
        "type": "static_select",
        "action_id": name,
        "placeholder": plain(placeholder),
        "options": shown[:_MOST_OPTIONS],
    }


def plain(said: str) -> Block:
    """A text that is shown as it is."""
    return {"type": "plain_text", "text": said if said.strip() else _NOTHING, "emoji": False}
