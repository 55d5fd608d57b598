"""Words of six languages find the KPI that is called by another word."""

import csv
from pathlib import Path

import pytest

from nlq.catalog import Catalog, Kpi
from nlq.linking import link
from nlq.linking.lexicon import Kind
from nlq.linking.names import Names
from nlq.linking.points import Calendar
from nlq.linking.thesaurus import thesaurus
from nlq.linking.words import tokenize
from schema import worlds
from tests.catalogs import TODAY
from tests.dependencies import ROOT

_FILES = sorted((ROOT / "nlq" / "linking" / "thesaurus").glob("*.tsv"))
_CATALOG = Catalog(
    kpis=tuple(
        Kpi(name, name.replace("_", " "), description, unit, "")
        for name, description, unit in (
            ("complaints", "Complaints that came in", "complaints"),
            ("energy_use", "Energy that was used", "kWh"),
            ("delivery_time", "Time until a parcel arrives", "days"),
            ("net_sales", "Sales without tax", "EUR"),
        )
    )
)


def kpis(question: str) -> list[str]:
    found = link(question, Names(_CATALOG), Calendar(TODAY))
    return [value for mention in found.mentions if mention.kind is Kind.KPI for value in mention.values]


@pytest.mark.parametrize(
    ("question", "kpi"),
    [
        ("How many gripes were there in May?", "complaints"),
        ("Wie viele Beschwerden gab es im Mai?", "complaints"),
        ("Combien de réclamations avons-nous reçues en mai ?", "complaints"),
        ("¿Cuántas quejas hubo en mayo?", "complaints"),
        ("Hoeveel klachten waren er in mei?", "complaints"),
        ("Quantas queixas houve em maio?", "complaints"),
        ("Wie hoch war der Energieverbrauch im Mai?", "energy_use"),
        ("Wie lang war die Lieferzeit im Mai?", "delivery_time"),
        ("Quais foram as vendas líquidas em maio?", "net_sales"),
    ],
)
def test_a_kpi_is_found_by_words_of_any_language_that_mean_the_same(question: str, kpi: str) -> None:
    assert kpis(question) == [kpi]


def test_two_kpis_in_other_words_make_a_pair_in_the_order_of_the_question() -> None:
    assert kpis("Beschwerden und Energieverbrauch im Mai") == ["complaints", "energy_use"]


def test_a_word_with_a_known_meaning_that_no_kpi_has_is_foreign() -> None:
    found = link("Wie viele Überstunden gab es im Mai?", Names(_CATALOG), Calendar(TODAY))
    assert found.foreign == ("Überstunden",)
    assert link("Wie viele Quarzl gab es im Mai?", Names(_CATALOG), Calendar(TODAY)).foreign == ()


def test_the_parts_of_a_compound_are_known() -> None:
    (first, second) = thesaurus().of_question(tokenize("Wasserverbrauch"), "de")
    water, use = (thesaurus().of_question(tokenize(word), "en")[0] for word in ("water", "consumption"))
    assert first.meanings & water.meanings
    assert second.meanings & use.meanings


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_meaning_has_words_in_every_language(path: Path) -> None:
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert [line for line in lines if len(line) != 6 or not all(cell.strip() for cell in line)] == []
    assert len({line[0] for line in lines}) == len(lines)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in worlds.FOLDER.glob("*/world.yml")))
def test_no_region_and_no_proper_name_of_a_world_stands_in_it(name: str) -> None:
    world = worlds.load(name)
    words = {
        word.strip().casefold()
        for path in _FILES
        for line in path.read_text(encoding="utf-8").splitlines()
        for cell in line.split("\t")
        for word in cell.split(",")
    }
    proper = [team for team, _ in world.teams if " " in team]
    assert {
        value.casefold() for value in (*proper, *(region for region, _ in world.regions))
    } & words == set()
