"""The HTTP interface, over a stand-in of the service behind it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nlq.errors import DatabaseUnavailable
from nlq.history_list import Filters, Order, Sort
from nlq.web import create_app
from tests import stand_in
from tests.stand_in import CONVERSATION, StandInService

EMOJIS = "\N{GRINNING FACE}" * 10_000


@pytest.fixture
def service() -> StandInService:
    """The service that the client talks to."""
    return stand_in.service(
        {"crash": ZeroDivisionError("secret"), "down": DatabaseUnavailable("It is down.")}
    )


@pytest.fixture
def client(service: StandInService) -> Iterator[FlaskClient]:
    """A client of the application."""
    with create_app(service).test_client() as client:
        yield client


def ask(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    return client.post("/api/v1/ask", data=json.dumps(body), content_type="application/json", **options)


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem that `response` must be, checked against RFC 9457."""
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = json.loads(response.data)
    assert body.keys() == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    assert body["detail"]
    return body


def test_a_question_is_answered_with_every_field_of_the_contract(client: FlaskClient) -> None:
    response = ask(client, {"question": " Conversion by region ", "conversation_id": None})
    assert response.status_code == 200
    body = response.get_json()
    assert list(body) == [
        *("id", "conversation_id", "status", "question", "sql", "columns", "rows", "row_count", "truncated"),
        *(
            "text",
            "interpretation",
            "chart",
            "warnings",
            "attempts",
            "model",
            "timing",
            "method",
            "plan",
            "confidence",
        ),
    ]
    assert body["question"] == "Conversion by region"
    assert body["rows"][0] == ["EMEA", "2026-09-01", 3.42]


def test_a_follow_up_reaches_the_pipeline_with_its_conversation(
    client: FlaskClient, service: StandInService
) -> None:
    ask(client, {"question": "And in APAC?", "conversation_id": str(CONVERSATION)})
    assert service.pipeline.asked[0].conversation_id == CONVERSATION
    assert service.pipeline.asked[0].channel == "http"


def test_the_page_says_that_it_is_the_page(client: FlaskClient, service: StandInService) -> None:
    ask(client, {"question": "Sales?"}, headers={"NLQ-Channel": "web"})
    ask(client, {"question": "Sales?"}, headers={"NLQ-Channel": "slack"})
    assert [question.channel for question in service.pipeline.asked] == ["web", "http"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"question": ""}, 422, id="empty"),
        pytest.param({"question": " \n\t "}, 422, id="blank"),
        pytest.param({"question": "?!..."}, 422, id="no words"),
        pytest.param({"question": "x" * 1001}, 422, id="too long"),
        pytest.param({"question": EMOJIS}, 422, id="ten thousand emojis"),
        pytest.param({"question": "sales\x00by region"}, 422, id="NUL"),
        pytest.param({"question": "sales \x1b[31m by region"}, 422, id="control characters"),
        pytest.param({"question": "sales \ud800"}, 422, id="half a surrogate pair"),
        pytest.param({"question": 42}, 422, id="a number"),
        pytest.param({"question": None}, 422, id="null"),
        pytest.param({"question": ["Sales?"]}, 422, id="a list"),
        pytest.param({}, 422, id="nothing"),
        pytest.param([], 422, id="not an object"),
        pytest.param("Sales?", 422, id="a bare text"),
        pytest.param({"question": "Sales?", "sql": "DROP TABLE teams"}, 422, id="an unknown field"),
        pytest.param({"question": "Sales?", "conversation_id": "yesterday"}, 422, id="no UUID"),
        pytest.param({"question": "Sales?", "conversation_id": 7}, 422, id="a number for a UUID"),
        pytest.param({"question": "x" * 300_000}, 413, id="a huge body"),
    ],
)
def test_a_bad_question_is_a_clear_problem_and_starts_no_work(
    client: FlaskClient, service: StandInService, body: Any, status: int
) -> None:
    problem(ask(client, body), status)
    assert service.pipeline.asked == []


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"question": "Sales?"', b"\xff\xfe", b"[" * 100_000, b'{"question": "a" "b"}']
)
def test_what_is_not_json_is_a_clear_problem_and_starts_no_work(
    client: FlaskClient, service: StandInService, data: bytes
) -> None:
    problem(client.post("/api/v1/ask", data=data, content_type="application/json"), 400)
    assert service.pipeline.asked == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_another_site_could_send_unasked_is_refused(
    client: FlaskClient, service: StandInService, content_type: str
) -> None:
    response = client.post("/api/v1/ask", data=b'{"question": "Sales?"}', content_type=content_type)
    problem(response, 415)
    assert service.pipeline.asked == []


