"""The Flask application for any WSGI server: `flask --app app run`, `gunicorn 'app:create_app()'`."""

import atexit
from contextlib import ExitStack

from flask import Flask

from nlq import settings
from nlq.embedded import progress
from nlq.service import build, embedded
from nlq.web import create_app as create_web_app


def create_app() -> Flask:
    """The application of the settings in the environment; what they do not name runs until exit."""
    parts = ExitStack()
    atexit.register(parts.close)
    with progress.on_terminal() as report:
        complete = parts.enter_context(embedded(settings.load(), report))
    return create_web_app(build(complete))
