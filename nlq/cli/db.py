"""`nlq db`: tables, roles and demo data. Without `NLQ_DATABASE_URL` it works on the embedded database."""

from collections.abc import Sequence
from typing import Annotated

import typer

from nlq import settings as settings_module
from nlq.cli import parts
from nlq.cli.output import note
from nlq.errors import SettingsError
from nlq.settings import Settings

app = typer.Typer(help="The database: tables, roles, demo data.", no_args_is_help=True)


@app.command()
def init() -> None:
    """Make the tables and roles in the database, and tell what to do next."""
    settings = settings_module.load()
    with parts.owned_database(settings) as (complete, owner_url):
        gaps = _upgrade(complete, owner_url, "head")
    note(_next_step(settings, gaps))


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go up to.")] = "head",
) -> None:
    """Bring tables and roles up to date; existing KPI tables are kept with every row."""
    with parts.owned_database(settings_module.load()) as (settings, owner_url):
        if _upgrade(settings, owner_url, revision):
            note("For the roles, let a DBA run what `nlq db roles` prints.")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go down to; base takes away all.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the schema back.

    Below 0003 approvals of reviewers are lost, below 0002 recorded details, conversations and feedback.
    """
    if not yes:
        typer.confirm(f"Take the database back to {revision} and lose what newer revisions hold?", abort=True)
    from schema import migrate
    from schema.roles import from_urls

    with parts.owned_database(settings_module.load()) as (settings, owner_url):
        migrate.downgrade(owner_url, from_urls(settings.reader_url, settings.writer_url), revision)
    note(f"The database is at {revision}.")


@app.command()
def demo() -> None:
    """Fill an empty database with a made-up company; refuses one that holds other data."""
    from nlq.clock import Clock
    from schema.demo.load import load

    with parts.owned_database(settings_module.load()) as (settings, owner_url):
        _upgrade(settings, owner_url, "head")
        report = load(owner_url, Clock(settings.timezone).today())
    counts = (f"{count:,} {what}" for what, count in vars(report).items() if count)
    note(f"Written: {', '.join(counts) or 'nothing, the demo data is up to date'}.")


@app.command()
def roles() -> None:
    """Print the psql script with which a DBA makes the reader and the writer role."""
    from schema.roles import from_urls, script

    settings = settings_module.load()
    if settings.database_url is None:
        raise SettingsError("Set NLQ_DATABASE_URL first; the embedded database makes its roles by itself.")
    wanted = from_urls(settings.reader_url, settings.writer_url)
    print(script(wanted, _database_name(settings.database_url)), end="")


def _database_name(url: str) -> str:
    """The database of `url`; without one libpq takes the one that is called like the user."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError("NLQ_DATABASE_URL must look like postgresql://user@host:5432/name.") from None
    return str(parameters.get("dbname") or parameters.get("user") or "postgres")


def _upgrade(settings: Settings, owner_url: str, revision: str) -> Sequence[str]:
    """Upgrade, and say what there is to say; returns what is missing for the roles."""
    from schema import migrate
    from schema.roles import from_urls

    roles = from_urls(settings.reader_url, settings.writer_url)
    filter_rows = True if settings.access_file else None
    gaps = migrate.upgrade(owner_url, roles, revision, filter_rows=filter_rows)
    for gap in gaps:
        note(gap)
    note("The tables are up to date." if revision == "head" else f"The database is at {revision}.")
    return gaps


def _next_step(settings: Settings, gaps: Sequence[str]) -> str:
    """What to do after `nlq db init` with these settings."""
    if gaps:
        return "Next: let a DBA run what `nlq db roles` prints."
    if settings.database_url and not (settings.reader_url and settings.writer_url):
        return (
            "Next: give the roles nlq_reader and nlq_writer a password, and set NLQ_READER_URL and "
            "NLQ_WRITER_URL to their URLs."
        )
    return (
        "Next: `nlq serve` answers questions; `nlq db demo` fills an empty database with a made-up company."
    )
