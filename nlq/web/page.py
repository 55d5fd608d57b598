"""The page at `/`, where a person asks and reads the answer."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from nlq.web.ports import service

blueprint = Blueprint("page", __name__)


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """The page. It holds no data: its script asks the HTTP interface, so it opens also when that is down."""
    return render_template("page.html", max_chars=service().settings.max_question_chars)
