"""Example questions come from the catalogue, whatever it holds."""

from dataclasses import replace

from nlq import examples
from nlq.catalog import Catalog, Kpi
from tests.stand_in import CATALOG


def test_examples_name_what_the_catalogue_holds() -> None:
    assert examples.questions(CATALOG) == [
        "What was the average sales conversion rate in EMEA in September 2026?",
        "Which team had the highest customer acquisition cost in 2026?",
        "How did NPS develop by month in 2026?",
        "Sales conversion rate by region in 2026",
        "How many high severity anomalies were there in 2026?",
        "What does NPS mean?",
    ]


def test_a_company_without_teams_and_regions_gets_examples_that_it_can_ask() -> None:
    catalog = replace(CATALOG, teams=(), regions=(), severities=())
    assert examples.questions(catalog) == ["How did NPS develop by month in 2026?", "What does NPS mean?"]


def test_a_company_without_readings_is_not_offered_numbers() -> None:
    assert examples.questions(Catalog(kpis=(Kpi("nps", "NPS"),))) == ["What does NPS mean?"]


def test_an_empty_catalogue_gives_no_examples() -> None:
    assert examples.questions(Catalog(kpis=())) == []
