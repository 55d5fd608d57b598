"""`/slack/...`: what Slack sends over HTTP, and the installation of the app in workspaces."""

import threading
import time
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Request, abort, request
from flask.typing import ResponseReturnValue

from nlq.web import identity
from nlq.web.ports import EXTENSION
from nlq.web.protection import SIGNED

if TYPE_CHECKING:
    from nlq.service import Service
    from nlq.slack.app import SlackApp

SLACK_EXTENSION = "nlq_slack"
"""Key of the Slack app in `app.extensions`."""

_GRACE_S = 5.0
_TOO_OLD_S = 300
"""From this age on Bolt refuses a signed request as stale."""


def mount(app: Flask) -> None:
    """Answer Slack from now on, through the service of `app`."""
    from nlq.slack.app import build

    slack = build(cast("Service", app.extensions[EXTENSION]))
    app.extensions[SLACK_EXTENSION] = slack
    app.register_blueprint(_blueprint(slack))
    identity.open_to_all(SIGNED, "events", "install", "installed")
    slack.start()


def stop(app: Flask) -> None:
    """Finish what is under way for Slack, if `app` answers it, and leave the rest to the next process."""
    if running := app.extensions.get(SLACK_EXTENSION):
        running.stop(_GRACE_S)


class Replays:
    """Knows the signatures of the requests that were taken, for as long as they could be sent again."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._lock = threading.Lock()

    def known(self, signature: str) -> bool:
        """Whether a request with this signature was taken before."""
        with self._lock:
            return signature in self._taken

    def take(self, signature: str) -> None:
        """A request with this signature was taken."""
        now = time.monotonic()
        with self._lock:
            self._taken = {one: when for one, when in self._taken.items() if now - when < _TOO_OLD_S}
            self._taken[signature] = now


def _blueprint(slack: "SlackApp") -> Blueprint:
    from slack_bolt.adapter.flask.handler import to_bolt_request, to_flask_response

    from nlq.slack.app import EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH

    blueprint, replays = Blueprint(SIGNED, __name__), Replays()

    @blueprint.post(EVENTS_PATH)
    def events() -> ResponseReturnValue:
        """Check the signature of an event, command or press of a button, and acknowledge it."""
        signature = _signature(request)
        if replays.known(signature):
            abort(401, "This request was taken already.")
        response = slack.bolt.dispatch(to_bolt_request(request))
        if response.status == 200:
            replays.take(signature)
        return to_flask_response(response)

    if oauth := slack.oauth:

        @blueprint.get(INSTALL_PATH)
        def install() -> ResponseReturnValue:
            """Lead to Slack's page that asks for consent."""
            return to_flask_response(oauth.handle_installation(to_bolt_request(request)))

        @blueprint.get(REDIRECT_PATH)
        def installed() -> ResponseReturnValue:
            """Keep the token that Slack gives after consent."""
            return to_flask_response(oauth.handle_callback(to_bolt_request(request)))

    return blueprint


def _signature(request: Request) -> str:
    return f"{request.headers.get('X-Slack-Request-Timestamp')}/{request.headers.get('X-Slack-Signature')}"
