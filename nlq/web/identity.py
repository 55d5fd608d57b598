"""Who makes a request, and whether they may: checked before every address that is not open to all."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Flask, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from nlq import api_tokens
from nlq.question import Question
from nlq.signing_in import NOBODY_SIGNS_IN, Identity, Proxy, Role, SignIn, is_loopback
from nlq.web.ports import service
from nlq.web.problems import is_of_a_page

P = ParamSpec("P")

SESSION_USER = "user"
SESSION_GROUPS = "groups"
_OPEN = {"static", "health.healthz", "health.readyz"}
"""Endpoints that say nothing about anybody."""


def register(app: Flask) -> None:
    """Let every request of `app` be somebody's."""
    app.before_request(_authenticate)
    app.context_processor(lambda: {"identity": g.get("identity"), "Role": Role})


def current() -> Identity:
    """Who makes this request."""
    found: Identity = g.identity
    return found


def question(text: str = "", conversation_id: uuid.UUID | None = None, channel: str = "http") -> Question:
    """A question that who makes this request asks."""
    who = current()
    return Question(text, conversation_id, channel, who.user, who.groups)


def with_token() -> bool:
    """Whether a program makes this request, with a token of its own."""
    return bool(g.get("with_token"))


def may(role: Role) -> bool:
    """Whether who makes this request has `role`; nobody has one where nobody had to sign in."""
    found: Identity | None = g.get("identity")
    return found is not None and found.role >= role


def require(role: Role) -> None:
    """Refuse who makes this request unless they have `role`.

    Raises:
        HTTPException: 403.
    """
    if not may(role):
        abort(403, f"This is for people with the role {role.name.lower()}; ask who runs this service.")


def needs(role: Role) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """A decorator: only those with `role` reach the view."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            require(role)
            return view(*args, **kwargs)

        return checked

    return decorate


def open_to_all(blueprint_name: str, *endpoints: str) -> None:
    """Let everybody reach these endpoints without signing in."""
    _OPEN.update(f"{blueprint_name}.{endpoint}" for endpoint in endpoints)


def _authenticate() -> ResponseReturnValue | None:
    if request.endpoint in _OPEN:
        return None
    settings = service().settings.sign_in
    found = _found(settings) if settings.required else _on_this_machine()
    if found is None:
        return _sign_in(settings)
    g.identity = found
    return None


def _found(settings: SignIn) -> Identity | None:
    """Who a request says that it comes from, if it can prove that."""
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer" and settings.token_file:
        g.with_token = True
        return api_tokens.find(settings.token_file, authorization.token or "")
    if settings.proxy:
        return _through(settings.proxy, settings)
    if settings.openid and (user := session.get(SESSION_USER)):
        return settings.identity(user, session.get(SESSION_GROUPS, ())) or _may_not(user)
    return None


def _through(proxy: Proxy, settings: SignIn) -> Identity | None:
    if not proxy.trusts(request.remote_addr):
        abort(403, "Please open this service through its proxy; it believes no other address.")
    user = request.headers.get(proxy.user_header, "").strip()
    groups = request.headers.get(proxy.groups_header, "") if proxy.groups_header else ""
    named = [group.strip() for group in groups.split(",") if group.strip()]
    return (settings.identity(user, named) or _may_not(user)) if user else None


def _on_this_machine() -> Identity:
    """Nobody signs in here; whoever started this must not have opened it to others all the same."""
    if request.remote_addr and not is_loopback(request.remote_addr):
        abort(403, "This service answers on this machine only, since nobody signs in to it.")
    return NOBODY_SIGNS_IN


def _may_not(user: str) -> Identity:
    abort(403, f"You are signed in as {user}, who may not use this service; ask who runs it.")


def _sign_in(settings: SignIn) -> ResponseReturnValue:
    if settings.openid and request.method == "GET" and is_of_a_page():
        return redirect(url_for("sign_in.begin", next=request.full_path.rstrip("?")))
    raise Unauthorized(
        "Please sign in, or send a token in the header Authorization: Bearer ...",
        www_authenticate=WWWAuthenticate("bearer"),
    )
