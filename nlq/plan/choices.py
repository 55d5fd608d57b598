"""What is left for a model to choose for one question: as JSON schema, as grammar, and back as a plan."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlq.errors import ModelUnavailable
from nlq.plan.draft import Draft

NONE = "none"


@dataclass(frozen=True)
class Choices:
    """For each key that the model is to give, its allowed values; `sql` if it may write SQL instead."""

    keys: Mapping[str, tuple[str, ...]]
    sql: bool = False


@dataclass(frozen=True)
class Reply:
    """What the model chose, or the statement that it wrote."""

    chosen: Mapping[str, str]
    sql: str | None = None


def choices(draft: Draft) -> Choices:
    """What `draft` leaves open: which KPI is meant, or how to say in SQL what no plan can say."""
    if draft.beyond:
        return Choices({}, sql=True)
    return Choices({"kpi": (*draft.kpis, NONE)} if draft.kpis else {})


def schema(choices: Choices) -> dict[str, Any]:
    """The JSON schema of the model's reply (OpenAI's strict subset: every key required, none else)."""
    properties: dict[str, Any] = {
        key: {"type": "string", "enum": list(values)} for key, values in choices.keys.items()
    }
    if choices.sql:
        properties["sql"] = {"type": ["string", "null"], "description": "null if the data cannot say it"}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def grammar(choices: Choices) -> str:
    """The same as a llama.cpp grammar (GBNF) without any white space for the model to spend tokens on."""
    pairs = [
        f'"{_quoted(json.dumps(key))}:" ({" | ".join(_literal(value) for value in values)})'
        for key, values in choices.keys.items()
    ]
    if choices.sql:
        pairs.append(r'"\"sql\":" ("null" | "\"SELECT " ([^"\\\x00-\x1f] | "\\" ["n\\])* "\"")')
    plan = ' "," '.join(pairs)
    return f'root ::= "{{" {plan} "}}"\n'


def parse(content: str, choices: Choices) -> Reply:
    """The model's reply.

    Raises:
        ModelUnavailable: it is not JSON, or chooses what was not offered.
    """
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ModelUnavailable("The reply was not a JSON object.")
    sql = found.get("sql")
    if choices.sql and isinstance(sql, str) and sql.strip():
        return Reply({}, sql.strip())
    for key, values in choices.keys.items():
        if found.get(key) not in values:
            raise ModelUnavailable(f"The reply's {key} was not one of {', '.join(values)}.")
    return Reply({key: found[key] for key in choices.keys})


def _literal(value: str) -> str:
    return f'"{_quoted(json.dumps(value, ensure_ascii=False))}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
