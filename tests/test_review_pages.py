"""Promises of the pages for reviewing, over the real service and a real PostgreSQL, without a script."""

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import psycopg
import pytest
from flask.testing import FlaskClient

from nlq.feedback import Feedback, Verdict
from nlq.question import Question, SlackPlace
from nlq.service import Service
from nlq.web import create_app
from tests import stand_in
from tests.forms import form
from tests.postgres import Database
from tests.scripted import Script
from tests.stand_in import HOSTILE

QUESTIONS = ("Revenue by region last month", "Delete all teams", "Orders in EMEA in March 2026")
PEAK = "SELECT max(value) AS peak FROM nlq.kpi_values WHERE kpi = 'orders'"


@pytest.fixture
def asked(service: Service) -> list[int]:
    """The ids of `QUESTIONS`: answered, refused, answered."""
    return [service.pipeline.ask(Question(text, channel="http", user="ann")).id for text in QUESTIONS]


@pytest.fixture
def client(service: Service, asked: list[int]) -> Iterator[FlaskClient]:
    """A browser at the pages of the service, without scripts."""
    with create_app(service).test_client() as client:
        yield client


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    """The words of the page at `address`, without its markup."""
    response = client.get(address, headers={"Accept": "text/html"})
    assert response.status_code == status
    return words(response.get_data(as_text=True))


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def hidden_plan(html: str) -> str:
    """The plan that the forms of a page hold."""
    found = re.search(r'name="plan" value="([^"]*)"', html)
    assert found is not None
    return unescape(found[1])


def listed(client: FlaskClient, query: str = "") -> list[str]:
    """The questions that the list shows."""
    html = client.get(f"/history{query}").get_data(as_text=True)
    return [unescape(text) for text in re.findall(r'class="long lead"><a [^>]*>([^<]*)</a>', html)]


def test_the_list_shows_every_question_newest_first_and_how_it_went(client: FlaskClient) -> None:
    assert listed(client) == list(QUESTIONS[::-1])
    shown = page(client, "/history")
    assert all(word in shown for word in ("Answered", "Refused", "97 %", "ann", "http"))


def test_the_list_can_be_filtered_sorted_and_cleared(
    client: FlaskClient, service: Service, asked: list[int]
) -> None:
    service.review.give(Feedback(asked[0], Verdict.WRONG), service.catalog())
    assert listed(client, "?text=EMEA") == [QUESTIONS[2]]
    assert listed(client, "?status=refused&channel=http&period=today") == [QUESTIONS[1]]
    assert listed(client, "?feedback=wrong&user=ann") == [QUESTIONS[0]]
    assert listed(client, "?from=2001-01-01&to=2001-12-31") == []
    assert "No question passes these filters." in page(client, "/history?text=nowhere")
    assert len(listed(client, "?sort=duration&order=asc")) == 3
    html = client.get("/history?text=EMEA&sort=duration&order=asc").get_data(as_text=True)
    assert 'aria-sort="ascending"' in html
    assert "text=EMEA&amp;sort=duration&amp;order=desc" in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?status=great", "status must be one of"),
        ("?from=yesterday", "is no day"),
        ("?before=x", "before must be"),
        ("?min_ms=-1", "min_ms must be"),
        ("?colour=red", "Unknown parameter: colour"),
    ],
)
def test_a_filter_that_is_not_understood_is_said_on_a_page(query: str, said: str) -> None:
    assert said in page(create_app(stand_in.service()).test_client(), f"/history{query}", 422)


def test_pages_of_the_list_lead_to_each_other(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlq.web.reviewing.PAGE_SIZE", 2)
    first = client.get("/history").get_data(as_text=True)
    older = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])  # type: ignore[index]
    second = client.get(older).get_data(as_text=True)
    assert listed(client, older.removeprefix("/history")) == [QUESTIONS[0]]
    assert 'rel="next"' not in second
    newer = unescape(re.search(r'rel="prev" href="([^"]+)"', second)[1])  # type: ignore[index]
    assert listed(client, newer.removeprefix("/history")) == list(QUESTIONS[:0:-1])
    assert 'rel="prev"' not in client.get(newer).get_data(as_text=True)


def test_the_list_is_exported_with_its_filters(client: FlaskClient) -> None:
    response = client.get("/history.csv?text=EMEA&period=today")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["question"] for row in rows] == [QUESTIONS[2]]


