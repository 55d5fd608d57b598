"""Questions in other languages are read like the same question in English."""

import pytest

from nlq.linking import link
from nlq.plan.draft import draft
from nlq.plan.model import Plan
from tests.catalogs import CALENDAR, NAMES, SHOP


def plan_of(text: str) -> Plan:
    return draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR).plan


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("revenue by region and month since January 2026", "Revenue nach Region und Monat seit Januar 2026"),
        (
            "which team had the highest revenue last year",
            "Welches Team hatte letztes Jahr das höchste Revenue?",
        ),
        (
            "which team had the highest revenue last year",
            "Quelle équipe a eu le revenue le plus élevé l'année dernière ?",
        ),
        ("revenue in APAC last month", "¿Cuál fue el revenue en APAC el mes pasado?"),
        (
            "new customers by region in the second quarter of 2026",
            "hoeveel new customers per regio in het tweede kwartaal van 2026",
        ),
        ("monthly revenue in 2025", "Qual foi a evolução mensal de revenue em 2025?"),
        ("revenue in Germany 2 months ago", "Revenue in Deutschland vor 2 Monaten"),
        ("revenue in the United States in 2025", "Revenue aux États-Unis en 2025"),
        (
            "regions with revenue above 650000 in 2026",
            "Welche Regionen hatten 2026 mehr als 650.000 Revenue?",
        ),
        (
            "3 month moving average of revenue in 2026",
            "Gleitender 3-Monats-Durchschnitt des Revenue für 2026",
        ),
    ],
)
def test_a_question_means_the_same_in_another_language(english: str, other: str) -> None:
    assert plan_of(other) == plan_of(english)


@pytest.mark.parametrize(
    "text", ["revenue in de Vries", "what was the total in March", "top 3 teams by revenue in 2025"]
)
def test_an_english_question_is_not_taken_for_another_language(text: str) -> None:
    assert all(token.written for token in link(text, NAMES, CALENDAR).tokens)
    assert [t.folded for t in link(text, NAMES, CALENDAR).tokens][-1] == text.lower().split()[-1]


def test_an_inflected_name_is_no_slip_of_the_pen() -> None:
    assert link("Wie viele new customer gab es 2025?", NAMES, CALENDAR).corrections == ()


def test_a_word_with_another_beginning_is_not_corrected() -> None:
    assert "readmission" not in {read for _, read in link("prerevenue in 2025", NAMES, CALENDAR).corrections}
    assert link("prerevenue in 2025", NAMES, CALENDAR).leftovers == ("prerevenue",)
