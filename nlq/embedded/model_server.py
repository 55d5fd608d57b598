"""The child process that runs the embedded model; see `nlq.embedded.model` for its users' side."""

import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xllamacpp

from nlq.embedded import supervise
from nlq.embedded.machine import MB, free_memory, physical_cores
from nlq.embedded.model_endpoint import CONTEXT, SLOTS, states
from nlq.errors import ModelUnavailable

_HOST = "127.0.0.1"
_MEMORY_BESIDE_WEIGHTS = 500 * MB
"""The least that contexts and work take beside any model's weights."""


@contextmanager
def run(home: Path, config: Mapping[str, Any]) -> Iterator[supervise.Service]:
    """Run the weights of `config`; its facts are `base_url` and `api_key`, those of `config` if any."""
    os.umask(0o077)
    weights = Path(config["weights"])
    _require_memory(weights)
    _require_port()
    key = config.get("api_key") or secrets.token_urlsafe(32)
    parameters = _parameters(weights, config["name"], states(home), key)
    parameters.port = config.get("port") or 0
    server = _server(parameters, weights)
    yield supervise.Service(
        {"base_url": f"{server.listening_address}/v1", "api_key": key}, healthy=lambda: True
    )


def _parameters(weights: Path, name: str, states_folder: Path, key: str) -> xllamacpp.CommonParams:
    states_folder.mkdir(parents=True, exist_ok=True)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {name}
    parameters.hostnames = [_HOST]
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.offline = True
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT
    parameters.fit_params = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = physical_cores()
    parameters.slot_save_path = f"{states_folder}{os.sep}"
    parameters.cache_idle_slots = False  # else a slot forgets the static prompt as soon as it is idle
    parameters.cache_ram_mib = 0
    parameters.verbosity = 1  # errors alone; more would write what people ask into the log
    return parameters


def _server(parameters: xllamacpp.CommonParams, weights: Path) -> xllamacpp.Server:
    """Load the weights and listen; a reason why not is then in the log, which is shown."""
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError:
        raise SystemExit(
            f"{weights} cannot be run. Delete it to have it fetched again, or name another file in NLQ_MODEL."
        ) from None


def _require_memory(weights: Path) -> None:
    needed, free = weights.stat().st_size + _MEMORY_BESIDE_WEIGHTS, free_memory()
    if free is not None and free < needed:
        raise ModelUnavailable(
            f"The model {weights.name} needs at least {needed / MB:.0f} MB of memory and {free / MB:.0f} MB "
            "are free. Stop other programs, name a smaller model in NLQ_MODEL, or use one elsewhere "
            "(OPENAI_BASE_URL)."
        )


def _require_port() -> None:
    try:
        with socket.create_server((_HOST, 0)):
            pass
    except OSError as error:
        raise ModelUnavailable(
            f"The embedded model finds no free port on {_HOST}: {error.strerror}. Stop programs that keep "
            "many connections open, or use a model elsewhere (OPENAI_BASE_URL)."
        ) from error


if __name__ == "__main__":
    supervise.main(run)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # at once, also while an answer is being written
