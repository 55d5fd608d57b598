"""What a form of a page sends."""

from typing import Any

from flask.testing import FlaskClient


def form(client: FlaskClient, **fields: str) -> dict[str, Any]:
    """`fields` with the token of the session of `client`."""
    with client.session_transaction() as session:
        session.setdefault("csrf_token", "of this test")
        return {**fields, "csrf_token": session["csrf_token"]}
