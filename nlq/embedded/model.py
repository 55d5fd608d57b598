"""The embedded model: it starts by itself where no other model is named."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from nlq.embedded.model_server import CONTEXT, SLOTS, states
from nlq.embedded.progress import Report, Step
from nlq.embedded.shared import SharedChild
from nlq.embedded.weights import Weights
from nlq.errors import ModelUnavailable

_START_S = 120.0
_WARM_S = 300.0
_SLOT_STATE = ".slot"


@dataclass(frozen=True)
class ModelEndpoint:
    """Where the embedded model speaks the OpenAI API, on this machine only."""

    base_url: str
    api_key: str
    model: str


@contextmanager
def running(home: Path, weights: Weights) -> Iterator[ModelEndpoint]:
    """The model of `home`, which all processes with the same home share; it ends after its last user.

    Raises:
        NlqError: it cannot be started; the message says why.
    """
    child = SharedChild(home, "model", "nlq.embedded.model_server", _START_S)
    facts = child.start({"weights": str(weights.path), "name": weights.name})
    try:
        yield ModelEndpoint(facts["base_url"], facts["api_key"], weights.name)
    finally:
        child.stop()


def warm(endpoint: ModelEndpoint, home: Path, identity: str, static_prompt: str, report: Report) -> None:
    """Put the state of the system message `static_prompt` into every slot of the server.

    From a file that an earlier call wrote this takes milliseconds; without one the prompt is evaluated
    (about 60 tokens a second on two cores) and the file written. States of other prompts are deleted.

    Args:
        endpoint: the running model.
        home: where states are kept.
        identity: changes when the weights do.
        static_prompt: the system message of every question.
        report: is told when this takes long.

    Raises:
        ModelUnavailable: the server does not answer.
    """
    name = _state_name(identity, static_prompt)
    with _client(endpoint) as client:
        if not all(_restored(client, slot, name) for slot in range(SLOTS)):
            report(Step("Preparing the model for this catalogue (up to a minute, once)"))
            _evaluate(client, endpoint.model, static_prompt)
            _post(client, "/slots/0?action=save", {"filename": name})
            for slot in range(1, SLOTS):
                _post(client, f"/slots/{slot}?action=restore", {"filename": name})
    for old in states(home).glob(f"*{_SLOT_STATE}"):
        if old.name != name:
            old.unlink(missing_ok=True)


def healthy(endpoint: ModelEndpoint) -> bool:
    """Whether the server answers."""
    try:
        with _client(endpoint) as client:
            return client.get("/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _state_name(identity: str, static_prompt: str) -> str:
    parts = (identity, version("xllamacpp"), str(CONTEXT), static_prompt)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24] + _SLOT_STATE


def _client(endpoint: ModelEndpoint) -> httpx.Client:
    return httpx.Client(
        base_url=endpoint.base_url.removesuffix("/v1"),
        headers={"Authorization": f"Bearer {endpoint.api_key}"},
        timeout=_WARM_S,
        trust_env=False,
    )


def _restored(client: httpx.Client, slot: int, name: str) -> bool:
    """Whether the slot took the saved state; a missing or damaged file says no."""
    try:
        reply = client.post(f"/slots/{slot}?action=restore", json={"filename": name})
        return reply.is_success and reply.json().get("n_restored", 0) > 0
    except (httpx.HTTPError, ValueError):
        return False


def _evaluate(client: httpx.Client, model: str, static_prompt: str) -> None:
    messages = [{"role": "system", "content": static_prompt}, {"role": "user", "content": "Question:"}]
    asked = {"model": model, "messages": messages, "max_tokens": 1, "id_slot": 0, "cache_prompt": True}
    _post(client, "/v1/chat/completions", asked)


def _post(client: httpx.Client, path: str, content: dict[str, Any]) -> None:
    try:
        client.post(path, json=content).raise_for_status()
    except httpx.HTTPStatusError as error:
        said = error.response.text[:300]
        raise ModelUnavailable(f"The embedded model refused to prepare its prompt: {said}") from error
    except httpx.HTTPError as error:
        raise ModelUnavailable(f"The embedded model does not answer: {error}") from error
