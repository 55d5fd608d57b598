"""Where the embedded model is reached, and what every part of it has to agree on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SLOTS = 2
"""Questions that are worked on at the same time."""
CONTEXT = 6144
"""Tokens of one slot: the static prompt of a few hundred KPIs, a question and a reply."""


@dataclass(frozen=True)
class ModelEndpoint:
    """Where the embedded model speaks the OpenAI API, on this machine only."""

    base_url: str
    """Ends with `/v1`, as OpenAI clients want it."""
    api_key: str
    model: str

    def __repr__(self) -> str:
        """Without the key, which must not get into a log."""
        return f"ModelEndpoint({self.base_url}, {self.model})"

    @contextmanager
    def client(self, timeout_s: float) -> Iterator[httpx.Client]:
        """A connection to the server's own interface, below which `/v1` lies."""
        with httpx.Client(
            base_url=self.base_url.removesuffix("/v1"),
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10)),
            trust_env=False,
        ) as client:
            yield client


def states(home: Path) -> Path:
    """The folder of saved prompt states."""
    return home / "cache" / "prompts"