def test_an_unknown_conversation_is_not_found(client: FlaskClient) -> None:
    unknown = "0b0e7c1e-6d5a-4f7e-9a70-00000000ffff"
    body = problem(ask(client, {"question": "And APAC?", "conversation_id": unknown}), 404)
    assert body["type"] == "urn:nlq:problem:unknown-conversation"


def test_a_database_that_is_down_is_a_503_that_says_so(client: FlaskClient) -> None:
    response = ask(client, {"question": "Is it down?"})
    assert problem(response, 503)["detail"] == "It is down."
    assert response.headers["Retry-After"]


def test_an_unexpected_error_shows_nothing_of_its_inside(client: FlaskClient) -> None:
    response = ask(client, {"question": "crash please"})
    problem(response, 500)
    assert b"secret" not in response.data
    assert b"Traceback" not in response.data


def events(response: TestResponse) -> list[tuple[str, Any]]:
    assert response.mimetype == "text/event-stream"
    blocks = response.get_data(as_text=True).strip().split("\n\n")
    pairs = [block.split("\n", 1) for block in blocks]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


PLAN = {"subject": "values", "kpis": ["nps"]}
REGION = {"slot": "only.region", "values": ["EMEA"]}


def run_plan(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    return client.post("/api/v1/plan", json=body, **options)


def test_an_edited_plan_is_run_and_answered_like_a_question(
    client: FlaskClient, service: StandInService
) -> None:
    body = {"plan": PLAN, "edits": [REGION], "conversation_id": str(CONVERSATION)}
    answer = run_plan(client, body, headers={"NLQ-Channel": "web"}).get_json()
    assert answer.keys() == ask(client, {"question": "Sales?"}).get_json().keys()
    assert [found.values for found in service.pipeline.plans[0].filters] == [("EMEA",)]
    assert (service.pipeline.asked[0].channel, service.pipeline.asked[0].conversation_id) == (
        "web",
        CONVERSATION,
    )


def test_an_edited_plan_can_be_answered_as_a_stream(client: FlaskClient) -> None:
    streamed = events(run_plan(client, {"plan": PLAN}, headers={"Accept": "text/event-stream"}))
    assert [name for name, _ in streamed] == ["started", "stage", "stage", "stage", "answer"]


def test_the_chips_of_a_plan_say_what_could_be_changed(client: FlaskClient) -> None:
    chips = client.post("/api/v1/plan/chips", json={"plan": PLAN}).get_json()["chips"]
    assert chips[0]["text"] == "NPS"
    regions = next(chip for chip in chips if chip["slot"] == "only.region")
    assert [choice["text"] for choice in regions["choices"]] == ["North America", "EMEA"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"plan": "nps"},
        {"plan": {"kpis": ["nps"]}},
        {"plan": {**PLAN, "colour": "red"}},
        {"plan": PLAN, "sql": "DROP TABLE teams"},
        {"plan": PLAN, "edits": REGION},
        {"plan": PLAN, "edits": [REGION] * 51},
        {"plan": PLAN, "edits": [{"slot": "only.region"}]},
        {"plan": PLAN, "edits": [{"slot": "only.region", "values": "EMEA"}]},
        {"plan": PLAN, "edits": [{"slot": "only.region", "values": ["Mars"]}]},
        {"plan": PLAN, "edits": [{"slot": "colour", "values": []}]},
        {"plan": PLAN, "conversation_id": "mine"},
    ],
)
def test_a_plan_that_cannot_be_used_is_a_clear_problem_and_starts_no_work(
    client: FlaskClient, service: StandInService, body: Any
) -> None:
    problem(run_plan(client, body), 422)
    assert service.pipeline.plans == []


