"""What protects people in front of a browser: headers on every response, a check of the Host header."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from nlq.signing_in import is_loopback
from nlq.web.ports import service

SIGNED = "slack"
"""The blueprint whose requests carry a signature: a tunnel may bring them under any name."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def register(app: Flask) -> None:
    """Protect every address of `app`."""
    app.before_request(_check_host)
    app.after_request(_add_headers)


def _check_host() -> None:
    """Refuse names that are not this service's (DNS rebinding).

    Where nobody signs in, that is every name but this machine's; elsewhere every one but `NLQ_PUBLIC_URL`'s,
    except for what no browser can be tricked into: health checks, and programs with a token.
    """
    access = service().settings.sign_in
    if request.blueprint == SIGNED or (access.required and (not access.public_url or _is_a_program())):
        return
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        name = ""
    if is_loopback(name) or (access.required and name == urlsplit(access.public_url or "").hostname):
        return
    if access.required:
        abort(400, f"This service answers as {access.public_url} only.")
    abort(400, "This service answers on this machine only; please open it as localhost.")


def _is_a_program() -> bool:
    authorization = request.authorization
    with_token = authorization is not None and authorization.type == "bearer"
    return request.blueprint == "health" or with_token


def _add_headers(response: Response) -> Response:
    response.headers.extend({name: value for name, value in _HEADERS.items() if name not in response.headers})
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
