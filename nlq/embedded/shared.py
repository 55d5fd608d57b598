"""A child process that several processes share: the first one starts it, it ends after the last one.

Three locks below `NLQ_HOME/run`, all dropped by the kernel when their holder dies: every user holds `users`
shared, the child holds `alive` as long as it lives and ends as soon as it can have `users` for itself,
and `start` makes two starts at once run one after the other. So nothing is left behind after a crash,
a signal or `kill -9`, and no process id is ever trusted.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlq.embedded.lease import Lease, is_free
from nlq.errors import NlqError

_LOG_LINES = 5
"""How much of the log an error shows."""


@dataclass(frozen=True)
class Files:
    """Where a shared child and its users meet."""

    home: Path
    name: str
    """What it is, and after a hyphen which one where there can be several."""

    @property
    def label(self) -> str:
        """What messages call the child."""
        return f"embedded {self.name.partition('-')[0]}"

    @property
    def run(self) -> Path:
        """The folder of locks and facts; only its owner can read it."""
        return self.home / "run"

    @property
    def start(self) -> Path:
        """Lock: somebody is starting the child or attaching to it."""
        return self.run / f"{self.name}.start"

    @property
    def users(self) -> Path:
        """Lock: somebody uses the child."""
        return self.run / f"{self.name}.users"

    @property
    def alive(self) -> Path:
        """Lock: the child lives."""
        return self.run / f"{self.name}.alive"

    @property
    def facts(self) -> Path:
        """What the child tells its users: its address and what else they need."""
        return self.run / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """What the child writes."""
        return self.home / "logs" / f"{self.name}.log"

    def prepare(self) -> None:
        """Make the folders."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)
        self.log.parent.mkdir(exist_ok=True)


def runs(home: Path, name: str) -> bool:
    """Whether the child `name` of `home` lives, started by whomever."""
    alive = Files(home, name).alive
    return alive.exists() and not is_free(alive)


class SharedChild:
    """One user's hold on the child that runs `module`, a module that calls `supervise.main`."""

    def __init__(self, home: Path, name: str, module: str, timeout_s: float) -> None:
        self._files = Files(home, name)
        self._module = module
        self._timeout_s = timeout_s
        self._users = Lease(self._files.users)
        self._holder: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def label(self) -> str:
        """What messages call the child."""
        return self._files.label

    def runs(self) -> bool:
        """Whether the child lives."""
        return runs(self._files.home, self._files.name)

    def start(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Attach to the running child, or start it with `config`, and return its facts.

        Where it has died since, it is started again.

        Raises:
            NlqError: it cannot be started; the message says why.
        """
        self._prepare()
        with Lease(self._files.start):
            self._users.take(shared=True)
            self._holder = os.getpid()
            try:
                return self._attach() or self._spawn(config)
            except BaseException:
                self._let_go()
                raise

    def stop(self) -> None:
        """Let go of the child; if nobody else uses it, wait until it has ended.

        Does nothing in a process that was forked from the one that started it.
        """
        if self._holder != os.getpid():
            return
        last = self._users.take(wait=False)
        self._let_go()
        if last:
            self._wait_for_end()
        if self._process:
            self._process.poll()

    def _prepare(self) -> None:
        try:
            self._files.prepare()
        except OSError as error:
            raise NlqError(
                f"The folder {self._files.home} cannot be used: {error.strerror}. Set NLQ_HOME to another."
            ) from error

    def _attach(self) -> Mapping[str, Any] | None:
        """The facts of the running child; None if none runs, after the end of one that is ending."""
        deadline = time.monotonic() + self._timeout_s
        while self.runs():
            with contextlib.suppress(FileNotFoundError):
                facts: Mapping[str, Any] = json.loads(self._files.facts.read_text())
                return facts
            if time.monotonic() > deadline:
                raise NlqError(self._failure("is ending and does not come to its end"))
            time.sleep(0.02)
        return None

    def _spawn(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start the child and wait for its facts, or for why there are none."""
        if self._process:
            self._process.poll()
        self._files.facts.unlink(missing_ok=True)
        with self._files.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._send(self._process, config)
            return self._await_facts(self._process)
        except BaseException:
            _end(self._process)
            raise

    def _send(self, process: subprocess.Popen[bytes], config: Mapping[str, Any]) -> None:
        """Hand the configuration over where no other user of the machine can read it."""
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        order = {"home": str(self._files.home), "name": self._files.name, "config": dict(config)}
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(json.dumps(order).encode())

    def _await_facts(self, process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._timeout_s
        while not self._files.facts.exists():
            if process.poll() is not None and not self._files.facts.exists():
                raise NlqError(self._failure("ended while it started"))
            if time.monotonic() > deadline:
                raise NlqError(self._failure(f"did not start within {self._timeout_s:.0f} seconds"))
            time.sleep(0.02)
        facts: Mapping[str, Any] = json.loads(self._files.facts.read_text())
        if "error" in facts:
            self._files.facts.unlink()
            raise NlqError(facts["error"])
        return facts

    def _failure(self, what: str) -> str:
        lines = self._files.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        said = " It said: " + " / ".join(lines) if lines else ""
        return f"The {self._files.label} {what}; see {self._files.log}.{said}"

    def _let_go(self) -> None:
        self._users.release()
        self._holder = None

    def _wait_for_end(self, timeout_s: float = 40.0, takeover_s: float = 2.0) -> None:
        """Wait for the child's end; no longer than `takeover_s` if somebody attached in the meantime."""
        began = time.monotonic()
        while self.runs() and (waited := time.monotonic() - began) < timeout_s:
            if waited > takeover_s and self._files.facts.exists():
                return
            time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """End a child that did not start."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
