"""The child process that runs the embedded PostgreSQL; see `nlq.embedded.postgres` for its users' side."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from nlq.embedded import supervise
from nlq.embedded.machine import MB, require_disk
from nlq.embedded.place import Place, prepare, socket_folder
from nlq.errors import DatabaseUnavailable

OWNER = DATABASE = "nlq"
_DISK_NEEDED = 250 * MB
"""An empty cluster, its first write-ahead log and the demo data."""
_START_S = 60.0
_STOP_S = 30.0
_INITDB = (
    f"--username={OWNER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
"""Everyone who can enter the socket's folder is trusted, and nobody but the owner of the data can."""
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "timezone": "UTC",
}


@contextmanager
def run(home: Path, config: Mapping[str, Any]) -> Iterator[supervise.Service]:
    """Run the PostgreSQL of `home`; its facts are the owner's `url`."""
    place = prepare(home, Path(config["system_folder"]))
    _end_leftover(place)
    _ensure_cluster(place)
    with socket_folder(place) as socket:
        process = _start(place, socket)
        try:
            _ensure_database(socket, process)
            yield supervise.Service({"url": _url(socket, DATABASE)}, lambda: process.poll() is None)
        finally:
            _stop(process)


def _url(socket: Path, database: str) -> str:
    return f"postgresql://{OWNER}@/{database}?host={quote(str(socket), safe='')}"


def _ensure_cluster(place: Place) -> None:
    """Make the database cluster if there is none; a half-made one is made anew."""
    if place.data.exists():
        return
    require_disk(place.folder, _DISK_NEEDED, "the embedded database")
    draft = place.folder / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    made = subprocess.run(  # noqa: S603 - our own PostgreSQL
        [place.programs / "initdb", *_INITDB, "--pgdata", draft],
        capture_output=True,
        text=True,
        **_as_user(place),
    )
    if made.returncode:
        raise DatabaseUnavailable(f"The embedded database cannot be made: {made.stderr.strip()}")
    draft.replace(place.data)


def _start(place: Place, socket: Path) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, "unix_socket_directories": f'"{socket}"'}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(  # noqa: S603 - our own PostgreSQL
        [place.programs / "postgres", "-D", place.data, *options],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=partial(supervise.die_with_parent, signal.SIGINT),
        **_as_user(place),
    )


def _as_user(place: Place) -> dict[str, Any]:
    """Arguments of `subprocess` for a program of PostgreSQL: its user, and no settings from outside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    arguments: dict[str, Any] = {"cwd": "/", "env": environment, "umask": 0o077}
    if place.user:
        arguments |= {"user": place.user.pw_uid, "group": place.user.pw_gid, "extra_groups": []}
    return arguments


def _ensure_database(socket: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until PostgreSQL answers, then make the database if there is none."""
    with _first_connection(socket, process) as connection:
        known = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(known, (DATABASE,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _first_connection(socket: Path, process: subprocess.Popen[bytes]) -> psycopg.Connection:
    deadline = time.monotonic() + _START_S
    while process.poll() is None:
        try:
            return psycopg.connect(_url(socket, "postgres"), autocommit=True)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"The embedded database does not answer: {error}") from error
            time.sleep(0.02)
    raise DatabaseUnavailable(
        "The embedded database ended as it started; logs/postgres.log in NLQ_HOME says why."
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Roll back what runs and stop (SIGINT, "fast"); if that takes too long, stop at once."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
            return


def _end_leftover(place: Place) -> None:
    """End a PostgreSQL that outlived its supervisor, and remove the id file of one that did not."""
    id_file = place.data / "postmaster.pid"
    number = _process_id(id_file)
    if number is None:
        return
    deadline = time.monotonic() + _STOP_S
    while _runs_on(place.data, number):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT if time.monotonic() < deadline else signal.SIGQUIT)
        time.sleep(0.1)
    if Path("/proc/self").exists():
        id_file.unlink(missing_ok=True)


def _process_id(id_file: Path) -> int | None:
    try:
        return int(id_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _runs_on(data: Path, number: int) -> bool:
    """Whether the process `number` is a PostgreSQL on this data, and not one that got its number since."""
    return str(data) in _command(number)


def _command(number: int) -> Sequence[str]:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ()
    listed = subprocess.run(  # noqa: S603 - fixed words and a number
        ["ps", "-o", "command=", "-p", str(number)],  # noqa: S607 - found where the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout.split()


if __name__ == "__main__":
    supervise.main(run)
