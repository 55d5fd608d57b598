"""What Slack asks of us, as it is written down until it is done."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Way(StrEnum):
    """How a request came in."""

    MENTION = "mention"
    FOLLOW_UP = "follow_up"
    """A reply in a thread of ours, without a mention."""
    DIRECT = "direct"
    ASSISTANT = "assistant"
    COMMAND = "command"
    SHORTCUT = "shortcut"
    PICKED = "picked"
    """A question that we offered under a message; its answer takes the place of that message."""
    EXAMPLE = "example"
    """A question picked in App Home."""
    EDIT = "edit"
    """The person changed the question."""
    DELETION = "deletion"
    """The person deleted the question."""
    VARIANT = "variant"
    """Another period or grouping of an answer."""
    RIGHT = "right"
    WRONG = "wrong"
    SQL = "sql"
    """The SQL of an answer, for one person."""
    CSV = "csv"
    """The rows of an answer as a file."""


@dataclass(frozen=True)
class Job:
    """One request. `key` is the same whenever Slack sends it again."""

    key: str
    way: Way
    team: str
    """Id of the workspace."""
    asker: str
    """Id of the person."""
    channel: str | None = None
    message: str | None = None
    """Timestamp of the message that asks; None where there is none, as for a command."""
    thread: str | None = None
    """Timestamp of the message whose thread the answer goes to; None starts a thread."""
    text: str = ""
    """The question."""
    enterprise: str | None = None
    """Id of the organisation, where the app is installed for a whole one."""
    asker_team: str | None = None
    """The workspace that the person belongs to, where Slack says so."""
    response_url: str | None = None
    """Address that takes a few replies where the app may not post."""
    replaces: str | None = None
    """Timestamp of a message of ours that the answer takes the place of."""
    query_id: int | None = None
    """The question that a button belongs to."""
    change: Mapping[str, str] | None = None
    """What a variant changes, `period` or `grouping`, and to what; or the number of the `choice` picked."""

    @property
    def direct(self) -> bool:
        """Whether nobody else reads along."""
        return self.channel is None or self.channel.startswith("D")

    def as_json(self) -> dict[str, Any]:
        """The request as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Job":
        """The request that `as_json` wrote."""
        return cls(**{**stored, "way": Way(stored["way"])})
