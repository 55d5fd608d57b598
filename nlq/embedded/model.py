"""The embedded model: it starts by itself where no other model is named."""

from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from nlq.embedded.model_endpoint import CONTEXT, SLOTS, ModelEndpoint
from nlq.embedded.progress import Report
from nlq.embedded.prompt_cache import PromptCache
from nlq.embedded.shared import SharedChild
from nlq.embedded.weights import Weights, server_name
from nlq.errors import ModelUnavailable

__all__ = ["CONTEXT", "SLOTS", "EmbeddedModel", "ModelEndpoint", "healthy", "running", "warm"]

_START_S = 180.0
"""A slow disk reads the weights in half a minute."""


class EmbeddedModel:
    """A hold on the server of `weights`, which all processes with the same home share.

    The first `start` loads the weights (1.5 s once the file is in the page cache); the last `stop` ends the
    server, and so does the death of its last user, by `kill -9` too. Where the server has died, `start`
    starts it again, at the same address and with the same key.
    """

    def __init__(self, home: Path, weights: Weights) -> None:
        self._home = home
        self._weights = weights
        self._child = SharedChild(home, server_name(weights.identity), "nlq.embedded.model_server", _START_S)
        self._known: dict[str, Any] = {}
        """Address and key, once it was started."""
        self.label = self._child.label

    def runs(self) -> bool:
        """Whether the server lives."""
        return self._child.runs()

    def start(self) -> ModelEndpoint:
        """Start the server or attach to the running one.

        Raises:
            NlqError: it cannot be started; the message says why.
        """
        if not self._weights.path.is_file():
            raise ModelUnavailable(
                f"The model's file {self._weights.path} is not there. `nlq model fetch` fetches it, "
                "or set NLQ_MODEL to a .gguf file."
            )
        config = {"weights": str(self._weights.path), "name": self._weights.name, **self._known}
        facts = self._child.start(config)
        self._known = {"port": urlsplit(facts["base_url"]).port, "api_key": facts["api_key"]}
        return ModelEndpoint(facts["base_url"], facts["api_key"], self._weights.name)

    def stop(self) -> None:
        """Let go of the server; returns when it has ended, unless somebody else uses it."""
        self._child.stop()

    def __enter__(self) -> ModelEndpoint:
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


def running(home: Path, weights: Weights) -> EmbeddedModel:
    """A context in which the model of `home` runs; it ends after its last user.

    Entering it raises an `NlqError` that says why, where the model cannot be started.
    """
    return EmbeddedModel(home, weights)


def warm(endpoint: ModelEndpoint, home: Path, identity: str, static_prompt: str, report: Report) -> None:
    """Get the model ready for questions whose system message is `static_prompt`; see `PromptCache.warm`.

    Args:
        endpoint: the running model.
        home: where states are kept.
        identity: changes when the weights do.
        static_prompt: the system message of every question.
        report: is told when this takes long.

    Raises:
        ModelUnavailable: the server does not answer, or the prompt is too long for it.
    """
    PromptCache(endpoint, home, identity, static_prompt).warm(report)


def healthy(endpoint: ModelEndpoint) -> bool:
    """Whether the server answers."""
    try:
        with endpoint.client(timeout_s=2) as client:
            return client.get("/health").is_success
    except httpx.HTTPError:
        return False
