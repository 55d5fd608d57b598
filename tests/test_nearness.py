"""How near questions lie to KPIs in meaning, with the real encoder."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.catalog import Catalog, Kpi
from nlq.embedded.encoder import Encoder, encoder, plain
from nlq.linking.nearness import Nearness, rather

_CATALOG = Catalog(
    kpis=(
        Kpi("stock_turns", "Stock turns", "How often the stores sell their whole stock in a year."),
        Kpi("complaints", "Complaints", "Complaints that customers made in writing."),
        Kpi("fuel", "Fuel used", "Diesel that the trucks burned.", "litres"),
    )
)
_LONGEST_FORM = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"
"""A character of 3 bytes with a compatible form of 18."""


@pytest.fixture(scope="module")
def near() -> Nearness:
    """Nearness to three KPIs."""
    return Nearness(_CATALOG, encoder())


@pytest.mark.parametrize(
    ("question", "kpi"),
    [
        ("Wie oft haben sich Kunden bei uns beschwert?", "complaints"),
        ("Combien de carburant les camions ont-ils brûlé ?", "fuel"),
        ("how quickly do we get through our inventory", "stock_turns"),
    ],
)
def test_a_question_lies_nearest_to_the_kpi_that_it_means_in_any_language(
    near: Nearness, question: str, kpi: str
) -> None:
    found = near.of(question)

    assert max(found, key=lambda name: found[name]) == kpi


def test_the_models_choice_stands_unless_another_kpi_lies_clearly_nearer() -> None:
    close, far = {"fuel": 0.83, "complaints": 0.84}, {"fuel": 0.80, "complaints": 0.84}

    assert rather("fuel", close, ("fuel", "complaints")) == "fuel"
    assert rather("fuel", far, ("fuel", "complaints")) == "complaints"
    assert rather("fuel", far, ("fuel",)) == "fuel"


@given(st.text(max_size=2000))
def test_the_engine_gets_no_text_that_grows_when_it_resolves_compatible_forms(text: str) -> None:
    given_to_it = plain(text + _LONGEST_FORM * 50)

    assert len(given_to_it) <= 600
    assert all(len(unicodedata.normalize("NFKC", char)) <= 4 * len(char.encode()) for char in given_to_it)


@pytest.mark.parametrize("text", ["", "\0", _LONGEST_FORM * 5000, "\N{ROBOT FACE}" * 900, "a" * 100_000])
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    vector = Encoder().question(text)

    assert math.isclose(float(vector @ vector), 1.0, abs_tol=1e-3)
