"""The web application: the HTTP interface under `/api/v1`, health checks, and pages for people."""

from flask import Flask

from nlq.signing_in import check
from nlq.web import (
    answers,
    ask,
    assets,
    catalog,
    catalogue,
    conversations,
    correcting,
    dashboard,
    feedback,
    forgery,
    health,
    history,
    identity,
    labels,
    metrics,
    navigation,
    page,
    plan,
    preferences,
    problems,
    protection,
    question,
    reviewing,
    sessions,
    slack,
)
from nlq.web.ports import EXTENSION, Service

_SMALLEST_LIMIT = 256 * 1024
_BYTES_PER_CHARACTER = 12
"""The longest way to write one character in JSON: a pair of `\\uXXXX` escapes."""


def create_app(service: Service) -> Flask:
    """The Flask application that answers through `service`.

    Raises:
        SettingsError: others could reach it, and nobody would have to sign in.
    """
    check(service.settings.sign_in, service.settings.host)
    app = Flask(__name__)
    longest_question = service.settings.max_question_chars * _BYTES_PER_CHARACTER + 1024
    app.config["MAX_CONTENT_LENGTH"] = max(_SMALLEST_LIMIT, longest_question)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = service
    problems.register(app)
    protection.register(app)
    sessions.register(app, service.settings)
    identity.register(app)
    forgery.register(app)
    if service.settings.sign_in.openid:
        from nlq.web import sign_in

        sign_in.register(app, service.settings.sign_in.openid)
    preferences.register(app)
    navigation.register(app)
    labels.register(app)
    api = (ask, plan, history, feedback, catalog, health, metrics)
    pages = (page, answers, conversations, catalogue, reviewing, question, correcting, dashboard)
    for part in (*api, *pages, assets, preferences):
        app.register_blueprint(part.blueprint)
    if service.settings.slack.over_http:
        slack.mount(app)
    return app
