"""Fixtures that every test may use: a real PostgreSQL, databases in it, the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nlq import settings as settings_module
from nlq.clock import fixed
from nlq.service import Service, build
from schema import migrate
from schema.demo.load import load
from schema.roles import Role, Roles
from tests.catalogs import TODAY
from tests.command_line import Run, runner
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Database, Server, running_server
from tests.scripted import Script, scripted_model

ROLES = Roles(Role("nlq_reader", READER_PASSWORD), Role("nlq_writer", WRITER_PASSWORD))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The PostgreSQL that all tests of a session share."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres_server: Server) -> Iterator[str]:
    """The superuser's URL of a fresh, empty database."""
    with postgres_server.fresh_database() as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Server) -> Iterator[str]:
    """The name of a migrated database that `migrated` copies."""
    with postgres_server.fresh_database() as name:
        migrate.upgrade(postgres_server.url(name), ROLES)
        yield name


@pytest.fixture(scope="session")
def demo_template(postgres_server: Server, migrated_template: str) -> Iterator[str]:
    """The name of a database with the demo company that `demo` copies."""
    with postgres_server.fresh_database(migrated_template) as name:
        load(postgres_server.url(name), TODAY)
        yield name


@pytest.fixture
def migrated(postgres_server: Server, migrated_template: str) -> Iterator[Database]:
    """A fresh migrated database without rows; reader and writer are login roles of their own."""
    with copy_of(migrated_template, postgres_server) as database:
        yield database


@pytest.fixture
def demo(postgres_server: Server, demo_template: str) -> Iterator[Database]:
    """A migrated database that holds the demo company."""
    with copy_of(demo_template, postgres_server) as database:
        yield database


@contextmanager
def copy_of(template: str, server: Server) -> Iterator[Database]:
    """A copy of the migrated database `template`."""
    with server.fresh_database(template) as name:
        migrate.upgrade(server.url(name), ROLES)  # a copy lacks what is granted on the database
        yield Database(
            owner_url=server.url(name),
            reader_url=server.url(name, "nlq_reader", READER_PASSWORD),
            writer_url=server.url(name, "nlq_writer", WRITER_PASSWORD),
        )


@pytest.fixture
def model() -> Iterator[Script]:
    """A scripted model server."""
    with scripted_model() as script:
        yield script


@pytest.fixture
def service(demo: Database, model: Script) -> Service:
    """The service over the demo company on the day `TODAY`; its model replies what `model` says."""
    return built(demo, model)


def built(database: Database, model: Script, **environ: str) -> Service:
    """The service over `database` and `model` on the day `TODAY`."""
    usual = {
        "NLQ_READER_URL": database.reader_url,
        "NLQ_WRITER_URL": database.writer_url,
        "NLQ_MODEL": "scripted",
        "OPENAI_BASE_URL": model.base_url,
        "NLQ_MODEL_TIMEOUT_S": "2",
        "NLQ_TIMEZONE": "UTC",
    }
    return build(settings_module.load({**usual, **environ}), fixed(TODAY))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line, without any setting."""
    return runner(capsys, monkeypatch)
