"""`nlq serve` as a process of its own, over a real database and a scripted model."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import Database
from tests.scripted import Script

_START_S = 60
_END_S = 40


@dataclass(frozen=True)
class Served:
    """A service that answers at `url`."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    """What it writes to standard error."""

    def kill(self) -> None:
        """End parent and worker as `kill -9` does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_END_S)

    def stop(self) -> None:
        """Let it end as it wants to; wait until it has."""
        self.process.terminate()
        self.process.wait(_END_S)


def environment(database: Database, model: Script, home: Path, **settings: str) -> dict[str, str]:
    """The variables of a service over `database` and `model`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("NLQ_", "OPENAI_"))}
    return {
        **ours,
        "NLQ_HOME": str(home),
        "NLQ_READER_URL": database.reader_url,
        "NLQ_WRITER_URL": database.writer_url,
        "NLQ_MODEL": "scripted",
        "OPENAI_BASE_URL": model.base_url,
        "NLQ_TIMEZONE": "UTC",
        **settings,
    }


@contextmanager
def serving(environ: Mapping[str, str], start_s: float = _START_S) -> Iterator[Served]:
    """Serve with the variables `environ`, on a port that is free; nothing of it is left at the end."""
    log = Path(environ["NLQ_HOME"]) / "serve.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", "from nlq.cli import main; main()", "serve", "--port", "0"],
            env=dict(environ),
            stderr=file,
            start_new_session=True,
        )
    try:
        yield Served(_address(process, log, start_s), process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_END_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _address(process: "subprocess.Popen[bytes]", log: Path, start_s: float) -> str:
    """Where the service says that it answers."""
    deadline = time.monotonic() + start_s
    while not (ready := re.search(r"^Ready: (\S+)$", log.read_text(), re.MULTILINE)):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return ready[1]
