"""Language and colours: what a person prefers, kept in cookies, and in which language the pages speak."""

from collections.abc import Mapping

from flask import Blueprint, Flask, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale

from nlq.web.words import PoDomain

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""The languages of the pages, by code, each in its own words."""
THEMES = ("auto", "light", "dark")

blueprint = Blueprint("preferences", __name__)

_CHOICES = {"language": tuple(LANGUAGES), "theme": THEMES}
_A_YEAR_S = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Let the pages of `app` speak the language, and have the colours, that who asks for them prefers."""
    Babel(app, locale_selector=language)
    app.before_request(PoDomain().as_default)
    app.context_processor(_preferred)


def language() -> str:
    """The code of the language that the person of this request reads."""
    chosen = request.cookies.get("language", "")
    wanted = chosen, *(tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((code for code in wanted if code in LANGUAGES), "en")


@blueprint.post("/preferences")
def keep() -> ResponseReturnValue:
    """Keep a language or theme, and go back to the page that it was chosen on."""
    back = redirect(_local(request.form.get("next", "/")), 303)
    for name, values in _CHOICES.items():
        if (value := request.form.get(name)) is None:
            continue
        if value not in values:
            abort(422, f"{name} must be one of {', '.join(values)}.")
        back.set_cookie(
            name, value, max_age=_A_YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure
        )
    return back


def _preferred() -> dict[str, object]:
    theme = request.cookies.get("theme", "auto")
    return {
        "language": str(get_locale() or "en"),
        "languages": LANGUAGES,
        "theme": theme if theme in THEMES else "auto",
    }


def _local(address: str) -> str:
    """`address`, if it is a page of this service; else the first page."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if inside else "/"
