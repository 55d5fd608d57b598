"""The embedded language model: it answers where no other model is named."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

from nlq.embedded.shared import SharedChild
from nlq.errors import ModelUnavailable

SLOTS = 2
"""Questions that are answered at the same time."""
CONTEXT = 6144
"""Tokens of a prompt and its answer together."""

_START_S = 180.0
"""A slow disk reads the weights in half a minute."""


@dataclass(frozen=True)
class ModelEndpoint:
    """Where a running embedded model is reached: an OpenAI interface on loopback with a key of its own."""

    base_url: str
    """Ends with `/v1`, as OpenAI clients want it."""
    api_key: str
    model: str
    """What answers and the history call it: the name of its file without the ending."""
    home: Path
    slots: int
    context: int
    build: str
    """Changes with everything that a saved prompt state depends on, but the prompt."""

    def __repr__(self) -> str:
        """Without the key, which must not get into a log."""
        return f"ModelEndpoint({self.base_url}, {self.model})"

    @property
    def states(self) -> Path:
        """The folder where the server keeps prompt states."""
        return states_folder(self.home)


def states_folder(home: Path) -> Path:
    """Where the models of `home` keep prompt states."""
    return home / "cache" / "prompts"


class EmbeddedModel:
    """A hold on the model server of `home` and `weights`, which all processes with the same two share.

    The first `start` loads the weights (1.5 s once the file is in the page cache); the last `stop` ends the
    server, and so does the death of its last user, by `kill -9` too. Where the server has died, `start`
    starts it again; the endpoint is another one then.
    """

    def __init__(self, home: Path, weights: Path, slots: int = SLOTS, context: int = CONTEXT) -> None:
        self._home = home
        self._weights = weights.resolve()
        self._slots = slots
        self._context = context
        self._build = _build(self._weights, slots, context)
        name = f"model-{self._build[:12]}"
        self._child = SharedChild(home, name, "nlq.embedded.model_server", _START_S)

    def running(self) -> bool:
        """Whether the server runs, started by whomever."""
        return self._child.running()

    def start(self) -> ModelEndpoint:
        """Start the server or attach to the running one.

        Raises:
            NlqError: it cannot be started; the message says why.
        """
        if not self._weights.is_file():
            raise ModelUnavailable(
                f"The model's file {self._weights} is not there. `nlq model fetch` fetches it, "
                "or set NLQ_MODEL to a .gguf file."
            )
        facts = self._child.start(
            {
                "weights": str(self._weights),
                "states": str(states_folder(self._home)),
                "slots": self._slots,
                "context": self._context,
            }
        )
        return ModelEndpoint(
            base_url=facts["base_url"],
            api_key=facts["api_key"],
            model=self._weights.stem,
            home=self._home,
            slots=self._slots,
            context=self._context,
            build=self._build,
        )

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


def _build(weights: Path, slots: int, context: int) -> str:
    """A hash of the weights, of how they are loaded and of the program that runs them."""
    stat = weights.stat() if weights.exists() else None
    identity = (str(weights), stat.st_size, stat.st_mtime_ns) if stat else (str(weights),)
    parts = (*identity, slots, context, version("xllamacpp"))
    return hashlib.sha256(repr(parts).encode()).hexdigest()
