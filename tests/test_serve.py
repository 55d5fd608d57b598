"""`nlq serve` as a process of its own, over a stand-in of the service behind it."""

import atexit
import importlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest

from tests import stand_in

_SERVE = """
import sys, time
from tests import stand_in
service = stand_in.service()
service.pipeline.at_stage = lambda: time.sleep(0.4)
sys.modules["nlq.service"] = stand_in.module(service, lambda: print("Parts stopped."))
from nlq.cli import main
main()
"""
_END_S = 15


@contextmanager
def serving(*options: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `nlq serve` with `options`; it is killed if it is still there at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    """Where `process` says that it answers."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("Ready: http://127.0.0.1:"), line + process.stderr.read()
    return line.removeprefix("Ready: ").strip()


def ask(url: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/ask", json={"question": "Sales?"}, timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_service_answers_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with serving("--port", "0") as process:
        url = address(process)
        assert httpx.get(f"{url}/readyz").json()["ok"] is True
        assert "<title>Ask your KPIs</title>" in httpx.get(url).text
        assert ask(url).json()["status"] == "answered"
        process.send_signal(number)
        out, err = process.communicate(timeout=_END_S)
    assert (process.returncode, out) == (0, "Parts stopped.\n")
    assert "Traceback" not in err


def test_a_question_under_way_is_answered_before_the_service_stops() -> None:
    with serving("--port", "0") as process:
        url = address(process)
        answers: list[httpx.Response] = []
        asking = Thread(target=lambda: answers.append(ask(url)))
        asking.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        asking.join(_END_S)
        process.communicate(timeout=_END_S)
    assert [answer.json()["status"] for answer in answers] == ["answered"]


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving("--port", str(port)) as process:
            out, err = process.communicate(timeout=_END_S)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"Port {port} on 127.0.0.1 is already in use")
    assert err.count("\n") == 1


def test_any_wsgi_server_can_serve_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setitem(
        sys.modules, "nlq.service", stand_in.module(stand_in.service(), lambda: ended.append("parts"))
    )
    registered: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.delitem(sys.modules, "app", raising=False)
    app = importlib.import_module("app").create_app()
    assert app.test_client().get("/readyz").status_code == 200
    assert ended == []
    for at_exit in registered:
        at_exit()
    assert ended == ["parts"]
