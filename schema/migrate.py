"""Brings a database to a revision of the schema and back, with the roles that use it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool, text
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from nlq.errors import DatabaseUnavailable, NlqError, SettingsError
from schema import provision
from schema.roles import Roles

_MIGRATIONS = Path(__file__).parent / "migrations"
_OLDEST_POSTGRES = 15
_LOCK = 0x6E6C71
"""Key of the advisory lock that makes two upgrades at once run one after the other ("nlq")."""


def upgrade(
    url: str, roles: Roles, revision: str = "head", *, filter_rows: bool | None = None
) -> tuple[str, ...]:
    """Bring the database up to `revision` and, at the newest one, give `roles` what they need.

    Safe to repeat; all or nothing. Existing KPI tables are adopted with every row. So that the reader
    can make no temporary table, PUBLIC loses TEMPORARY on this database and CREATE on its schema
    `public`: other users of the same database need a grant of their own if they rely on those.

    `filter_rows` says whether the reader shall see the rows of a scope only; None leaves that as it is.

    Returns:
        What is still missing for the roles, one sentence each: empty where the connecting user was
        allowed to do everything; otherwise a DBA has to run `schema.roles.script`.

    Raises:
        DatabaseUnavailable: it cannot be reached.
        SettingsError: `url` is none, or one of the roles has rights that it must not have.
        NlqError: it cannot be brought up for another reason; the message says what to do.
    """
    with _locked(url) as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS nlq"))
        command.upgrade(_config(connection), revision)
        if _revision(connection) != ScriptDirectory.from_config(_config(connection)).get_current_head():
            return ()
        return provision.apply(_driver(connection), roles, filter_rows)


def downgrade(url: str, roles: Roles, revision: str = "base") -> None:
    """Take the database back to `revision`; at `base` nothing of ours is left except tables with rows.

    Below revision 0002 what the schema `nlq` recorded is gone: details of questions, conversations,
    feedback. KPI tables and `query_history` are dropped only if a migration made them and they are empty.
    Roles that an upgrade made are dropped unless another database needs them.
    """
    with _locked(url) as connection:
        if _revision(connection) is None:
            return
        if revision == "base":
            provision.withdraw(_driver(connection), roles)
        command.downgrade(_config(connection), revision)
        if _revision(connection) is None:
            connection.execute(text("DROP TABLE nlq.alembic_version"))
            connection.execute(text("DROP SCHEMA nlq"))


def current(url: str) -> str | None:
    """The revision of the database; None if it was never upgraded."""
    with _locked(url) as connection:
        return _revision(connection)


def sqlalchemy_url(url: str) -> str:
    """A `postgresql://` URL with the driver named, as SQLAlchemy wants it."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


@contextmanager
def _locked(url: str) -> Iterator[Connection]:
    """A connection in one transaction that no other upgrade or downgrade runs beside."""
    try:
        engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
        with engine.begin() as connection:
            _check_version(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    except ArgumentError:
        raise SettingsError("NLQ_DATABASE_URL must look like postgresql://user@host:5432/name.") from None
    except OperationalError as error:
        raise DatabaseUnavailable(f"The database cannot be reached: {error.orig}") from error
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise NlqError(f"Use the owner of the database and its tables for this: {error.orig}") from error
        raise


def _check_version(connection: Connection) -> None:
    version = _driver(connection).info.server_version // 10_000
    if version < _OLDEST_POSTGRES:
        raise NlqError(f"PostgreSQL {_OLDEST_POSTGRES} or newer is needed; this server is {version}.")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": "nlq"})
    return context.get_current_revision()


def _driver(connection: Connection) -> psycopg.Connection:
    return cast(psycopg.Connection, connection.connection.driver_connection)