def test_chips_of_unknown_names_are_a_clear_problem(client: FlaskClient) -> None:
    body = {"plan": {"subject": "values", "kpis": ["nothing"]}}
    found = problem(client.post("/api/v1/plan/chips", json=body), 422)
    assert found["type"] == "urn:nlq:problem:invalid-plan"


def test_a_stream_tells_the_stages_and_ends_with_the_answer(client: FlaskClient) -> None:
    streamed = events(ask(client, {"question": "Sales?"}, headers={"Accept": "text/event-stream"}))
    assert [data["stage"] for name, data in streamed if name == "stage"] == ["linking", "llm", "database"]
    assert streamed[-1] == ("answer", ask(client, {"question": "Sales?"}).get_json())


def test_a_stream_that_cannot_start_is_a_problem_with_its_status(client: FlaskClient) -> None:
    unknown = "0b0e7c1e-6d5a-4f7e-9a70-00000000ffff"
    body = {"question": "And APAC?", "conversation_id": unknown}
    problem(ask(client, body, headers={"Accept": "text/event-stream"}), 404)


def test_a_stream_that_breaks_ends_with_a_problem(client: FlaskClient) -> None:
    streamed = events(ask(client, {"question": "crash please"}, headers={"Accept": "text/event-stream"}))
    assert streamed[-1][0] == "problem"
    assert streamed[-1][1]["status"] == 500
    assert "secret" not in json.dumps(streamed)


def test_the_history_lists_questions_with_their_time_and_success(client: FlaskClient) -> None:
    body = client.get("/api/v1/history").get_json()
    entry = body["entries"][0]
    assert entry["question"] == "Conversion rate by region"
    assert (entry["execution_time_ms"], entry["successful"]) == (1840, True)
    assert entry["timestamp"] == "2026-10-05T09:30:00+00:00"
    assert body["next_cursor"] == 42


def test_every_filter_of_the_history_reaches_it(client: FlaskClient, service: StandInService) -> None:
    query = {
        "status": "failed",
        "channel": "web",
        "user": "ada",
        "successful": "false",
        "text": "cost",
        "since": "2026-01-01",
        "until": "2026-02-01T00:00:00Z",
        "conversation_id": str(CONVERSATION),
        "slack_team": "T1",
        "method": "plan",
        "min_ms": "500",
        "confidence_below": "0.5",
        "feedback": "wrong",
        "sort": "duration",
        "order": "asc",
        "cursor": "99",
        "limit": "7",
    }
    assert client.get("/api/v1/history", query_string=query).status_code == 200
    since = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    until = datetime(2026, 2, 1, tzinfo=ZoneInfo("UTC"))
    wanted = Filters(
        *("failed", "web", "ada", False, "cost", since, until, CONVERSATION),
        slack_team="T1",
        method="plan",
        min_ms=500,
        confidence_below=0.5,
        feedback="wrong",
    )
    assert service.history.calls == [(wanted, 99, 7)]
    assert service.history.orders == [Order(Sort.DURATION, ascending=True)]


