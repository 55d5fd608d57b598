"""Learning from reviewers, over HTTP and a real PostgreSQL: what they approve changes later answers."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nlq import settings as settings_module
from nlq.clock import fixed
from nlq.service import Service, build
from nlq.web import create_app
from tests.catalogs import TODAY
from tests.postgres import Database
from tests.scripted import Script

QUESTION = "What was our conversion rate in EMEA in Q3 2026?"
SIBLING = "What was our conversion rate in APAC in Q3 2026?"
MEDIAN = {
    "subject": "values",
    "kpis": ["sales_conversion_rate"],
    "measure": "median",
    "filters": [{"dimension": "region", "values": ["EMEA"], "exclude": False}],
    "periods": [{"start": "2026-07-01", "end": "2026-10-01", "label": "Q3 2026", "grain": "quarter"}],
}
"""The plan of `QUESTION` as a reviewer would have it: the median."""
SQL = (
    "SELECT max(value) AS peak FROM nlq.kpi_values WHERE kpi = 'sales_conversion_rate' AND region = 'EMEA'"
    " AND timestamp >= DATE '2026-07-01' AND timestamp < DATE '2026-10-01'"
)


@pytest.fixture
def service(demo: Database, model: Script) -> Service:
    return build(
        settings_module.load(
            {
                "NLQ_READER_URL": demo.reader_url,
                "NLQ_WRITER_URL": demo.writer_url,
                "NLQ_MODEL": "scripted",
                "OPENAI_BASE_URL": model.base_url,
                "NLQ_TIMEZONE": "UTC",
            }
        ),
        fixed(TODAY),
    )


@pytest.fixture
def client(service: Service) -> Iterator[FlaskClient]:
    with create_app(service).test_client() as client:
        yield client


def ask(client: FlaskClient, question: str, after: Mapping[str, Any] | None = None) -> dict[str, Any]:
    body = {"question": question, "conversation_id": after["conversation_id"] if after else None}
    response = client.post("/api/v1/ask", json=body)
    assert response.status_code == 200
    answer: dict[str, Any] = response.get_json()
    return answer


def give(client: FlaskClient, answer: Mapping[str, Any], **feedback: Any) -> TestResponse:
    return client.post(f"/api/v1/history/{answer['id']}/feedback", json=feedback)


def teach(client: FlaskClient, question: str, **feedback: Any) -> dict[str, Any]:
    """Ask, and approve a verdict on the answer; the answer."""
    answer = ask(client, question)
    assert give(client, answer, **{"verdict": "wrong", "approved": True, **feedback}).status_code == 201
    return answer


def count(demo: Database) -> int:
    with psycopg.connect(demo.owner_url) as connection:
        row = connection.execute("SELECT count(*) FROM nlq.feedback").fetchone()
    assert row is not None
    return int(row[0])


def number(demo: Database, expression: str, region: str, since: str, before: str) -> float:
    """A number by hand over the readings of the conversion rate in a region."""
    query = (
        f"SELECT round(({expression})::numeric, 4) FROM nlq.kpi_values WHERE kpi = 'sales_conversion_rate'"
        f" AND region = '{region}' AND timestamp >= '{since}' AND timestamp < '{before}'"
    )
    with psycopg.connect(demo.owner_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return float(row[0])


HALF = "percentile_cont(0.5) WITHIN GROUP (ORDER BY value)"


def test_a_corrected_plan_answers_the_same_question_from_then_on(
    client: FlaskClient, demo: Database, model: Script
) -> None:
    before = teach(client, QUESTION, correct_plan=MEDIAN)
    after = ask(client, QUESTION)
    assert (before["method"], after["method"], after["plan"]) == ("plan", "verified", MEDIAN)
    assert after["rows"] == [[number(demo, HALF, "EMEA", "2026-07-01", "2026-10-01")]]
    assert after["interpretation"].startswith("Median of Sales conversion rate")
    assert (after["attempts"], model.requests) == (0, [])


@pytest.mark.parametrize(
    "question",
    ["conversion rate EMEA Q3 2026", "Please show me the conversion rate for EMEA in Q3 2026, thanks!"],
)
def test_politeness_and_little_words_make_no_difference(client: FlaskClient, question: str) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    assert ask(client, question)["plan"] == MEDIAN


def test_a_corrected_plan_answers_for_another_name(client: FlaskClient, demo: Database) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    answer = ask(client, SIBLING)
    assert answer["method"] == "verified"
    assert answer["rows"] == [[number(demo, HALF, "APAC", "2026-07-01", "2026-10-01")]]
    assert "APAC" in answer["text"]
    assert "EMEA" not in json.dumps([answer["text"], answer["interpretation"], answer["sql"]])


def test_a_corrected_plan_answers_for_another_period(client: FlaskClient, demo: Database) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    answer = ask(client, "What was our conversion rate in EMEA in May 2026?")
    assert answer["method"] == "verified"
    assert answer["rows"] == [[number(demo, HALF, "EMEA", "2026-05-01", "2026-06-01")]]
    assert answer["plan"]["periods"][0]["label"] == "May 2026"


def test_a_relative_period_is_the_one_of_the_day_of_the_question(client: FlaskClient, demo: Database) -> None:
    taught = ask(client, "What was our conversion rate in EMEA last quarter?")
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute(
            "UPDATE query_history SET timestamp = '2026-08-20 12:00' WHERE id = %s", (taught["id"],)
        )
    second = {"start": "2026-04-01", "end": "2026-07-01", "label": "Q2 2026", "grain": "quarter"}
    give(client, taught, verdict="wrong", approved=True, correct_plan={**MEDIAN, "periods": [second]})
    answer = ask(client, "What was our conversion rate in EMEA last quarter?")
    assert answer["method"] == "verified"
    assert answer["rows"] == [[number(demo, HALF, "EMEA", "2026-07-01", "2026-10-01")]]


def test_a_follow_up_goes_on_from_a_verified_answer(client: FlaskClient) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    first = ask(client, QUESTION)
    second = ask(client, "and in APAC?", first)
    assert second["interpretation"] == first["interpretation"].replace("EMEA", "APAC")


def test_what_is_verified_of_a_follow_up_says_nothing_about_others(client: FlaskClient) -> None:
    follow_up = ask(client, "and in APAC?", ask(client, QUESTION))
    assert give(client, follow_up, verdict="right", approved=True).status_code == 201
    other = ask(client, "and in EMEA?", ask(client, "Revenue in APAC in 2025"))
    assert (other["method"], other["plan"]["kpis"]) == ("plan", ["revenue"])


def test_a_follow_up_is_about_the_question_before_it_and_not_about_a_verified_one(
    client: FlaskClient,
) -> None:
    teach(client, "In EMEA?", correct_plan=MEDIAN)
    assert ask(client, "In APAC?")["method"] == "verified"
    follow_up = ask(client, "In APAC?", ask(client, "Revenue in EMEA in 2025"))
    assert (follow_up["method"], follow_up["plan"]["kpis"]) == ("plan", ["revenue"])


def test_corrected_sql_answers_the_same_question_and_for_another_name(
    client: FlaskClient, demo: Database
) -> None:
    teach(client, QUESTION, correct_sql=SQL + ";")
    same, other = ask(client, QUESTION), ask(client, SIBLING)
    assert (same["method"], same["sql"], same["plan"]) == ("verified", SQL, None)
    assert same["rows"] == [[number(demo, "max(value)", "EMEA", "2026-07-01", "2026-10-01")]]
    assert other["method"] == "verified"
    assert other["rows"] == [[number(demo, "max(value)", "APAC", "2026-07-01", "2026-10-01")]]


def test_corrected_sql_does_not_answer_for_another_period(client: FlaskClient) -> None:
    teach(client, QUESTION, correct_sql=SQL)
    assert ask(client, "What was our conversion rate in EMEA in Q2 2026?")["method"] == "plan"


@pytest.mark.parametrize(
    "sql",
    [
        SQL.replace("region = 'EMEA'", "region LIKE 'EMEA%'"),
        SQL.replace("region = 'EMEA'", "lower(region) = 'emea'"),
        SQL.replace("AS peak", "AS peak_emea"),
        SQL.replace("region = 'EMEA'", "country = 'Germany'"),
    ],
)
def test_sql_in_which_the_name_cannot_be_replaced_with_certainty_answers_no_other_name(
    client: FlaskClient, sql: str
) -> None:
    teach(client, QUESTION, correct_sql=sql)
    assert ask(client, QUESTION)["method"] == "verified"
    assert ask(client, SIBLING)["method"] == "plan"


def test_a_plan_without_the_questions_name_answers_no_other_name(client: FlaskClient) -> None:
    teach(client, QUESTION, correct_plan={**MEDIAN, "filters": []})
    assert ask(client, QUESTION)["method"] == "verified"
    assert ask(client, SIBLING)["method"] == "plan"


def test_another_wording_is_another_question(client: FlaskClient) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    for question in (
        "What was our lowest conversion rate in EMEA in Q3 2026?",
        "What was our conversion rate by team in EMEA in Q3 2026?",
        "What was our conversion rate without EMEA in Q3 2026?",
        "What was our conversion rate in EMEA and APAC in Q3 2026?",
    ):
        assert ask(client, question)["method"] == "plan", question


def test_a_correction_answers_what_was_refused_before(client: FlaskClient, model: Script) -> None:
    refused = teach(client, "What do people earn here?", correct_sql="SELECT 1 AS salary")
    assert refused["status"] == "refused"
    model.requests.clear()
    assert ask(client, "What do people earn here?")["rows"] == [[1]]
    assert model.requests == []


def test_a_correction_that_is_not_approved_changes_nothing(client: FlaskClient, service: Service) -> None:
    first = ask(client, QUESTION)
    assert give(client, first, verdict="wrong", correct_plan=MEDIAN).status_code == 201
    assert give(client, first, verdict="wrong", correct_sql=SQL, approved=False).status_code == 201
    assert give(client, first, verdict="right").status_code == 201
    with create_app(build(service.settings, fixed(TODAY))).test_client() as restarted:
        for again in (ask(client, QUESTION), ask(restarted, QUESTION)):
            assert (again["method"], again["sql"]) == ("plan", first["sql"])


def test_an_answer_approved_as_right_is_given_again_without_the_model(
    client: FlaskClient, model: Script
) -> None:
    model.replies = ['{"kpi":"customer_satisfaction_score"}', '{"kpi":"none"}']
    first = teach(client, "How chuffed are our customers in APAC?", verdict="right")
    again, other = (ask(client, f"How chuffed are our customers in {name}?") for name in ("APAC", "EMEA"))
    assert (again["method"], again["plan"], again["warnings"]) == ("verified", first["plan"], [])
    assert other["plan"]["filters"][0]["values"] == ["EMEA"]
    assert len(model.requests) == 1


def test_the_newest_approved_answer_wins(client: FlaskClient) -> None:
    teach(client, QUESTION, verdict="right")
    teach(client, SIBLING, correct_plan={**MEDIAN, "measure": "max", "filters": _region("APAC")})
    assert ask(client, SIBLING)["plan"]["measure"] == "max"
    teach(client, QUESTION, correct_plan=MEDIAN)
    assert ask(client, QUESTION)["plan"] == MEDIAN
    assert ask(client, "What was our conversion rate in EMEA in Q2 2026?")["plan"]["measure"] == "median"


def test_a_verified_answer_that_was_wrong_is_withdrawn(client: FlaskClient) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    teach(client, QUESTION)
    assert ask(client, QUESTION)["method"] == "plan"
    assert ask(client, SIBLING)["method"] == "plan"


def test_a_verified_answer_that_no_longer_runs_gives_way_to_the_usual_one(
    client: FlaskClient, demo: Database, service: Service
) -> None:
    answer = teach(client, QUESTION, correct_plan=MEDIAN)
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute(
            "UPDATE nlq.feedback SET correct_plan = NULL, correct_sql = 'SELECT gone FROM nlq.kpi_values'"
            " WHERE query_id = %s",
            (answer["id"],),
        )
    service.review.verified.refresh()
    assert (ask(client, QUESTION)["method"], ask(client, QUESTION)["status"]) == ("plan", "answered")


def test_what_is_approved_elsewhere_is_used_after_the_next_look(
    client: FlaskClient, demo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(client, QUESTION)
    give(client, answer, verdict="wrong", correct_plan=MEDIAN)
    with psycopg.connect(demo.owner_url) as connection:
        connection.execute("UPDATE nlq.feedback SET approved = true")
    monkeypatch.setattr("nlq.feedback.LOOK_EVERY_S", 0)
    assert ask(client, QUESTION)["method"] == "verified"


def test_a_new_service_knows_what_was_approved(client: FlaskClient, service: Service) -> None:
    teach(client, QUESTION, correct_plan=MEDIAN)
    with create_app(build(service.settings, fixed(TODAY))).test_client() as other:
        assert ask(other, QUESTION)["method"] == "verified"


def test_a_verified_question_is_an_example_for_sql_and_for_nothing_else(
    client: FlaskClient, model: Script
) -> None:
    model.replies = ['{"sql":"SELECT 1 AS one"}']
    teach(client, "What is the variance of revenue and orders in EMEA?", correct_sql="SELECT 2 AS two")
    ask(client, "What is the variance of revenue and orders by month?")
    question = "Question: What is the variance of revenue and orders in EMEA?"
    sent = model.requests[-1]["messages"][1]["content"]
    assert sent.startswith(f'Verified by reviewers:\n{question}\n{{"sql":"SELECT 2 AS two"}}\n')
    model.replies = ['{"kpi":"none"}']
    ask(client, "How chuffed are people in EMEA?")
    assert "Verified" not in model.requests[-1]["messages"][1]["content"]


def test_feedback_is_answered_with_what_was_written_and_shown_with_its_question(client: FlaskClient) -> None:
    answer = ask(client, QUESTION)
    response = give(client, answer, verdict="wrong", comment="  Use the median. ", correct_plan=MEDIAN)
    body = response.get_json()
    assert response.status_code == 201
    assert (body["query_id"], body["verdict"], body["approved"]) == (answer["id"], "wrong", False)
    assert (body["comment"], body["correct_plan"], body["correct_sql"]) == ("Use the median.", MEDIAN, None)
    assert client.get(f"/api/v1/history/{answer['id']}").get_json()["feedback"] == [body]


def test_a_comment_loses_what_postgresql_cannot_store(client: FlaskClient) -> None:
    path = f"/api/v1/history/{ask(client, QUESTION)['id']}/feedback"
    body = json.dumps({"verdict": "right", "comment": "good\0 \ud800"})
    response = client.post(path, data=body, content_type="application/json")
    assert (response.status_code, response.get_json()["comment"]) == (201, "good ?")


HOSTILE = [
    "DELETE FROM kpi_data",
    "SELECT 1; DROP TABLE teams",
    "SELECT pg_sleep(60)",
    "SELECT * FROM nlq.feedback",
    "SELECT query_text FROM query_history",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY teams TO '/tmp/teams'",
    "WITH gone AS (DELETE FROM teams RETURNING *) SELECT * FROM gone",
    "nonsense",
    "SELECT 1/0",
    "SELECT no_such_column FROM nlq.kpi_values",
    "SELECT 1 \x00",
    "SELECT " + "1+" * 20_000 + "1",
]


def test_sql_that_is_hostile_or_does_not_run_is_refused_and_not_kept(
    client: FlaskClient, demo: Database
) -> None:
    answer = ask(client, QUESTION)
    for sql in HOSTILE:
        response = give(client, answer, verdict="wrong", correct_sql=sql, approved=True)
        assert (response.status_code, response.mimetype) == (422, "application/problem+json"), sql[:80]
        assert response.get_json()["detail"].startswith("The correct_sql cannot be used: ")
    assert count(demo) == 0
    assert ask(client, QUESTION)["method"] == "plan"


def _region(*names: object, **more: object) -> list[dict[str, object]]:
    return [{"dimension": "region", "values": list(names), "exclude": False, **more}]


def _period(**more: object) -> list[dict[str, object]]:
    return [{"start": "2026-07-01", "end": "2026-10-01", "label": "Q3 2026", "grain": "quarter", **more}]


BAD_PLANS: list[dict[str, Any]] = [
    {},
    {"subject": "values"},
    {"subject": "everything", "kpis": []},
    {**MEDIAN, "kpis": ["no_such_kpi"]},
    {**MEDIAN, "kpis": []},
    {**MEDIAN, "kpis": "revenue"},
    {**MEDIAN, "kpis": [["revenue"]]},
    {**MEDIAN, "kpis": None},
    {**MEDIAN, "measure": "mode"},
    {**MEDIAN, "filters": _region("Atlantis")},
    {**MEDIAN, "filters": _region("EMEA'; DROP TABLE teams; --")},
    {**MEDIAN, "filters": _region()},
    {**MEDIAN, "filters": _region(7)},
    {**MEDIAN, "filters": [{"dimension": "month", "values": ["2026-07"], "exclude": False}]},
    {**MEDIAN, "filters": [{"dimension": "region"}]},
    {**MEDIAN, "filters": "EMEA"},
    {**MEDIAN, "periods": _period(start="yesterday")},
    {**MEDIAN, "periods": _period(start="2026-11-01")},
    {**MEDIAN, "periods": _period(label="")},
    {**MEDIAN, "periods": _period(label=7)},
    {**MEDIAN, "periods": ["Q3 2026"]},
    {**MEDIAN, "top": "1; DROP TABLE teams"},
    {**MEDIAN, "top": 0},
    {**MEDIAN, "top": True},
    {**MEDIAN, "window": 1.5},
    {**MEDIAN, "count": "no"},
    {**MEDIAN, "conditions": [{"operator": "; DROP TABLE teams", "value": 1, "on_reading": False}]},
    {**MEDIAN, "conditions": [{"operator": ">", "value": "many", "on_reading": False}]},
    {**MEDIAN, "conditions": [{"operator": ">", "value": float("nan"), "on_reading": False}]},
    {**MEDIAN, "by": ["planet"]},
    {**MEDIAN, "by": ["period"], "periods": []},
    {**MEDIAN, "sql": "DROP TABLE teams"},
]


def test_a_plan_that_cannot_be_used_is_refused_with_the_reason(client: FlaskClient, demo: Database) -> None:
    answer = ask(client, QUESTION)
    for plan in BAD_PLANS:
        response = give(client, answer, verdict="wrong", correct_plan=plan, approved=True)
        assert response.status_code == 422, plan
        assert response.get_json()["detail"].startswith("The correct_plan cannot be used: "), plan
    assert count(demo) == 0


BAD_BODIES: list[Any] = [
    {},
    [],
    {"verdict": None},
    {"verdict": "good"},
    {"verdict": ["right"]},
    {"verdict": {}},
    {"verdict": "right", "approved": "yes"},
    {"verdict": "right", "approved": None},
    {"verdict": "right", "comment": 7},
    {"verdict": "right", "comment": "x" * 5001},
    {"verdict": "wrong", "correct_sql": ["SELECT 1"]},
    {"verdict": "wrong", "correct_sql": " "},
    {"verdict": "wrong", "correct_plan": "median"},
    {"verdict": "wrong", "correct_plan": [MEDIAN]},
    {"verdict": "wrong", "correct_plan": MEDIAN, "correct_sql": SQL},
    {"verdict": "right", "correct_sql": SQL},
    {"verdict": "right", "aproved": True},
]


def test_a_malformed_body_is_a_problem_that_says_what_to_send(client: FlaskClient, demo: Database) -> None:
    answer = ask(client, QUESTION)
    for body in BAD_BODIES:
        response = client.post(f"/api/v1/history/{answer['id']}/feedback", json=body)
        assert (response.status_code, response.mimetype) == (422, "application/problem+json"), body
        assert response.get_json()["detail"]
    assert count(demo) == 0


def test_feedback_that_is_not_json_or_about_no_question_is_a_problem(client: FlaskClient) -> None:
    path = f"/api/v1/history/{ask(client, QUESTION)['id']}/feedback"
    assert client.post(path, data=b"{", content_type="application/json").status_code == 400
    assert client.post(path, data=b'{"verdict": "right"}', content_type="text/plain").status_code == 415
    assert client.get(path).status_code == 405
    for unknown in ("999999", "99999999999999999999999"):
        response = client.post(f"/api/v1/history/{unknown}/feedback", json={"verdict": "right"})
        assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert client.post("/api/v1/history/one/feedback", json={"verdict": "right"}).status_code == 404


def test_an_answer_that_was_not_given_cannot_be_approved(client: FlaskClient) -> None:
    refused = ask(client, "What is the weather tomorrow?")
    assert give(client, refused, verdict="right", approved=True).status_code == 422
    assert give(client, refused, verdict="right").status_code == 201
