"""The child process that runs the embedded model; see `nlq.embedded.model` for its users' side."""

import errno
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nlq.embedded import supervise
from nlq.embedded.machine import cores
from nlq.errors import ModelUnavailable

SLOTS = 2
"""Questions that are worked on at the same time."""
CONTEXT = 6144
"""Tokens of one slot: the static prompt of a few hundred KPIs, a question and a reply."""
_KEY_BYTES = 24
_LEAVE_AFTER_S = 1.0


@contextmanager
def run(home: Path, config: Mapping[str, Any]) -> Iterator[supervise.Service]:
    """Run the model in the file `config["weights"]`; its facts are `base_url` and `api_key`."""
    import xllamacpp

    key = secrets.token_urlsafe(_KEY_BYTES)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = config["weights"]
    parameters.model_alias = {config["name"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT
    parameters.cpuparams.n_threads = cores()
    parameters.cpuparams_batch.n_threads = cores()
    parameters.cache_idle_slots = False
    parameters.cache_ram_mib = 0
    parameters.slot_save_path = str(states(home)) + "/"
    parameters.fit_params = False
    states(home).mkdir(parents=True, exist_ok=True)
    try:
        server = xllamacpp.Server(parameters)
    except Exception as error:
        raise ModelUnavailable(
            f"The embedded model cannot be started from {config['weights']}: {_said(error)}. Free some "
            "memory, fetch it anew with nlq model fetch, or name another model (NLQ_MODEL, OPENAI_BASE_URL)."
        ) from error
    yield supervise.Service({"base_url": f"{server.listening_address}/v1", "api_key": key}, lambda: True)
    _leave_even_if_the_server_does_not()


def states(home: Path) -> Path:
    """The folder of saved prompt states."""
    return home / "cache" / "prompts"


def _leave_even_if_the_server_does_not() -> None:
    """End this process a moment after its lock is dropped: the server's threads know no end of their own."""
    timer = threading.Timer(_LEAVE_AFTER_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _said(error: Exception) -> str:
    return os.strerror(errno.ENOMEM) if isinstance(error, MemoryError) else str(error).rstrip(".")


if __name__ == "__main__":
    supervise.main(run)
    os._exit(0)
