"""The pages that every page leads to."""

from flask import Flask

from nlq.web.visibility import sees_all
from nlq.web.words import gettext


def register(app: Flask) -> None:
    """Give every template of `app` the list `navigation`: endpoints and what they are called."""
    app.context_processor(lambda: {"navigation": _pages()})


def _pages() -> list[tuple[str, str]]:
    return [
        ("page.page", gettext("Ask")),
        ("conversations.listed", gettext("Conversations")),
        ("catalogue.page", gettext("Catalogue")),
        ("reviewing.listed", gettext("History")),
        *([("dashboard.dashboard", gettext("Dashboard"))] if sees_all() else []),
    ]
