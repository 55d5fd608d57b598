"""More questions than the service takes: none of those that it takes is lost, the rest is told at once."""

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import psycopg
import pytest

from tests.crowd import Reply, ask_at_once
from tests.postgres import Database
from tests.scripted import Script
from tests.serving import Served, environment, serving

TAKEN = 40
SURPLUS = 160
HAPPY = "How chuffed are our customers? {}"
PATIENCE_S = 10
SILENT_S = 15
"""How long the service waits for the next bytes of a request."""
JSON = {"Content-Type": "application/json"}
EVENTS = "text/event-stream"


def test_what_fits_is_answered_and_the_surplus_gets_503_while_the_model_still_works(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.replies, model.held = ['{"kpi":"customer_satisfaction_score"}'], True
    replies: list[Reply] = []

    def all_ask() -> None:
        replies.extend(ask_at_once(running.url, [HAPPY.format(n) for n in range(TAKEN + SURPLUS)]))

    with serving(environment(demo, model, tmp_path, NLQ_MAX_QUESTIONS=str(TAKEN))) as running:
        asking = threading.Thread(target=all_ask)
        asking.start()
        while len(model.requests) < TAKEN:
            time.sleep(0.05)
        first = ask_at_once(running.url, ["Revenue last month"])  # while nothing that was taken has ended
        model.held = False
        asking.join()
        told = httpx.get(f"{running.url}/metrics").text
    assert f'nlq_questions_turned_away_total{{why="Overloaded"}} {SURPLUS + 1}' in told
    assert [reply.status for reply in first] == [503]
    assert Counter(reply.status for reply in replies) == {200: TAKEN, 503: SURPLUS}
    for reply in replies:
        if reply.status == 503:
            assert int(reply.headers["retry-after"]) > 0
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.body["type"] == "urn:nlq:problem:overloaded"
        else:
            assert reply.body["status"] == "answered"
    with psycopg.connect(demo.owner_url) as connection:
        rows = connection.execute(
            "SELECT h.id, successful, status FROM query_history h JOIN nlq.query_details ON query_id = h.id"
        ).fetchall()
    assert sorted(rows) == sorted((r.body["id"], True, "answered") for r in replies if r.status == 200)


@pytest.fixture
def served(demo: Database, model: Script, tmp_path: Path) -> Iterator[Served]:
    """A service that takes one question at a time, and whose model thinks as long as a test wants."""
    model.replies = ['{"kpi":"customer_satisfaction_score"}']
    with serving(environment(demo, model, tmp_path, NLQ_MAX_QUESTIONS="1")) as running:
        yield running


@contextmanager
def full(served: Served, model: Script) -> Iterator[None]:
    """The service has its question."""
    model.held = True

    def ask() -> None:
        while ask_at_once(served.url, [HAPPY.format("")])[0].status == 503:
            time.sleep(0.01)  # the question before still leaves

    asking = threading.Thread(target=ask)
    asking.start()
    while not model.requests:
        time.sleep(0.01)
    yield
    model.held = False
    asking.join()


def connected(served: Served) -> socket.socket:
    where = urlsplit(served.url)
    return socket.create_connection((where.hostname or "", where.port or 80), PATIENCE_S)


def post(path: str, body: str, headers: Mapping[str, str], length: int | None = None) -> bytes:
    """A request as it is sent; `length` is what it says of its body."""
    said = {"Host": "localhost", **headers, "Content-Length": str(len(body) if length is None else length)}
    fields = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"POST {path} HTTP/1.1\r\n{fields}\r\n{body}".encode()


def received(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the response; the service closes after it, or the client is impatient."""
    whole = b""
    while part := client.recv(65536):
        whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def sent(served: Served, request: bytes, *, slowly: bool = False) -> tuple[int, dict[str, str], bytes]:
    """The response to `request`; of one that comes `slowly` nobody sees at its beginning what it asks."""
    with connected(served) as client:
        if slowly:
            client.sendall(request[:1])
            time.sleep(0.2)
        client.sendall(request[1:] if slowly else request)
        return received(client)


def of_the_page(served: Served, accept: str, language: str = "en") -> bytes:
    """A question from the page's form, by somebody who reads `language`."""
    with httpx.Client(base_url=served.url) as browser:
        page = browser.get("/").text
        cookie = f"nlq={browser.cookies['nlq']}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = urlencode({"csrf_token": token[1], "token": accept, "question": HAPPY.format("in vain")})
    kind = "application/x-www-form-urlencoded"
    close = {"Connection": "close", "Cookie": cookie, "Accept-Language": f"{language}, en;q=0.5"}
    return post("/ask", form, {"Accept": accept, "Content-Type": kind, **close})


def asking(served: Served, path: str) -> bytes:
    """A request that asks at `path`."""
    if path == "/ask":
        return of_the_page(served, EVENTS, "de")
    question = {"question": "Revenue last month"}
    plan = httpx.post(f"{served.url}/api/v1/ask", json=question, timeout=PATIENCE_S).json()["plan"]
    body = question if path.endswith("ask") else {"plan": plan}
    return post(path, json.dumps(body), {**JSON, "Connection": "close"})


@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/plan", "/ask"])
def test_who_is_turned_away_at_the_door_is_told_what_the_application_says(
    served: Served, model: Script, path: str
) -> None:
    request = asking(served, path)
    with full(served, model):
        at_the_door, inside = sent(served, request), sent(served, request, slowly=True)
    for _, headers, _ in (at_the_door, inside):
        for name in ("date", "server", "vary"):
            headers.pop(name, None)
    assert at_the_door == inside
    assert at_the_door[0] == 503
    assert json.loads(at_the_door[2])["instance"] == path
    assert sent(served, request)[0] == 200


def test_a_form_that_is_sent_without_a_script_gets_its_page_back(served: Served, model: Script) -> None:
    request = of_the_page(served, "text/html")
    with full(served, model):
        status, headers, page = sent(served, request)
    assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert HAPPY.format("in vain") in page.decode()


def test_a_full_service_answers_everything_that_is_no_question(served: Served, model: Script) -> None:
    with full(served, model):
        for path in ("/healthz", "/readyz", "/", "/api/v1/history", "/metrics", "/ask", "/api/v1/asking"):
            expected = {"/ask": 405, "/api/v1/asking": 404}.get(path, 200)
            assert httpx.get(served.url + path).status_code == expected


@pytest.mark.parametrize("body", ["", "x" * 3_000_000], ids=["missing", "long"])
def test_a_question_is_turned_away_whatever_comes_of_its_body(
    served: Served, model: Script, body: str
) -> None:
    with full(served, model):
        status, headers, _ = sent(served, post("/api/v1/ask", body, JSON, length=3_000_000))
    assert (status, headers["connection"]) == (503, "close")


def test_nothing_in_a_request_keeps_it_from_being_turned_away(served: Served, model: Script) -> None:
    with full(served, model):
        for value in ("language=\n\r\x00", "de;q=x, \xff, ;;=", "language=" + "x" * 9_000):
            for field in ("Cookie", "Accept-Language"):
                status, headers, _ = sent(served, post("/ask", "", {"Accept": EVENTS, field: value}))
                assert (status, "set-cookie" in headers) == (503, False)
        assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_a_question_on_a_connection_that_was_kept_is_turned_away_too(served: Served, model: Script) -> None:
    with httpx.Client(base_url=served.url) as client:
        assert client.get("/healthz").status_code == 200
        with full(served, model):
            assert client.post("/api/v1/ask", json={"question": "Sales?"}).status_code == 503
        assert client.get("/healthz").status_code == 200


def test_requests_that_are_sent_in_advance_are_all_answered(served: Served) -> None:
    get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    ask = post("/api/v1/ask", json.dumps({"question": "Revenue last month"}), JSON)
    with connected(served) as client:
        client.sendall(get.format("").encode() + ask + get.format("Connection: close\r\n").encode())
        whole = b""
        while part := client.recv(65536):
            whole += part
    assert whole.count(b"HTTP/1.1 200 OK") == 3


def test_clients_that_do_not_close_hold_nobody_up(served: Served) -> None:
    get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    clients = [connected(served) for _ in range(20)]
    for client in clients:
        client.sendall(get)
    assert [received(client)[0] for client in clients] == [200] * len(clients)
    assert httpx.get(f"{served.url}/healthz", timeout=PATIENCE_S).status_code == 200
    for client in clients:
        client.close()


def test_a_client_that_sends_nothing_yet_is_waited_for(served: Served) -> None:
    with connected(served) as client:
        time.sleep(3)  # longer than gunicorn keeps a connection between two requests
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert received(client)[0] == 200


def test_a_client_that_goes_silent_in_mid_request_is_given_up_and_holds_nobody_up(served: Served) -> None:
    half_a_head, half_a_body = (
        b"GET /healthz HTTP/1.1\r\nHos",
        post("/api/v1/ask", '{"quest', JSON, length=80),
    )
    with connected(served) as head, connected(served) as body:
        head.sendall(half_a_head)
        body.sendall(half_a_body)
        assert httpx.get(f"{served.url}/healthz", timeout=PATIENCE_S).status_code == 200
        for client in (head, body):
            client.settimeout(SILENT_S + PATIENCE_S)
        assert received(body)[0] == 408
        assert not head.recv(1) or received(head)[0] in {400, 408}


def test_no_connection_of_the_database_is_held_while_a_model_thinks(
    demo: Database, model: Script, tmp_path: Path
) -> None:
    model.replies, model.held = ['{"kpi":"customer_satisfaction_score"}'], True
    thinking = 20  # more than there are connections in both pools
    environ = environment(demo, model, tmp_path, NLQ_MODEL_CALLS=str(thinking))
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename IN ('nlq_reader', 'nlq_writer') AND state <> 'idle'"
    )
    with serving(environ) as running, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask_at_once, running.url, [HAPPY.format(n) for n in range(thinking)])
        while len(model.requests) < thinking:
            time.sleep(0.05)
        with psycopg.connect(demo.owner_url) as connection:
            assert connection.execute(busy).fetchone() == (0,)
        [other] = ask_at_once(running.url, ["Revenue last month"])
        assert other.body["status"] == "answered"
        model.held = False
        assert {reply.body["status"] for reply in asked.result()} == {"answered"}
