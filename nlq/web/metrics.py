"""`GET /metrics`: what is counted and measured, for Prometheus."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from nlq.signing_in import Role
from nlq.web.identity import needs
from nlq.web.ports import service

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@needs(Role.REVIEWER)
def metrics() -> Response:
    """The metrics of this process."""
    return Response(service().metrics.text(), content_type=CONTENT_TYPE_LATEST)