def test_a_question_is_shown_with_all_that_is_known_and_its_rows_on_demand(
    client: FlaskClient, asked: list[int]
) -> None:
    shown = page(client, f"/history/{asked[0]}")
    assert all(
        word in shown for word in (QUESTIONS[0], "SELECT", "Running the query", "Query plan", "97 % sure")
    )
    assert "Rows of the answer" not in shown
    assert "North America" in page(client, f"/history/{asked[0]}?rows=1")
    assert "Only questions" not in page(client, f"/history/{asked[1]}")


def test_what_was_said_to_the_model_is_kept_and_shown(
    service: Service, client: FlaskClient, model: Script
) -> None:
    model.replies = ['{"kpi":"customer_satisfaction_score"}']
    query_id = service.pipeline.ask(Question("How chuffed were our customers in March 2026?")).id
    assert '{"kpi":"customer_satisfaction_score"}' in page(client, f"/history/{query_id}")
    kept = service.history.get(query_id)
    assert kept is not None
    assert kept.messages is not None
    assert [message["role"] for message in kept.messages] == ["user", "assistant"]


def test_a_question_from_slack_leads_back_to_its_message(service: Service, client: FlaskClient) -> None:
    for address in ("https://acme.slack.com/archives/C1/p1", "javascript:alert(1)"):
        place = SlackPlace("T1", "C1", "1.1", address)
        query_id = service.pipeline.ask(Question("Orders in EMEA in 2026", channel="slack", slack=place)).id
        html = client.get(f"/history/{query_id}").get_data(as_text=True)
        assert (f'href="{address}"' in html) == address.startswith("https:")


def test_an_answer_is_marked_right_and_approved(
    client: FlaskClient, service: Service, asked: list[int]
) -> None:
    data = form(client, verdict="right", approved="on")
    done = client.post(f"/history/{asked[0]}/verdict", data=data, follow_redirects=True)
    assert "Thank you, that was noted." in words(done.get_data(as_text=True))
    (given,) = service.review.of(asked[0])
    assert (given.verdict, given.approved) == (Verdict.RIGHT, True)
    assert service.pipeline.ask(Question("revenue by region last month please")).method == "verified"


def test_marking_an_answer_wrong_needs_a_reason(
    client: FlaskClient, service: Service, asked: list[int]
) -> None:
    address = f"/history/{asked[0]}/verdict"
    refused = client.post(address, data=form(client, verdict="wrong", comment=" "))
    assert refused.status_code == 422
    assert "Please say what is wrong" in words(refused.get_data(as_text=True))
    assert client.post(address, data=form(client, verdict="wrong", comment="Too low.")).status_code == 303
    assert [given.comment for given in service.review.of(asked[0])] == ["Too low."]
    assert "Too low." in page(client, f"/history/{asked[0]}")


def test_a_refusal_cannot_be_approved_as_an_answer(client: FlaskClient, asked: list[int]) -> None:
    data = form(client, verdict="right", approved="on")
    refused = client.post(f"/history/{asked[1]}/verdict", data=data)
    assert refused.status_code == 422
    assert "no answer that could be approved" in words(refused.get_data(as_text=True))


def test_sql_is_tried_before_it_is_saved(client: FlaskClient, service: Service, asked: list[int]) -> None:
    address = f"/history/{asked[2]}/correction"
    assert "SELECT" in page(client, address)
    tried = words(client.post(address, data=form(client, sql=PEAK, action="try")).get_data(as_text=True))
    assert "peak" in tried
    assert service.review.of(asked[2]) == ()
    data = form(client, sql=PEAK, action="save", approved="on", comment="The peak.")
    assert client.post(address, data=data).status_code == 303
    (given,) = service.review.of(asked[2])
    assert (given.correct_sql, given.approved, given.comment) == (PEAK, True, "The peak.")
    assert "Approved" in page(client, f"/history/{asked[2]}")


@pytest.mark.parametrize("sql", ["DELETE FROM teams", "SELECT nonsense", "SELECT * FROM query_history", ""])
@pytest.mark.parametrize("action", ["try", "save"])
def test_sql_that_cannot_be_run_is_refused_and_nothing_is_saved(
    client: FlaskClient, service: Service, asked: list[int], sql: str, action: str
) -> None:
    address = f"/history/{asked[0]}/correction"
    response = client.post(address, data=form(client, sql=sql, action=action))
    html = response.get_data(as_text=True)
    assert 'role="alert"' in html
    assert sql in unescape(html)
    assert service.review.of(asked[0]) == ()


