"""Sessions: a signed cookie that scripts cannot read and other sites cannot send."""

import logging
import os
import secrets
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Flask, g, render_template, session
from flask.typing import ResponseReturnValue

from nlq.settings import Settings

_LIFETIME = timedelta(hours=12)
_log = logging.getLogger(__name__)


blueprint = Blueprint("sessions", __name__)


def register(app: Flask, settings: Settings) -> None:
    """Set up the cookie of `app`, and the way out."""
    app.register_blueprint(blueprint)
    app.context_processor(lambda: {"can_sign_out": settings.sign_in.openid is not None})
    secure = settings.sign_in.over_https
    app.secret_key = settings.sign_in.secret_key or _kept_key(settings.home)
    app.config.update(
        SESSION_COOKIE_NAME="__Host-nlq" if secure else "nlq",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=_LIFETIME,
    )


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here; at the provider of the sign-in it goes on.

    A page says so: a redirect that ends at the provider would be one of a form to another site.
    """
    session.clear()
    g.pop("identity", None)
    return render_template("signed_out.html")


def _kept_key(home: Path) -> str:
    """The key in `home`, made where there is none, so that sessions outlive a restart."""
    path = home / "session-key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_text(encoding="ascii")
    except OSError as error:
        _log.warning("sessions end with this process, since their key cannot be kept: %s", error)
        return secrets.token_hex(32)
