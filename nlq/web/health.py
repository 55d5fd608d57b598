"""`GET /healthz` says that the process is up, `GET /readyz` that a question would be answered."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from nlq.web.ports import service

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 as long as the process serves requests."""
    return jsonify({"ok": True})


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when database and model can be reached, 503 with what is missing otherwise."""
    ready = service().ready()
    body = {"ok": ready.ok, "database": ready.database, "model": ready.model, "detail": ready.detail}
    return jsonify(body), 200 if ready.ok else 503
