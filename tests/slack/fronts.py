"""Both ways in which Slack reaches the app: signed HTTP requests, and the websocket."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier

from tests.slack.stand_in import StandIn

SIGNING_SECRET = "signing secret of the tests"
ACK_WITHIN_S = 3.0
"""What Slack waits for an acknowledgement."""

Json = dict[str, Any]


class Front(Protocol):
    """Sends to the app, checks that it is acknowledged in time, and gives what the acknowledgement says."""

    def event(self, payload: Json) -> Json:
        """Send an event of the Events API."""

    def interaction(self, payload: Json) -> Json:
        """Send a press of a button, a shortcut or a modal."""

    def command(self, payload: Json) -> Json:
        """Send a slash command."""


@dataclass
class Http:
    """Signed requests to `/slack/events`."""

    url: str
    slowest_s: float = 0.0
    sent: int = 0
    began: int = field(default_factory=lambda: int(time.time()))
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def event(self, payload: Json) -> Json:
        """Send an event of the Events API."""
        return self._checked(self.send(json.dumps(payload), "application/json"))

    def interaction(self, payload: Json) -> Json:
        """Send a press of a button, a shortcut or a modal."""
        return self._checked(self.send(urlencode({"payload": json.dumps(payload)})))

    def command(self, payload: Json) -> Json:
        """Send a slash command."""
        return self._checked(self.send(urlencode(payload)))

    def send(
        self,
        body: str,
        kind: str = "application/x-www-form-urlencoded",
        *,
        secret: str = SIGNING_SECRET,
        timestamp: int | None = None,
    ) -> httpx.Response:
        """Send any body, signed with `secret` at `timestamp`."""
        self.sent += 1  # no two requests of Slack have the same signature: each has its own moment
        when = str(self.began - self.sent % 60 if timestamp is None else timestamp)
        signature = SignatureVerifier(secret).generate_signature(timestamp=when, body=body)
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": when,
            "X-Slack-Signature": signature or "",
        }
        began = time.monotonic()
        response = self.client.post(f"{self.url}/slack/events", content=body.encode(), headers=headers)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return response

    def _checked(self, response: httpx.Response) -> Json:
        assert response.status_code == 200, response.text
        assert self.slowest_s < ACK_WITHIN_S
        if response.headers["Content-Type"].startswith("application/json"):
            answer: Json = response.json()
            return answer
        return {"text": response.text} if response.text else {}


@dataclass
class Socket:
    """Envelopes over the websocket of Socket Mode."""

    slack: StandIn
    wait: Callable[..., Any]

    def event(self, payload: Json) -> Json:
        """Send an event of the Events API."""
        return self._send("events_api", payload)

    def interaction(self, payload: Json) -> Json:
        """Send a press of a button, a shortcut or a modal."""
        return self._send("interactive", payload)

    def command(self, payload: Json) -> Json:
        """Send a slash command."""
        return self._send("slash_commands", payload)

    def _send(self, kind: str, payload: Json) -> Json:
        envelope = self.slack.send_envelope(kind, payload, accepts_response_payload=kind != "events_api")
        self.wait(lambda: envelope in self.slack.acknowledged, ACK_WITHIN_S)
        answer = next(r for r in self.slack.responses if r["to"] == envelope)
        return {name: value for name, value in answer.items() if name != "to"}
