"""What commands work on: the database and the model of the settings, or else the embedded ones."""

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from nlq.errors import SettingsError
from nlq.settings import Settings

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from nlq.history_list import HistoryList


@contextmanager
def everything(settings: Settings) -> Iterator[Settings]:
    """Database and model; yields the settings with their URLs. Shows on a terminal what is being done.

    Raises:
        NlqError: a URL is missing, or a part cannot be started.
    """
    _require_role_urls(settings)
    from nlq.embedded import progress
    from nlq.service import embedded

    with ExitStack() as stack:
        with progress.on_terminal() as report:
            complete = stack.enter_context(embedded(settings, report))
        yield complete


@contextmanager
def owned_database(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """The database alone; yields the settings with its URLs, and the owner's URL.

    Raises:
        NlqError: the owner's URL is missing, or the embedded database cannot be started.
    """
    if not _is_elsewhere(settings):
        with _embedded_database(settings) as complete:
            yield complete
        return
    if settings.database_url is None:
        raise SettingsError("Set NLQ_DATABASE_URL to the URL of the database's owner.")
    yield settings, settings.database_url


@contextmanager
def history(settings: Settings) -> Iterator["HistoryList"]:
    """The history alone; an embedded database gets the newest tables first.

    Raises:
        NlqError: a URL is missing, or the database cannot be reached or has no history yet.
    """
    from nlq.history_list import HistoryList

    with writer(settings) as pool:
        yield HistoryList(pool)


@contextmanager
def writer(settings: Settings) -> Iterator["ConnectionPool"]:
    """Connections of the role that keeps the history; an embedded database gets the newest tables first.

    Raises:
        NlqError: a URL is missing, or the database cannot be reached or has no history yet.
    """
    from nlq.history import open_pool

    _require_role_urls(settings)
    hush_retries()
    with ExitStack() as stack:
        if not _is_elsewhere(settings):
            settings, owner_url = stack.enter_context(_embedded_database(settings))
            _upgrade(owner_url)
        assert settings.writer_url is not None  # noqa: S101 - required above, or of the embedded database
        stack.enter_context(_without_tables())
        yield stack.enter_context(open_pool(settings.writer_url, size=1))


def hush_retries() -> None:
    """Keep the connection pool's retries off the terminal: the error that ends them says it once."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


@contextmanager
def _embedded_database(settings: Settings) -> Iterator[tuple[Settings, str]]:
    from nlq.embedded.postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.home) as urls:
        complete = dataclasses.replace(
            settings, database_url=urls.owner, reader_url=urls.reader, writer_url=urls.writer
        )
        yield complete, urls.owner


def _upgrade(owner_url: str) -> None:
    from schema import migrate
    from schema.roles import Roles

    migrate.upgrade(owner_url, Roles())


@contextmanager
def _without_tables() -> Iterator[None]:
    """Say in words that a database was never upgraded."""
    from psycopg.errors import InsufficientPrivilege, UndefinedTable

    try:
        yield
    except (UndefinedTable, InsufficientPrivilege) as error:
        raise SettingsError(
            "The database keeps no history that the user of NLQ_WRITER_URL can read; run `nlq db upgrade`."
        ) from error


def _is_elsewhere(settings: Settings) -> bool:
    return any((settings.database_url, settings.reader_url, settings.writer_url))


def _require_role_urls(settings: Settings) -> None:
    """Refuse a database elsewhere of which not both roles are known, or are none."""
    if not _is_elsewhere(settings):
        return
    urls = {"NLQ_READER_URL": settings.reader_url, "NLQ_WRITER_URL": settings.writer_url}
    missing = [name for name, url in urls.items() if not url]
    if missing:
        raise SettingsError(
            f"Set {' and '.join(missing)} too, the URLs of the roles that run questions and keep the "
            "history; `nlq db roles` prints the script that makes them."
        )
    from schema.roles import from_urls

    from_urls(settings.reader_url, settings.writer_url)
