"""The web application: the HTTP interface under `/api/v1`, health checks, and pages for people."""

from flask import Flask

from nlq.web import (
    ask,
    catalog,
    feedback,
    health,
    history,
    navigation,
    page,
    plan,
    preferences,
    problems,
    protection,
)
from nlq.web.ports import EXTENSION, Service

_SMALLEST_LIMIT = 256 * 1024
_BYTES_PER_CHARACTER = 12
"""The longest way to write one character in JSON: a pair of `\\uXXXX` escapes."""


def create_app(service: Service) -> Flask:
    """The Flask application that answers through `service`."""
    app = Flask(__name__)
    longest_question = service.settings.max_question_chars * _BYTES_PER_CHARACTER + 1024
    app.config["MAX_CONTENT_LENGTH"] = max(_SMALLEST_LIMIT, longest_question)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = service
    problems.register(app)
    protection.register(app)
    preferences.register(app)
    navigation.register(app)
    for part in (ask, plan, history, feedback, catalog, health, preferences, page):
        app.register_blueprint(part.blueprint)
    return app
