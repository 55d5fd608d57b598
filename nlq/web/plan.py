"""`POST /api/v1/plan` runs a plan with edits made, `POST /api/v1/plan/chips` says what could be edited."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from nlq.errors import InvalidPlan
from nlq.plan.check import read, unknown_names
from nlq.plan.chips import Chip, chips
from nlq.plan.edit import Edit, edited
from nlq.plan.model import Plan
from nlq.web import identity
from nlq.web.answering import respond
from nlq.web.body import asked_from, conversation_id, json_object, only_fields
from nlq.web.ports import service
from nlq.web.visibility import visible_catalog

blueprint = Blueprint("plan", __name__)

_EXAMPLE = '{"plan": {...}, "edits": [{"slot": "only.region", "values": ["..."]}]}'
_MOST_EDITS = 50


@blueprint.post("/api/v1/plan")
def run() -> ResponseReturnValue:
    """Answer with the plan of the request, its edits made."""
    body = json_object(request, _EXAMPLE)
    only_fields(body, "plan", "edits", "conversation_id")
    plan = edit(_plan(body), _edits(body.get("edits", [])))
    question = identity.question("", conversation_id(body.get("conversation_id")), asked_from(request))
    return respond(request, partial(service().pipeline.run_plan, plan, question))


@blueprint.post("/api/v1/plan/chips")
def parts() -> ResponseReturnValue:
    """The parts of the plan of the request, and what could stand there instead."""
    body = json_object(request, '{"plan": {...}}')
    only_fields(body, "plan")
    return jsonify({"chips": [_chip(found) for found in chips_of(_plan(body))]})


def chips_of(plan: Plan) -> tuple[Chip, ...]:
    """The chips of `plan`, whose names must be in the catalogue.

    Raises:
        InvalidPlan: they are not.
    """
    catalog = visible_catalog()
    if unknown := unknown_names(plan, catalog):
        raise InvalidPlan(" ".join(unknown))
    return chips(plan, catalog, service().pipeline.calendar())


def edit(plan: Plan, edits: list[Edit]) -> Plan:
    """`plan` with `edits` made, to names that who asks may see.

    Raises:
        InvalidPlan: one of them does not fit.
    """
    try:
        return edited(plan, edits, visible_catalog())
    except ValueError as error:
        raise InvalidPlan(f"The plan cannot be edited so: {error}.") from error


def stored_plan(stored: dict[str, Any]) -> Plan:
    """The plan that `stored` says.

    Raises:
        InvalidPlan: it is none.
    """
    try:
        return read(stored)
    except ValueError as error:
        raise InvalidPlan(f"The plan cannot be used: {error}.") from error


def _plan(body: dict[str, Any]) -> Plan:
    if not isinstance(body.get("plan"), dict):
        abort(422, "The field plan must be a plan, as the field plan of an answer.")
    return stored_plan(body["plan"])


def _edits(given: object) -> list[Edit]:
    if not isinstance(given, list) or len(given) > _MOST_EDITS:
        abort(422, f"The field edits must be a list of at most {_MOST_EDITS} edits.")
    return [_edit(one) for one in given]


def _edit(given: object) -> Edit:
    fits = isinstance(given, dict) and given.keys() == {"slot", "values"} and isinstance(given["slot"], str)
    if not fits or not _are_texts(given["values"]):  # type: ignore[index]  # `fits` says that it is a dict
        abort(422, 'Each of edits must be such as {"slot": "only.region", "values": ["..."]}.')
    return Edit(given["slot"], tuple(given["values"]))  # type: ignore[index]


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _chip(chip: Chip) -> dict[str, Any]:
    return {**vars(chip), "choices": [vars(choice) for choice in chip.choices]}