def test_how_a_question_was_read_is_changed_part_by_part_and_saved(
    client: FlaskClient, service: Service, asked: list[int]
) -> None:
    address = f"/history/{asked[2]}/reading"
    assert "Orders" in page(client, address)
    first = hidden_plan(client.get(address).get_data(as_text=True))
    changed = client.post(address, data=form(client, plan=first, slot="only.region", values="APAC"))
    html = changed.get_data(as_text=True)
    assert "region APAC" in words(html)
    assert service.review.of(asked[2]) == ()
    data = form(client, plan=hidden_plan(html), action="save", approved="on", comment="All of Asia.")
    assert client.post(address, data=data).status_code == 303
    (given,) = service.review.of(asked[2])
    assert given.correct_plan is not None
    assert given.correct_plan["filters"][0]["values"] == ["APAC"]
    answer = service.pipeline.ask(Question(QUESTIONS[2]))
    assert answer.method == "verified"
    assert "APAC" in (answer.interpretation or "")


def test_a_question_without_a_plan_can_be_given_one(client: FlaskClient, asked: list[int]) -> None:
    shown = page(client, f"/history/{asked[1]}/reading")
    assert "begin with this one" in shown
    assert "What it gives" in shown


@pytest.mark.parametrize("plan", ["", "[]", "{", '{"kpis": ["nonsense"]}', '{"kpis": 7}'])
def test_a_plan_that_cannot_be_is_refused(
    client: FlaskClient, service: Service, asked: list[int], plan: str
) -> None:
    for action in ("save", "edit"):
        data = form(client, plan=plan, action=action, slot="top", values="3")
        assert client.post(f"/history/{asked[0]}/reading", data=data).status_code == 422
    assert service.review.of(asked[0]) == ()


def test_a_question_asked_again_is_compared_with_what_was_answered_then(
    client: FlaskClient, service: Service, asked: list[int]
) -> None:
    same = client.post(f"/history/{asked[0]}/again", data=form(client), follow_redirects=True)
    assert words(same.get_data(as_text=True)).count("the same") == 4
    service.review.give(Feedback(asked[2], Verdict.WRONG, correct_sql=PEAK, approved=True), service.catalog())
    changed = client.post(f"/history/{asked[2]}/again", data=form(client), follow_redirects=True)
    said = words(changed.get_data(as_text=True))
    assert "different" in said
    assert "peak" in said


def test_the_dashboard_counts_what_was_asked(client: FlaskClient) -> None:
    shown = page(client, "/dashboard?period=7")
    assert "3 Questions" in shown
    assert "66 % Answered" in shown
    assert all(word in shown for word in ("Revenue", "Orders", "delete all teams", "http"))
    assert "must be one of" in page(client, "/dashboard?period=1000", 422)


def test_a_row_from_before_this_service_has_a_page_too(client: FlaskClient, demo: Database) -> None:
    with psycopg.connect(demo.owner_url) as connection:
        row = connection.execute(
            "INSERT INTO query_history (query_text, timestamp) VALUES ('Old?', NULL) RETURNING id"
        ).fetchone()
    assert row is not None
    assert "Imported" in page(client, f"/history/{row[0]}")
    assert "Imported" in page(client, "/history")


def test_a_question_that_is_not_there_is_said_to_be_on_a_page(client: FlaskClient) -> None:
    assert "no question with the id 999" in page(client, "/history/999", 404)


def test_what_people_wrote_is_never_markup(service: Service, client: FlaskClient, asked: list[int]) -> None:
    query_id = service.pipeline.ask(Question(f"Orders {HOSTILE}", user=HOSTILE)).id
    service.review.give(Feedback(query_id, Verdict.WRONG, HOSTILE, user=HOSTILE), service.catalog())
    for address in (
        "/history",
        f"/history/{query_id}?rows=1",
        f"/history/{query_id}/correction",
        "/dashboard",
    ):
        assert "<img" not in client.get(address).get_data(as_text=True)


def test_everything_is_there_in_german(client: FlaskClient, asked: list[int]) -> None:
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert "Jede gestellte Frage" in page(client, "/history")
    assert "Ist diese Antwort richtig?" in page(client, f"/history/{asked[0]}")
    assert "Meistgefragte KPIs" in page(client, "/dashboard")


def test_askers_see_their_own_questions_and_no_more() -> None:
    service = stand_in.service(environ={"NLQ_PROXY_USER_HEADER": "X-User", "NLQ_REVIEWERS": "rita"})
    client = create_app(service).test_client()
    client.environ_base["HTTP_X_USER"] = "ann"
    assert "that you asked" in page(client, "/history")
    assert service.history.calls[-1][0].user == "ann"
    assert "Dashboard" not in page(client, "/history")
    page(client, "/dashboard", 403)
    page(client, "/history/42", 404)
    page(client, "/history/42/correction", 403)
    client.environ_base["HTTP_X_USER"] = "rita"
    assert "Dashboard" in page(client, "/history")