def test_the_history_comes_as_csv_that_a_spreadsheet_cannot_run(service: StandInService) -> None:
    evil = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", 'say "hi", please', "ok")
    service.history.entries = tuple(replace(stand_in.ENTRY, question=text) for text in evil)
    response = create_app(service).test_client().get("/api/v1/history.csv?status=answered")
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["question"] for row in rows] == [*(f"'{text}" for text in evil[:6]), *evil[6:]]
    assert rows[0]["asked"] == "2026-10-05T11:30:00+02:00"
    assert rows[0]["conversation_id"] == str(stand_in.ENTRY.conversation_id)
    assert service.history.calls[0][0] == Filters(status="answered")


def test_an_export_of_what_is_not_understood_is_refused(client: FlaskClient) -> None:
    problem(client.get("/api/v1/history.csv?feedback=great"), 422)


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=201", "limit=many", "limit=-1", "limit=1e2", "limit=²"),
        *("cursor=0", "cursor=99999999999999999999", "status=great", "successful=yes"),
        *("sort=size", "method=luck", "min_ms=0", "confidence_below=2", "confidence_below=nan", "feedback=x"),
        *("since=yesterday", "conversation_id=7", "order=up", "status=answered&statsu=failed"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(
    client: FlaskClient, service: StandInService, query: str
) -> None:
    problem(client.get(f"/api/v1/history?{query}"), 422)
    assert service.history.calls == []


def test_one_question_is_found_by_its_id_and_a_wrong_id_is_not(client: FlaskClient) -> None:
    assert client.get("/api/v1/history/42").get_json()["sql"] == stand_in.SQL
    problem(client.get("/api/v1/history/43"), 404)
    problem(client.get("/api/v1/history/one"), 404)


def test_the_catalogue_lists_what_can_be_asked_and_examples_of_it(client: FlaskClient) -> None:
    body = client.get("/api/v1/catalog").get_json()
    assert [kpi["name"] for kpi in body["kpis"]] == [
        "sales_conversion_rate",
        "customer_acquisition_cost",
        "nps",
    ]
    assert "How did NPS develop by month in 2026?" in body["examples"]


def test_the_process_is_healthy_also_when_it_is_not_ready(
    client: FlaskClient, service: StandInService
) -> None:
    assert client.get("/readyz").status_code == 200
    service.readiness = stand_in.StandInReadiness(False, True, False, "The model is loading.")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json() == {
        "ok": False,
        "database": True,
        "model": False,
        "detail": "The model is loading.",
    }
    assert client.get("/healthz").status_code == 200


def test_errors_of_the_routes_are_problems_too(client: FlaskClient) -> None:
    problem(client.get("/api/v1/nothing"), 404)
    response = client.get("/api/v1/ask")
    problem(response, 405)
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/api/v1/catalog", "/static/page.js", "/nowhere"])
def test_every_response_keeps_the_browser_from_running_what_is_not_ours(
    client: FlaskClient, path: str
) -> None:
    headers = client.get(path).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::ffff", "192.0.2.1:8000"])
def test_another_sites_name_for_a_local_service_is_refused(
    client: FlaskClient, service: StandInService, host: str
) -> None:
    problem(ask(client, {"question": "Sales?"}, headers={"Host": host}), 400)
    assert service.pipeline.asked == []


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_a_local_service_answers_under_the_names_of_this_machine(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_service_that_others_can_reach_answers_under_its_own_name() -> None:
    environ = {"NLQ_HOST": "0.0.0.0", "NLQ_PROXY_USER_HEADER": "X-User"}  # noqa: S104
    client = create_app(stand_in.service(environ=environ)).test_client()
    assert client.get("/healthz", headers={"Host": "any.example.com"}).status_code == 200
    environ["NLQ_PUBLIC_URL"] = "https://kpi.example.com"
    client = create_app(stand_in.service(environ=environ)).test_client()
    headers = {"Host": "kpi.example.com", "X-User": "ann"}
    assert client.get("/api/v1/catalog", headers=headers).status_code == 200
    problem(client.get("/api/v1/catalog", headers={"Host": "any.example.com"}), 400)
    assert client.get("/healthz", headers={"Host": "10.0.0.8:8000"}).status_code == 200
