"""Against forged requests: another site must not change anything in the name of who looks at it.

A request that may change something is refused where the browser says that another site made it
(`Sec-Fetch-Site`, or `Origin` in browsers without it); a form also has to send the token that was set into
it. Programs send no such headers, and no cookies that could be misused.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, abort, request, session

from nlq.web import identity
from nlq.web.ports import service
from nlq.web.protection import SIGNED

FIELD = "csrf_token"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
"""What a form of another site can send without asking."""

_JSON_ONLY = "/api/"
"""Addresses that take no form."""


def register(app: Flask) -> None:
    """Check every request of `app` that may change something; give templates `csrf_token()`."""
    app.before_request(_check)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """The token of this session."""
    if FIELD not in session:
        session[FIELD] = secrets.token_urlsafe(32)
    return str(session[FIELD])


def _check() -> None:
    if request.method in _SAFE or identity.with_token() or request.blueprint == SIGNED:
        return
    if not _from_here():
        abort(403, "This request was made by another site, so nothing was done.")
    if request.mimetype in _FORMS and not request.path.startswith(_JSON_ONLY):
        sent, wanted = request.form.get(FIELD, ""), session.get(FIELD, "")
        if not (wanted and hmac.compare_digest(sent.encode(), wanted.encode())):
            abort(
                403,
                "This form is too old, so nothing was done; please go back, reload the page and try again.",
            )


def _from_here() -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is None:
        return True  # no browser
    host = urlsplit(origin).netloc
    public = urlsplit(service().settings.sign_in.public_url or "").netloc
    return bool(host) and host in {request.host, public}
