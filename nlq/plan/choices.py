"""What is left for a model to choose for one question: as JSON schema, as grammar, and back as a plan."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nlq.errors import ModelUnavailable
from nlq.plan.draft import Draft
from nlq.plan.model import Calculation, Dimension, Plan

NONE = "none"
_BY = (
    Dimension.TEAM,
    Dimension.DEPARTMENT,
    Dimension.REGION,
    Dimension.COUNTRY,
    Dimension.YEAR,
    Dimension.QUARTER,
    Dimension.MONTH,
    Dimension.WEEK,
)


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
    """What `draft` leaves open."""
    keys: dict[str, tuple[str, ...]] = {}
    if draft.kpis:
        keys["kpi"] = (*draft.kpis, NONE)
    if draft.unread and not draft.plan.by and not draft.kpis:
        keys["by"] = (NONE, *(dim.value for dim in _BY))
    if draft.beyond and draft.plan.calculation is Calculation.NONE:
        keys["calc"] = tuple(calculation.value for calculation in Calculation)
    return Choices(keys, draft.beyond)


def schema(choices: Choices) -> dict[str, Any]:
    """The JSON schema of the model's reply (OpenAI's strict subset: every key required, none else)."""
    properties: dict[str, Any] = {
        key: {"type": "string", "enum": list(values)} for key, values in choices.keys.items()
    }
    if choices.sql:
        properties["sql"] = {"type": ["string", "null"], "description": "null unless no other key can say it"}
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
    plan = ' "," '.join(pairs)
    if not choices.sql:
        return f'root ::= "{{" {plan} "}}"\n'
    statement = r'"{\"sql\":\"SELECT " ([^"\\\x00-\x1f] | "\\" ["n\\])* "\"}"'
    plans = f'"{{" {plan} "}}"' if plan else '"{}"'
    return f"root ::= plan | sql\nplan ::= {plans}\nsql ::= {statement}\n"


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


def applied(plan: Plan, reply: Reply) -> Plan:
    """`plan` with the chosen dimension and calculation; the KPI is the business of `draft`."""
    if (by := reply.chosen.get("by", NONE)) != NONE:
        plan = replace(plan, by=(*plan.by, Dimension(by)))
    if (calculation := reply.chosen.get("calc", NONE)) != NONE and plan.by:
        plan = replace(plan, calculation=Calculation(calculation))
    return plan


def _literal(value: str) -> str:
    return f'"{_quoted(json.dumps(value, ensure_ascii=False))}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
