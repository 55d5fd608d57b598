"""Answers in words: the plural where there are several, and German sentences for who reads German."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from nlq.answer import Column, Table, Value
from nlq.chart import chart
from nlq.linking import link
from nlq.numbers import number
from nlq.plan.describe import describe_plan
from nlq.plan.draft import draft
from nlq.plan.model import Plan
from nlq.plan.words import period_words
from nlq.question import Question
from nlq.service import Service
from nlq.web import create_app
from nlq.wording import sentence
from nlq.words import gettext, language, speaking
from tests.catalogs import CALENDAR, NAMES, SHOP
from tests.forms import form


def plan_of(text: str) -> Plan:
    found = draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR)
    assert found.kpis == ()
    return found.plan


def said(question: str, *rows: tuple[Value, ...]) -> str:
    """What rows say that answer `question`."""
    columns = tuple(
        Column(f"c{n}", "text" if isinstance(v, str) else "number") for n, v in enumerate(rows[0])
    )
    return sentence(plan_of(question), Table(columns, rows), SHOP)


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (1, "There was 1 anomaly of revenue in 2025.", "Es gab 1 Auffälligkeit von Revenue im Jahr 2025."),
        (
            1200,
            "There were 1,200 anomalies of revenue in 2025.",
            "Es gab 1.200 Auffälligkeiten von Revenue im Jahr 2025.",
        ),
    ],
)
def test_one_is_no_plural(count: int, english: str, german: str) -> None:
    asked = "how many anomalies of revenue were there in 2025?"
    assert said(asked, (count,)) == english
    with speaking("de"):
        assert said(asked, (count,)) == german


@pytest.mark.parametrize(
    ("count", "says"), [(1, "1 region matches in 2025."), (3, "3 regions match in 2025.")]
)
def test_who_fulfils_a_condition_is_counted(count: int, says: str) -> None:
    assert said("how many regions had revenue above 500 in 2025?", (count,)) == says


@pytest.mark.parametrize(
    ("question", "rows", "says"),
    [
        (
            "revenue in EMEA last month",
            [(Decimal("1234567.891"),)],
            "Revenue für EMEA im Oktober 2026: insgesamt 1.234.567,89 USD.",
        ),
        (
            "conversion rate in Q3 2026",
            [(Decimal("3.419"),)],
            "Sales conversion rate in Q3 2026: im Durchschnitt 3,42\u00a0%.",
        ),
        (
            "revenue by region in 2025",
            [("APAC", Decimal(5)), ("EMEA", Decimal(1200))],
            "Revenue nach Region im Jahr 2025: 2 Zeilen, von 5,00 USD (APAC) bis 1.200,00 USD (EMEA).",
        ),
        (
            "which region had the highest revenue in the last 12 months?",
            [("EMEA", Decimal(9))],
            "Am höchsten war Revenue in den letzten 12 Monaten bei EMEA: 9,00 USD.",
        ),
        (
            "difference in revenue between 2025 and 2026",
            [(Decimal(10), Decimal(15), Decimal(5), Decimal(50))],
            "Revenue: 15,00 USD für 2026 und 10,00 USD für 2025, "
            "ein Unterschied von +5,00 USD (+50,0\u00a0%).",
        ),
        (
            "revenue in week 20 of 2026",
            [(None,)],
            "Zu dieser Frage gibt es keine Zeilen: Es wurde nichts gefunden in KW 20/2026.",
        ),
        ("revenue since 5 March 2026", [(Decimal(1),)], "Revenue seit 5. März 2026: insgesamt 1,00 USD."),
        ("how many teams are there?", [(3,)], "Es gibt 3 Teams."),
    ],
)
def test_sentences_are_german_for_who_reads_german(
    question: str, rows: list[tuple[Value, ...]], says: str
) -> None:
    with speaking("de"):
        assert said(question, *rows) == says


@pytest.mark.parametrize(
    ("question", "reads"),
    [
        (
            "top 3 regions by revenue in Q3 2026 without EMEA",
            "Summe von Revenue (USD), ohne Region EMEA, Q3 2026 (1. Juli - 30. Sept. 2026), nach Region, "
            "höchste zuerst, nur die ersten 3.",
        ),
        (
            "regions with support response time over 1.5 in 2025",
            "Mittelwert von Support response time (minutes), 2025 (1. Jan. - 31. Dez. 2025), "
            "nur Ergebnisse über 1,5, nach Region.",
        ),
    ],
)
def test_how_a_question_was_read_is_german_too(question: str, reads: str) -> None:
    with speaking("de"):
        assert describe_plan(plan_of(question), SHOP).replace("\u2009\u2013\u2009", " - ") == reads


def test_a_chart_is_labelled_in_the_language_of_the_reader() -> None:
    plan = plan_of("anomalies by severity and region in 2025")
    columns = (Column("severity", "text"), Column("region", "text"), Column("anomalies", "integer"))
    with speaking("de"):
        made = chart(plan, Table(columns, (("low", "EMEA", 1), ("high", "APAC", 2))), SHOP, "")
    assert made is not None
    assert made["title"] == {
        "text": "Zahl der Auffälligkeiten nach Schweregrad und Region",
        "subtitle": "2025",
    }


@pytest.mark.parametrize(
    ("label", "german"),
    [
        ("October 2026", "Oktober 2026"),
        ("week 5 of 2026", "KW 5/2026"),
        ("fiscal Q2 2026", "Q2 des Geschäftsjahres 2026"),
        ("fiscal year 2026", "Geschäftsjahr 2026"),
        ("since January 2026", "seit Januar 2026"),
        ("second half of 2026", "zweite Hälfte 2026"),
        ("the last 30 days", "die letzten 30 Tage"),
        ("month to date", "seit Monatsbeginn"),
        ("Q1 2026", "Q1 2026"),
        ("May Street", "May Street"),
    ],
)
def test_periods_are_called_in_the_language_of_the_reader(label: str, german: str) -> None:
    assert period_words(label) == label
    with speaking("de"):
        assert period_words(label) == german


def test_a_language_is_spoken_for_as_long_as_it_is_said() -> None:
    with speaking("de"):
        assert number(Decimal("-1234.5")) == "-1.234,5"
        with speaking("en"):
            assert number(Decimal("-1234.5")) == "-1,234.5"
        assert language() == "de"
    assert language() == "en"
    assert gettext("no value") == "no value"


def test_an_answer_is_kept_in_the_words_in_which_it_was_given(service: Service) -> None:
    asked = Question("What was the weather?", language="de")
    refused = service.pipeline.ask(asked)
    assert refused.text.startswith("Das kann ich aus den Kennzahlen nicht beantworten. Ich kenne ")
    answer = service.pipeline.ask(Question("Revenue in EMEA last month, sunny ones", language="de"))
    kept = service.history.get(answer.id)
    assert kept is not None
    assert answer.text.startswith("Revenue für EMEA im Oktober 2026: insgesamt ")
    assert (kept.answer_text, kept.interpretation) == (answer.text, answer.interpretation)
    assert list(kept.warnings or ()) == list(answer.warnings)
    assert "in den Daten nichts gefunden" in answer.warnings[0]


@pytest.fixture
def client(service: Service) -> Iterator[FlaskClient]:
    """A client of the application over the demo company."""
    with create_app(service).test_client() as client:
        yield client


def test_programs_are_answered_in_english_whatever_they_accept(client: FlaskClient) -> None:
    asked = {"question": "Revenue last month"}
    answer = client.post("/api/v1/ask", json=asked, headers={"Accept-Language": "de"}).get_json()
    assert answer["text"].startswith("The total revenue in October 2026 was ")


def test_pages_answer_refuse_and_offer_in_german(client: FlaskClient) -> None:
    german = {"Accept-Language": "de", "Accept": "text/html"}

    def asked(question: str) -> str:
        sent = form(client, question=question)
        found = client.post("/ask", data=sent, headers=german, follow_redirects=True)
        return found.get_data(as_text=True)

    answer = asked("Umsatz und Revenue in EMEA im letzten Quartal")
    assert "Revenue für EMEA in Q3 2026: insgesamt " in answer
    assert "Summe von Revenue (USD), Region EMEA, Q3 2026" in answer
    assert "Ich lese Daten nur und ändere sie nie." in asked("Lösche alle Messwerte")
    assert "Die Frage ist leer" in asked(" ")
