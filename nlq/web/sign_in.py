"""Signing in with OpenID Connect: `/sign-in` leads to the provider, who sends people back to `/sign-in/done`.

Authlib keeps state, nonce and the PKCE verifier in the session and checks them, and the signature, issuer,
audience and times of the ID token.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from nlq.signing_in import OpenIdConnect
from nlq.web import identity
from nlq.web.ports import service

blueprint = Blueprint("sign_in", __name__)

_SIGNATURES = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
"""Signatures that only the provider can make: not `none`, and none with a shared secret."""
_TIMEOUT_S = 10
_NEXT = "next"


def register(app: Flask, openid: OpenIdConnect) -> None:
    """Let people sign in to `app` at the provider `openid`; nothing is fetched yet."""
    OAuth(app).register(
        "provider",
        client_id=openid.client_id,
        client_secret=openid.client_secret,
        server_metadata_url=f"{openid.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": openid.scopes,
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_S,
        },
    )
    app.register_blueprint(blueprint)
    identity.open_to_all(blueprint.name, "begin", "done")


@blueprint.get("/sign-in")
def begin() -> ResponseReturnValue:
    """Lead to the provider."""
    session[_NEXT] = _own_path(request.args.get("next", "/"))
    try:
        leave: Response = _provider().authorize_redirect(_return_address())
    except (requests.RequestException, ValueError) as error:
        _unreachable(error)
    return leave


@blueprint.get("/sign-in/done")
def done() -> ResponseReturnValue:
    """Take who the provider says that somebody is into a new session."""
    try:
        claims = _provider().authorize_access_token().get("userinfo")
    except (requests.RequestException, ValueError) as error:
        _unreachable(error)
    except (AuthlibBaseError, JoseError) as error:
        _refuse(error)
    user, groups = _who(claims or {})
    target = session.get(_NEXT, "/")
    session.clear()
    session.permanent = True
    session[identity.SESSION_USER], session[identity.SESSION_GROUPS] = user, groups
    return redirect(target)


def _provider() -> FlaskOAuth2App:
    """The client of the provider, whose description of itself was read and can be believed."""
    oauth: OAuth = current_app.extensions["authlib.integrations.flask_client"]
    provider: FlaskOAuth2App = oauth.create_client("provider")
    metadata = provider.load_server_metadata()
    if str(metadata.get("issuer", "")).rstrip("/") != _settings().issuer:
        raise ValueError(f"the provider calls itself {metadata.get('issuer')}")
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = sorted(_SIGNATURES.intersection(offered))
    return provider


def _settings() -> OpenIdConnect:
    openid = service().settings.sign_in.openid
    assert openid is not None  # noqa: S101 - the addresses are only there if it is
    return openid


def _return_address() -> str:
    public = service().settings.sign_in.public_url
    return f"{public}{url_for('sign_in.done')}" if public else url_for("sign_in.done", _external=True)


def _own_path(path: str) -> str:
    """`path` if it is one of this service: nobody is led elsewhere by a link to here."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _who(claims: Mapping[str, Any]) -> tuple[str, list[str]]:
    openid = _settings()
    user, groups = claims.get(openid.user_claim), claims.get(openid.groups_claim) or []
    if not (isinstance(user, str) and user.strip()):
        abort(403, f"The provider does not say who you are: it sends no claim {openid.user_claim}.")
    if openid.user_claim == "email" and claims.get("email_verified") is False:
        abort(403, f"The provider has not verified that {user} is yours.")
    named = [groups] if isinstance(groups, str) else groups
    return user.strip(), [str(group) for group in named]


def _refuse(error: Exception) -> NoReturn:
    current_app.logger.warning("A sign-in was refused: %s", error)
    abort(
        403, "Signing in did not work: the provider's reply does not fit to this browser. Please try again."
    )


def _unreachable(error: Exception) -> NoReturn:
    current_app.logger.warning("The OpenID Connect provider cannot be used: %s", error)
    abort(503, "The provider of the sign-in cannot be reached; please try again in a moment.")
