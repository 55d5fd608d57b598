"""`GET /api/v1/catalog`: what can be asked about, with example questions made from it."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from nlq import examples
from nlq.catalog import as_json
from nlq.web.visibility import visible_catalog

blueprint = Blueprint("catalog", __name__)


@blueprint.get("/api/v1/catalog")
def catalog() -> ResponseReturnValue:
    """KPIs, teams, regions and severities as they are now, and questions that can be asked about them."""
    known = visible_catalog()
    return jsonify({**as_json(known), "examples": examples.questions(known)})
