"""The embedded PostgreSQL: it starts by itself where no `NLQ_DATABASE_URL` is set."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from nlq.embedded.place import SYSTEM_FOLDER
from nlq.embedded.shared import SharedChild
from schema.roles import Roles, login_url

_START_S = 90.0


@dataclass(frozen=True)
class DatabaseUrls:
    """The URLs of the embedded database for the three roles that use it.

    The roles of `reader` and `writer` exist after `schema.migrate.upgrade(owner, Roles())`.
    """

    owner: str
    reader: str
    writer: str


class EmbeddedPostgres:
    """A hold on the PostgreSQL of `home`, which all processes with the same home share.

    The first `start` makes the database cluster (about 3 s) and starts the server (under 1 s); the last
    `stop` ends it, and so does the death of its last user, by `kill -9` too. Data stays in `home/postgres`;
    for root that can be a link to below `system_folder`, see `nlq.embedded.place`.
    """

    def __init__(self, home: Path, system_folder: Path = SYSTEM_FOLDER) -> None:
        self._child = SharedChild(home, "postgres", "nlq.embedded.postgres_server", _START_S)
        self._system_folder = system_folder
        self.label = self._child.label

    def runs(self) -> bool:
        """Whether the server lives."""
        return self._child.runs()

    def start(self) -> DatabaseUrls:
        """Start the server or attach to the running one, and return its URLs.

        Raises:
            NlqError: it cannot be started; the message says why.
        """
        owner = self._child.start({"system_folder": str(self._system_folder)})["url"]
        roles = Roles()
        return DatabaseUrls(owner, login_url(owner, roles.reader), login_url(owner, roles.writer))

    def stop(self) -> None:
        """Let go of the server; returns when it has ended, unless somebody else uses it."""
        self._child.stop()

    def __enter__(self) -> DatabaseUrls:
        """As `start`."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """As `stop`."""
        self.stop()
