"""`nlq db`: tables, roles and demo data. Without `NLQ_DATABASE_URL` it works on the embedded database."""

from collections.abc import Sequence
from typing import Annotated

import typer

from nlq import settings as settings_module
from nlq.cli import parts
from nlq.cli.output import note
from nlq.errors import DatabaseUnavailable, SettingsError
from nlq.settings import Settings

app = typer.Typer(help="The database: tables, roles, demo data.", no_args_is_help=True)


@app.command()
def init() -> None:
    """Make the database if the server has none of that name, then its tables and roles."""
    with parts.database(settings_module.load()) as settings:
        _create_if_missing(_owner_url(settings))
        _upgrade(settings, "head")


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go up to.")] = "head",
) -> None:
    """Bring tables and roles up to date; existing KPI tables are kept with every row."""
    with parts.database(settings_module.load()) as settings:
        _upgrade(settings, revision)


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go down to; base takes away all.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the schema back; below 0002 recorded details, conversations and feedback are lost."""
    if not yes:
        typer.confirm(f"Take the database back to {revision} and lose what newer revisions hold?", abort=True)
    from schema import migrate
    from schema.roles import from_urls

    with parts.database(settings_module.load()) as settings:
        url = _owner_url(settings)
        migrate.downgrade(url, from_urls(settings.reader_url, settings.writer_url), revision)
    note(f"The database is at {revision}.")


@app.command()
def demo() -> None:
    """Fill an empty database with a made-up company; refuses one that holds other data."""
    from nlq.clock import Clock
    from schema.demo.load import load

    with parts.database(settings_module.load()) as settings:
        _upgrade(settings, "head")
        report = load(_owner_url(settings), Clock(settings.timezone).today())
    note(str(report))


@app.command()
def roles() -> None:
    """Print the script with which a DBA makes the reader and the writer role."""
    from psycopg.conninfo import conninfo_to_dict

    from schema.roles import from_urls, script

    with parts.database(settings_module.load()) as settings:
        name = conninfo_to_dict(_owner_url(settings)).get("dbname") or "postgres"
        print(script(from_urls(settings.reader_url, settings.writer_url), str(name)), end="")


def _upgrade(settings: Settings, revision: str) -> None:
    from schema import migrate
    from schema.roles import from_urls

    wanted = from_urls(settings.reader_url, settings.writer_url)
    _tell_gaps(migrate.upgrade(_owner_url(settings), wanted, revision))


def _tell_gaps(gaps: Sequence[str]) -> None:
    if not gaps:
        note("The database is up to date.")
        return
    for gap in gaps:
        note(gap)
    note("The tables are up to date. For the roles, let a DBA run what `nlq db roles` prints.")


def _owner_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise SettingsError("Set NLQ_DATABASE_URL to the URL of the database's owner.")
    return settings.database_url


def _create_if_missing(url: str) -> None:
    """Make the database of `url`, connected to the database `postgres` of the same server."""
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    name = conninfo_to_dict(url).get("dbname")
    if name is None:
        return
    try:
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(name))))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"The database server cannot be reached: {error}") from error
    except psycopg.errors.InsufficientPrivilege:
        raise SettingsError(
            f"The user of NLQ_DATABASE_URL may not make the database {name}; let a DBA make it."
        ) from None
