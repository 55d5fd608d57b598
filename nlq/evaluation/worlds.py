"""Throw-away databases of the worlds, on a PostgreSQL of the evaluation's own in a temporary folder."""

import dataclasses
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import psycopg
import yaml
from psycopg import sql

from nlq.errors import SettingsError
from nlq.evaluation.sets import Case, read
from nlq.settings import Settings
from schema import migrate, worlds
from schema.roles import Role, Roles, login_url

Use = Literal["development", "test"]


@dataclass(frozen=True)
class WorldDatabase:
    """A world in a database of its own."""

    world: worlds.World
    owner_url: str
    settings: Settings
    """Those given, with the world's database, catalogue file, fiscal year and the zone UTC."""


def names(use: Use) -> tuple[str, ...]:
    """The worlds that `schema/worlds/sets.yml` keeps for `use` and that are there."""
    listed = yaml.safe_load((worlds.FOLDER / "sets.yml").read_text(encoding="utf-8"))
    return tuple(
        name
        for name, facts in listed.items()
        if facts["use"] == use and (worlds.FOLDER / name / "world.yml").is_file()
    )


def cases(world: str, name: str) -> tuple[Case, ...]:
    """The cases of the set `name` of a world; none where it has no such file.

    Raises:
        SettingsError: the file has an entry that says too little.
    """
    path = worlds.FOLDER / world / f"{name}.yml"
    return read(path) if path.exists() else ()


@contextmanager
def databases(
    chosen: Sequence[str], settings: Settings, tell: Callable[[str], None]
) -> Iterator[tuple[WorldDatabase, ...]]:
    """Start a PostgreSQL, fill a database for each of the `chosen` worlds; all is gone at the end.

    Args:
        chosen: Names of worlds.
        settings: What the service is to run with, but for what the worlds decide.
        tell: Is told what is being done.

    Raises:
        SettingsError: there is no world of such a name.
        DatabaseUnavailable: PostgreSQL cannot be started.
    """
    from nlq.embedded.postgres import EmbeddedPostgres

    loaded = [_load(name) for name in chosen]
    roles = Roles(*(Role(role.name, secrets.token_urlsafe()) for role in Roles()))
    with _temporary_folder() as folder, EmbeddedPostgres(folder) as urls:
        tell(f"Filling the databases of {', '.join(chosen)}")
        yield tuple(_filled(world, urls.owner, roles, folder, settings) for world in loaded)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass; what PostgreSQL keeps elsewhere for us goes away with it."""
    with tempfile.TemporaryDirectory(prefix="nlq-eval-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            if (folder / "postgres").is_symlink():
                shutil.rmtree((folder / "postgres").resolve())


def _load(name: str) -> worlds.World:
    try:
        return worlds.load(name)
    except OSError:
        raise SettingsError(f"There is no world {name}; the folders of schema/worlds are worlds.") from None


def _filled(
    world: worlds.World, server_url: str, roles: Roles, folder: Path, settings: Settings
) -> WorldDatabase:
    owner_url = _created(server_url, world.name)
    migrate.upgrade(owner_url, roles)
    worlds.fill(owner_url, world)
    catalog_file = folder / f"{world.name}.yml"
    catalog_file.write_text(yaml.safe_dump(dict(world.catalog), allow_unicode=True), encoding="utf-8")
    own = dataclasses.replace(
        settings,
        database_url=owner_url,
        reader_url=login_url(owner_url, roles.reader),
        writer_url=login_url(owner_url, roles.writer),
        catalog_file=catalog_file,
        fiscal_year_start=world.fiscal_year_start,
        timezone=ZoneInfo("UTC"),
    )
    return WorldDatabase(world, owner_url, own)


def _created(server_url: str, name: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
