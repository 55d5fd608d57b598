"""What Slack would say about blocks: its documented schema and limits, and the validators of its own SDK."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

DATA = Path(__file__).parent / "data"

_SCHEMA = json.loads((DATA / "block_kit.schema.json").read_text())
_TABLE_CHARACTERS = 10_000
_ALL_CHARACTERS = 13_000
"""From about here on Slack says `msg_blocks_too_long` (slackapi/bolt-js, issue 2509)."""


def faults(kind: str, value: Any) -> list[str]:
    """What is wrong with a `message` (its blocks), a `home` or a `modal`; nothing if Slack would take it."""
    schema = {**_SCHEMA, "$ref": f"#/definitions/{kind}"}
    found = [
        f"{'/'.join(map(str, e.path))}: {e.message[:300]}" for e in Draft7Validator(schema).iter_errors(value)
    ]
    blocks = value if kind == "message" else value.get("blocks", [])
    return found or [*_of_sdk(blocks), *_of_tables(blocks), *_of_ids(blocks), *_of_length(blocks)]


def texts(value: Any) -> Iterator[str]:
    """Every text that is shown in blocks."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _of_sdk(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        try:
            parsed = Block.parse(block)
            assert parsed is not None
            parsed.validate_json()
        except SlackObjectFormationError as error:
            yield f"{block['type']}: {error}"


def _of_tables(blocks: list[dict[str, Any]]) -> Iterator[str]:
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > 1:
        yield "only_one_table_allowed"
    for table in tables:
        if len({len(row) for row in table["rows"]}) != 1:
            yield "table: rows of different lengths"
        if sum(len(cell["text"]) for row in table["rows"] for cell in row) > _TABLE_CHARACTERS:
            yield "table: more than 10,000 characters"


def _of_ids(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        ids = Counter(e.get("action_id") for e in block.get("elements", ()) if "action_id" in e)
        yield from (f"{one} stands twice" for one, times in ids.items() if times > 1)


def _of_length(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if sum(map(len, texts(blocks))) > _ALL_CHARACTERS:
        yield "msg_blocks_too_long"
