"""A message as it is sent: blocks, the text that a notification shows, and files."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
"""A Block Kit block as JSON."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message. `name` ends in what kind of file it is."""

    name: str
    title: str
    content: bytes
    alt_text: str | None = None
    """What an image shows, for those who cannot see it."""


@dataclass(frozen=True)
class Message:
    """What is sent. `text` is plain: it is escaped on its way out."""

    text: str
    blocks: tuple[Block, ...] = ()
    files: tuple[Attachment, ...] = ()
