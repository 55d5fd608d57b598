"""The service killed with `kill -9` at any moment of its questions, and told to stop while it works."""

import json
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from nlq.cancellation import Cancelled, Cause
from nlq.history import LEASE_S
from tests.postgres import Database
from tests.scripted import Script
from tests.serving import Served, environment, serving

KILLS = 50
AT_ONCE = 3
MODEL_S = 0.05


@dataclass
class Asked:
    """What a client saw of a question before its service died."""

    text: str
    id: int | None = None
    status: str | None = None


@pytest.fixture
def served(demo: Database, model: Script, tmp_path: Path) -> Iterator[Served]:
    model.replies, model.delay_s = ['{"kpi":"customer_satisfaction_score"}'], MODEL_S
    with serving(environment(demo, model, tmp_path)) as running:
        yield running


def worker(served: Served) -> int:
    """The process that answers; its parent replaces it when it dies."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    return int(children[0])


def ask(served: Served, asked: Asked) -> None:
    """Ask, and note what arrives until the answer or the death of the service."""
    headers, body = {"Accept": "text/event-stream"}, {"question": asked.text}
    try:
        with httpx.stream("POST", f"{served.url}/api/v1/ask", json=body, headers=headers) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
                    asked.id, asked.status = data.get("id", asked.id), data.get("status", asked.status)
    except (httpx.TransportError, ValueError):
        return


def until_ready(served: Served) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{served.url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, served.log.read_text()
        time.sleep(0.02)


def seconds_of_questions(served: Served) -> float:
    """How long questions take here now, as many at once as are asked before each kill."""
    until_ready(served)
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda text: ask(served, Asked(text)), ["How chuffed are our customers?"] * AT_ONCE))
    return time.monotonic() - began


def killed_at_random(served: Served, moments: random.Random, longest_s: float) -> list[Asked]:
    """Questions that were asked before the service died somewhere on their way."""
    until_ready(served)
    asked = [Asked(f"How chuffed are our customers? {uuid.uuid4()}") for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for one in asked:
            pool.submit(ask, served, one)
        time.sleep(moments.uniform(0, longest_s))
        os.kill(worker(served), signal.SIGKILL)
    return asked


def rows(database: Database) -> dict[str, list[tuple[int, str, bool]]]:
    """Text -> id, status and success of each row that has it."""
    found: dict[str, list[tuple[int, str, bool]]] = {}
    with psycopg.connect(database.owner_url) as connection:
        for text, *row in connection.execute(
            "SELECT query_text, h.id, status, successful FROM query_history h"
            " LEFT JOIN nlq.query_details ON query_id = h.id"
        ):
            found.setdefault(text, []).append((row[0], row[1], row[2]))
    return found


def test_a_kill_at_any_moment_loses_and_doubles_nothing_and_the_next_start_is_clean(
    served: Served, demo: Database
) -> None:
    moments = random.Random(7)  # noqa: S311
    longest_s = seconds_of_questions(served)
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute("DELETE FROM query_history")
    asked = [one for _ in range(KILLS) for one in killed_at_random(served, moments, longest_s)]
    until_ready(served)
    deadline = time.monotonic() + 3 * LEASE_S
    while any(status == "running" for found in rows(demo).values() for _, status, _ in found):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    written = rows(demo)
    assert all(len(found) == 1 for found in written.values())
    for one in asked:
        found = written.get(one.text, [])
        if one.id is not None:
            assert [row[0] for row in found] == [one.id]
        if one.status is not None:
            assert [row[1] for row in found] == [one.status]
    assert all(successful is (status == "answered") for ((_, status, successful),) in written.values())
    ends = {status for ((_, status, _),) in written.values()}
    assert ends == {"answered", "failed"}, "the moments met no question on its way"
    last = Asked("Revenue last month")
    ask(served, last)
    assert last.status == "answered"


def test_the_next_start_after_a_kill_of_everything_ends_what_was_left(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.delay_s = 3600
    environ = environment(demo, model, tmp_path)
    with serving(environ) as served:
        asked = Asked("How chuffed are our customers?")
        asking = threading.Thread(target=ask, args=(served, asked))
        asking.start()
        while not model.requests:
            time.sleep(0.01)
        served.kill()
        asking.join()
    assert [row[1] for row in rows(demo)[asked.text]] == ["running"]
    with psycopg.connect(demo.owner_url) as connection:  # as if the lease had been waited for
        connection.execute("UPDATE nlq.query_details SET alive_until = now()")
    with serving(environ) as served:
        until_ready(served)
        while rows(demo)[asked.text][0][1] == "running":
            time.sleep(0.1)
    assert rows(demo)[asked.text] == [(asked.id, "failed", False)]


def test_a_stop_ends_what_does_not_end_by_itself_and_tells_who_waits(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.delay_s = 3600
    with serving(environment(demo, model, tmp_path)) as served, ThreadPoolExecutor(1) as pool:
        body = {"question": "How chuffed are our customers?"}
        asked = pool.submit(httpx.post, f"{served.url}/api/v1/ask", json=body, timeout=60)
        while not model.requests:
            time.sleep(0.01)
        served.stop()
        answer = asked.result().json()
    assert (answer["status"], answer["text"]) == ("failed", str(Cancelled(Cause.SHUTDOWN)))
    assert rows(demo)[body["question"]] == [(answer["id"], "failed", False)]
    assert "Traceback" not in served.log.read_text()
