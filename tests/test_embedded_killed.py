"""The embedded model and the embedded PostgreSQL killed under a service that uses them: it helps itself."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from nlq.embedded.shared import runs
from tests.serving import Served, serving
from tests.test_end_to_end import HOME

pytestmark = pytest.mark.model

HAPPY = "How chuffed were our customers in {}?"
"""A question whose KPI the model chooses."""
START_S, PATIENCE_S = 300.0, 120.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own, with the weights of all tests."""
    folder = tmp_path_factory.mktemp("home")
    folder.chmod(0o755)
    for kept in ("models", "cache"):
        (HOME / kept).mkdir(parents=True, exist_ok=True)
        (folder / kept).symlink_to(HOME / kept)
    return folder


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    """A service with everything that is embedded; of what it started nothing runs on at the end."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("NLQ_", "OPENAI_"))}
    environ = {**ours, "NLQ_HOME": str(home), "NLQ_TIMEZONE": "UTC"}
    with serving(environ, START_S) as running:
        yield running
        started = [find(home) for find in (the_model, the_supervisor_of_postgresql, postmaster)]
        running.stop()
        assert running.process.returncode == 0
    assert not any(runs(home, name) for name in ("postgres", model(home)))
    deadline = time.monotonic() + PATIENCE_S
    while any(map(lives, started)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def lives(process: int) -> bool:
    """Whether the process runs; one that ended and was not waited for yet does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def model(home: Path) -> str:
    return next(path.stem for path in (home / "run").glob("model-*.alive"))


def facts(home: Path, name: str) -> dict[str, int]:
    found: dict[str, int] = json.loads((home / "run" / f"{name}.json").read_text())
    return found


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def the_model(home: Path) -> int:
    return facts(home, model(home))["pid"]


def the_supervisor_of_postgresql(home: Path) -> int:
    return facts(home, "postgres")["pid"]


@contextmanager
def asked(served: Served, text: str) -> Iterator[Iterator[tuple[str, dict[str, object]]]]:
    """A question as it is worked on: names of events, and what they say."""
    headers, body = {"Accept": "text/event-stream"}, {"question": text}
    url = f"{served.url}/api/v1/ask"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=PATIENCE_S) as stream:
        yield events(stream)


def events(stream: httpx.Response) -> Iterator[tuple[str, dict[str, object]]]:
    name = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def answer(served: Served, text: str) -> dict[str, object]:
    reply = httpx.post(f"{served.url}/api/v1/ask", json={"question": text}, timeout=PATIENCE_S)
    said: dict[str, object] = reply.json()
    return said


def until_answered(served: Served, text: str) -> dict[str, object]:
    """The answer to `text`, asked again and again until there is one: whoever asks need not do more."""
    deadline = time.monotonic() + PATIENCE_S
    while (said := answer(served, text)).get("status") != "answered":
        assert said.get("text") or said.get("detail"), said
        assert time.monotonic() < deadline, (said, served.log.read_text())
        time.sleep(0.5)
    return said


def written(served: Served, query_id: object) -> tuple[str, bool]:
    entry = httpx.get(f"{served.url}/api/v1/history/{query_id}", timeout=PATIENCE_S).json()
    return entry["status"], entry["successful"]


@pytest.mark.parametrize("process", [the_model, postmaster, the_supervisor_of_postgresql])
def test_a_part_that_is_killed_while_nobody_asks_is_started_again(
    served: Served, home: Path, process: Callable[[Path], int]
) -> None:
    until_answered(served, HAPPY.format(2024))
    killed = process(home)
    os.kill(killed, signal.SIGKILL)
    said = until_answered(served, HAPPY.format(2025))
    assert written(served, said["id"]) == ("answered", True)
    assert process(home) != killed
    assert httpx.get(f"{served.url}/readyz", timeout=PATIENCE_S).json()["ok"] is True


@pytest.mark.parametrize("process", [the_model, postmaster])
def test_a_question_whose_part_is_killed_ends_clearly_and_the_next_one_is_answered(
    served: Served, home: Path, process: Callable[[Path], int]
) -> None:
    until_answered(served, HAPPY.format(2024))
    text = f"{HAPPY.format(2023)} {process.__name__}"
    with asked(served, text) as told:
        for event, said in told:
            if said.get("stage") == "llm":
                os.kill(process(home), signal.SIGKILL)
            ending = event, said
    assert ending[0] == "answer"
    assert ending[1]["text"]
    until_answered(served, HAPPY.format(2025))
    rows = httpx.get(f"{served.url}/api/v1/history", params={"text": text}).json()["entries"]
    assert [row["id"] for row in rows] == [ending[1]["id"]]
    assert [row["status"] for row in rows] == [ending[1]["status"]]
    assert [row["successful"] for row in rows] == [ending[1]["status"] == "answered"]
