"""The workspaces that the app is installed in, and how it is known there."""

import json
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg_pool import ConnectionPool
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import InstallationStore
from slack_sdk.oauth.installation_store.models import Installation
from slack_sdk.oauth.state_store import OAuthStateStore

from nlq.history import transaction

_STATE_S = 600
"""How long a person may take over an installation."""


@dataclass(frozen=True)
class Workspace:
    """A workspace with what it takes to act in it."""

    team: str | None
    """Its id; None where the app is installed for a whole organisation."""
    enterprise: str | None
    token: str = field(repr=False)
    bot_user: str
    bot_id: str | None = None


class Workspaces(Protocol):
    """Finds the workspace that a request came from."""

    def find(self, enterprise: str | None, team: str | None) -> Workspace | None:
        """The workspace, or None if the app is not installed in it."""


class OneWorkspace:
    """The workspace of a token; Slack is asked once which one that is."""

    def __init__(self, client: WebClient) -> None:
        """Work with the token of `client`; nothing is asked yet."""
        self._client = client
        self._known: Workspace | None = None
        self._asking = threading.Lock()

    def find(self, enterprise: str | None, team: str | None) -> Workspace | None:
        """The workspace of the token, if it is the one that is asked for.

        Raises:
            SlackApiError: Slack does not accept the token.
        """
        with self._asking:
            self._known = known = self._known or self._ask()
        ours = known.team == team or (known.team is None and known.enterprise == enterprise)
        return known if ours else None

    def _ask(self) -> Workspace:
        told = self._client.auth_test().data
        assert isinstance(told, dict)  # noqa: S101 - only the download of files gives bytes
        team = None if told.get("is_enterprise_install") else told["team_id"]
        token = self._client.token or ""
        return Workspace(team, told.get("enterprise_id"), token, told["user_id"], told.get("bot_id"))


_SAVE = """
INSERT INTO nlq.slack_installations (enterprise, team, secret) VALUES (%s, %s, %s)
ON CONFLICT (enterprise, team)
DO UPDATE SET secret = excluded.secret, installed_at = now(), removed_at = NULL
"""
_FIND = """
SELECT secret FROM nlq.slack_installations
WHERE secret IS NOT NULL AND ((enterprise, team) = (%(enterprise)s, %(team)s)
      OR (%(enterprise)s <> '' AND (enterprise, team) = (%(enterprise)s, '')))
ORDER BY team DESC LIMIT 1
"""
_REMOVE = """
UPDATE nlq.slack_installations SET secret = NULL, removed_at = now() WHERE (enterprise, team) = (%s, %s)
"""


class Installations(InstallationStore):
    """Workspaces that installed the app: their tokens stand encrypted in the database.

    Every method raises `DatabaseUnavailable` if the database cannot be reached.
    """

    def __init__(self, pool: ConnectionPool, ciphers: MultiFernet, allowed: Collection[str]) -> None:
        """Work over `pool`, the writer's; `allowed` are the ids of workspaces that may install the app."""
        self._pool, self._ciphers, self._allowed = pool, ciphers, allowed

    def save(self, installation: Installation) -> None:
        """Keep `installation`; it takes the place of an earlier one of the same workspace.

        Raises:
            BoltError: the workspace is not one that may install the app.
        """
        which = installation.enterprise_id if installation.is_enterprise_install else installation.team_id
        if which not in self._allowed:
            raise BoltError(f"The workspace {which} is not in NLQ_SLACK_WORKSPACES.")
        facts = {
            "team": None if installation.is_enterprise_install else installation.team_id,
            "enterprise": installation.enterprise_id,
            "token": installation.bot_token,
            "bot_user": installation.bot_user_id,
            "bot_id": installation.bot_id,
        }
        secret = self._ciphers.encrypt(json.dumps(facts).encode()).decode()
        with transaction(self._pool) as connection:
            connection.execute(_SAVE, (facts["enterprise"] or "", facts["team"] or "", secret))

    def find(self, enterprise: str | None, team: str | None) -> Workspace | None:
        """The workspace, its own installation before that of its organisation; None without one.

        One that none of the keys decrypts counts as not installed.
        """
        with transaction(self._pool) as connection:
            row = connection.execute(_FIND, {"enterprise": enterprise or "", "team": team or ""}).fetchone()
        return Workspace(**facts) if row and (facts := self._decrypted(row[0])) else None

    def remove(self, enterprise: str | None, team: str | None) -> None:
        """Forget the token of a workspace that the app was taken out of."""
        with transaction(self._pool) as connection:
            connection.execute(_REMOVE, (enterprise or "", team or ""))

    def _decrypted(self, secret: str) -> Mapping[str, Any] | None:
        try:
            facts: Mapping[str, Any] = json.loads(self._ciphers.decrypt(secret))
        except InvalidToken:
            return None
        return facts


class States(OAuthStateStore):
    """The state of an installation under way: a text that only we can write, for ten minutes."""

    def __init__(self, ciphers: MultiFernet) -> None:
        self._ciphers = ciphers

    def issue(self, *args: object, **kwargs: object) -> str:
        """A new state."""
        return self._ciphers.encrypt(b"slack").decode()

    def consume(self, state: str) -> bool:
        """Whether `state` is one of ours and young enough; Bolt ties it to the browser by a cookie."""
        try:
            self._ciphers.decrypt(state or "", ttl=_STATE_S)
        except InvalidToken:
            return False
        return True


def ciphers(keys: tuple[str, ...]) -> MultiFernet:
    """The keys of the settings as one cipher; the first encrypts, all decrypt."""
    return MultiFernet([Fernet(key) for key in keys])
