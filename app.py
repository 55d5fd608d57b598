"""The Flask application for any WSGI server, such as `gunicorn --threads 288 'app:create_app()'`."""

import atexit
from contextlib import ExitStack

from flask import Flask

from nlq import settings, web
from nlq.cli import parts
from nlq.service import build


def create_app() -> Flask:
    """The application of the settings in the environment; what they do not name runs until exit."""
    running = ExitStack()
    atexit.register(running.close)
    service = build(running.enter_context(parts.everything(settings.load())))
    service.start()
    return web.create_app(service)
