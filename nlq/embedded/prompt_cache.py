"""The static prompt of the embedded model, evaluated once and then kept.

Two thousand tokens take half a minute to evaluate on two cores. So the server's state after the part of the
prompt that never changes is saved to a file, under a name that says what it depends on, and put into a slot
of the server before each question (15 ms); only what follows it is then evaluated.
"""

import hashlib
import os
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from nlq.embedded.lease import Lease
from nlq.embedded.model_endpoint import CONTEXT, SLOTS, ModelEndpoint, states
from nlq.embedded.progress import Report, Step
from nlq.embedded.weights import server_name
from nlq.errors import ModelUnavailable

_KEPT = 3
"""State files that stay: the prompts used last, as long as a changing catalogue needs both old and new."""
_WARM_S = 900.0
_LOOK_EVERY_S = 0.02
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the question; no prompt holds it."""


class PromptCache:
    """The state of an endpoint after `static_prompt`, the system message of every question.

    Ask a question, system message and one message of the user, so:

        with cache.slot(timeout_s=60) as fields:
            ...post the messages to `/v1/chat/completions` with `fields` added to the request's body...
    """

    def __init__(self, endpoint: ModelEndpoint, home: Path, identity: str, static_prompt: str) -> None:
        self._endpoint = endpoint
        self._states = states(home)
        self._run = home / "run"
        self._server = server_name(identity)
        self._static_prompt = static_prompt
        self._key = _key(identity, static_prompt)

    def warm(self, report: Report) -> None:
        """Evaluate the prompt, unless a state file has it, and put it into every slot that is free.

        A damaged state file is deleted, and so are those of prompts of the past.

        Raises:
            ModelUnavailable: the server does not answer, or the prompt is too long for it.
        """
        self._states.mkdir(parents=True, exist_ok=True)
        with Lease(self._run / f"{self._server}.warm"), self._endpoint.client(_WARM_S) as client:
            with self._free_slot(_WARM_S) as slot:
                if not self._restored_from_checked_file(client, slot):
                    report(Step("Preparing the model for this catalogue (up to a minute, once)"))
                    self._evaluate(client, slot)
                    self._save(client, slot)
            self._fill_free_slots(client)
            self._delete_old_states()

    @contextmanager
    def slot(self, timeout_s: float) -> Iterator[Mapping[str, Any]]:
        """Hold a slot of the server, with the prompt in it, until the context ends.

        Yields the fields of the request's body that send it to that slot. Processes and threads that ask at
        the same time get a slot each, or wait. Without a state file the slot is as it was left.

        Raises:
            ModelUnavailable: no slot got free within `timeout_s`, or the server does not answer.
        """
        with self._free_slot(timeout_s) as slot:
            if state := self._state_file():
                with self._endpoint.client(timeout_s) as client:
                    self._restored(client, slot, state)
            yield {"id_slot": slot, "cache_prompt": True}

    @contextmanager
    def _free_slot(self, timeout_s: float) -> Iterator[int]:
        deadline = time.monotonic() + timeout_s
        while True:
            for number in random.sample(range(SLOTS), SLOTS):
                lease = self._slot_lease(number)
                if lease.take(wait=False):
                    try:
                        yield number
                    finally:
                        lease.release()
                    return
            if time.monotonic() > deadline:
                raise ModelUnavailable(
                    "The model is busy with other questions; please ask again in a moment."
                )
            time.sleep(_LOOK_EVERY_S)

    def _slot_lease(self, number: int) -> Lease:
        return Lease(self._run / f"{self._server}.slot{number}")

    def _state_file(self) -> Path | None:
        """A state file of the prompt; its name goes on with a hash of its content."""
        return next(self._states.glob(f"{self._key}-*.state"), None)

    def _restored_from_checked_file(self, client: httpx.Client, slot: int) -> bool:
        """Whether the slot now holds what the state file has; a damaged one is deleted."""
        state = self._state_file()
        if state is None:
            return False
        if state.name == self._name(state) and self._restored(client, slot, state):
            os.utime(state)
            return True
        state.unlink(missing_ok=True)
        return False

    def _restored(self, client: httpx.Client, slot: int, state: Path) -> bool:
        return _post(client, f"/slots/{slot}?action=restore", {"filename": state.name}).is_success

    def _evaluate(self, client: httpx.Client, slot: int) -> None:
        """Let the slot hold what every question begins with, as the model's own template writes it."""
        messages = [{"role": "system", "content": self._static_prompt}, {"role": "user", "content": _MARK}]
        written = _content(_post(client, "/apply-template", {"messages": messages}))["prompt"]
        prompt = written.partition(_MARK)[0]
        body = {"prompt": prompt, "n_predict": 0, "id_slot": slot, "cache_prompt": True}
        _content(_post(client, "/completion", body))

    def _save(self, client: httpx.Client, slot: int) -> None:
        draft = self._states / f"{uuid.uuid4().hex}.draft"
        _content(_post(client, f"/slots/{slot}?action=save", {"filename": draft.name}))
        draft.replace(self._states / self._name(draft))

    def _name(self, state: Path) -> str:
        """What a state file with this content is called."""
        with state.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{self._key}-{content[:16]}.state"

    def _fill_free_slots(self, client: httpx.Client) -> None:
        """Put the state also where nobody is asking just now, for requests that do not hold a slot."""
        state = self._state_file()
        for number in range(SLOTS):
            lease = self._slot_lease(number)
            if state and lease.take(wait=False):
                with lease:
                    self._restored(client, number, state)

    def _delete_old_states(self) -> None:
        newest_first = sorted(self._states.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in newest_first[_KEPT:]:
            file.unlink(missing_ok=True)


def _post(client: httpx.Client, path: str, body: Mapping[str, Any]) -> httpx.Response:
    try:
        return client.post(path, json=body)
    except httpx.HTTPError as error:
        raise ModelUnavailable(
            f"The embedded model does not answer ({error}); please restart the service."
        ) from error


def _content(reply: httpx.Response) -> Mapping[str, Any]:
    if reply.is_success:
        content: Mapping[str, Any] = reply.json()
        return content
    raise ModelUnavailable(f"The embedded model refused to prepare its prompt: {reply.text[:300]}")


def _key(identity: str, static_prompt: str) -> str:
    """A hash of everything that the state after the prompt depends on."""
    depends_on = (identity, version("xllamacpp"), SLOTS, CONTEXT, static_prompt)
    return hashlib.sha256(repr(depends_on).encode()).hexdigest()[:24]
