"""Who asks, and whether they may."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from nlq.question import Question, SlackPlace
from nlq.settings import SlackSettings
from nlq.slack.job import Job

T = TypeVar("T")

_REMEMBERED_S = 300.0
_DIRECT = "dm"
_WHO_HELPS = "Please ask who runs this app."


@dataclass(frozen=True)
class Person:
    """Somebody in a workspace.

    `name` is what the history and the access file call them, `groups` are those of the user groups in the
    settings that they are in.
    """

    id: str
    name: str
    guest: bool = False
    gone: bool = False
    groups: tuple[str, ...] = ()

    def asking(self, place: SlackPlace, text: str = "", conversation_id: uuid.UUID | None = None) -> Question:
        """A question of this person at `place`; without a text, what they may see there goes by it."""
        return Question(text, conversation_id, "slack", self.name, self.groups, place)


class People:
    """Looks people up, and remembers them for five minutes."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        self._remembered: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def find(self, client: WebClient, team: str, person: str) -> Person:
        """The person `person` of the workspace `team`.

        Their name is the e-mail address, which names them in every channel, or else workspace and id.
        Addresses can be relied on because every workspace that may ask is one of ours.

        Raises:
            SlackApiError: Slack does not tell.
        """
        return self._once(("person", team, person), lambda: self._ask(client, team, person))

    def refusal(self, client: WebClient, job: Job) -> str | None:
        """Why the person of `job` may not ask there, as a sentence; None if they may."""
        allowed = self._settings
        if allowed.workspaces and job.team not in allowed.workspaces:
            return "I don't answer in this workspace."
        if job.asker_team and job.asker_team != job.team and not job.asker_team.startswith("E"):
            return "I only answer people of this workspace."
        place = _DIRECT if job.direct else job.channel
        if allowed.channels and place not in allowed.channels:
            return f"I don't answer here. Please ask me in {_places(allowed.channels)}."
        try:
            person = self.find(client, job.team, job.asker)
        except SlackApiError:
            return f"Slack does not tell me who you are. {_WHO_HELPS}"
        if person.gone:
            return "I only answer people."
        if allowed.user_groups:
            return None if person.groups else f"You are not in a group that may ask me. {_WHO_HELPS}"
        return f"I don't answer guests. {_WHO_HELPS}" if person.guest else None

    def _ask(self, client: WebClient, team: str, person: str) -> Person:
        user = client.users_info(user=person)["user"]
        email = user.get("profile", {}).get("email")
        return Person(
            id=person,
            name=email or f"slack:{team}/{person}",
            guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            gone=bool(user.get("deleted") or user.get("is_bot")),
            groups=tuple(g for g in self._settings.user_groups if person in self._members(client, team, g)),
        )

    def _members(self, client: WebClient, team: str, group: str) -> frozenset[str]:
        def ask() -> frozenset[str]:
            return frozenset(client.usergroups_users_list(usergroup=group, team_id=team)["users"])

        return self._once(("group", team, group), ask)

    def _once(self, key: tuple[str, ...], ask: Callable[[], T]) -> T:
        with self._lock:
            when, known = self._remembered.get(key, (float("-inf"), None))
        if time.monotonic() - when < _REMEMBERED_S:
            return known  # type: ignore[no-any-return]  # it was put there under this key
        found = ask()
        with self._lock:
            self._remembered[key] = (time.monotonic(), found)
        return found


def _places(channels: tuple[str, ...]) -> str:
    named = ["a direct message" if channel == _DIRECT else f"#{channel}" for channel in channels]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
