"""The phrases by which a question can name what is in the catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nlq.catalog import Catalog, Kpi
from nlq.linking.territories import country_code, other_names
from nlq.linking.words import stems

_SHORTEST_TELLING = 3
_SHORTEST_INITIALS = 3
LONGEST = 8
"""Most words of a phrase that are looked up together."""


class Kind(StrEnum):
    """What a name is the name of, the more likely reading of a shared name first."""

    TEAM = "team"
    DEPARTMENT = "department"
    REGION = "region"
    COUNTRY = "country"
    KPI = "kpi"
    CATEGORY = "category"
    SEVERITY = "severity"


@dataclass(frozen=True)
class Entry:
    """What a phrase can stand for; `coverage` is the part of the name that it says, 1 for all of it."""

    kind: Kind
    value: str
    coverage: float


@dataclass(frozen=True)
class Lexicon:
    """All phrases of one catalogue, by their stems written together (`e-commerce` is `ecommerce`)."""

    phrases: Mapping[str, tuple[Entry, ...]]
    vocabulary: frozenset[str]
    """The stems that occur in names."""
    codes: Mapping[str, Entry]
    """Countries by their ISO 3166 codes, in capitals."""
    telling: Mapping[str, Entry]
    """Teams and regions by words that occur in their names alone, and in nothing else of the catalogue."""
    teams: Mapping[str, Entry]
    """Teams by words that occur in no other team's name."""

    def find(self, words: Iterable[str]) -> tuple[Entry, ...]:
        """What the phrase with these stems can stand for."""
        return self.phrases.get("".join(words), ())


def build(catalog: Catalog) -> Lexicon:
    """The lexicon of `catalog`: names, labels, synonyms, abbreviations and parts of KPI names."""
    found: dict[str, dict[tuple[Kind, str], float]] = defaultdict(dict)
    vocabulary: set[str] = set()
    for kind, value, words, coverage in _phrases(catalog):
        known = found["".join(words)]
        known[kind, value] = max(coverage, known.get((kind, value), 0.0))
        vocabulary.update(words)
    named = frozenset(phrase for phrase, entries in found.items() if 1.0 in entries.values())
    for kind, value, words in _long_names(catalog):
        if (short := "".join(word[0] for word in words)) not in named:
            found[short][kind, value] = 1.0
            vocabulary.add(short)
    phrases = {
        phrase: tuple(Entry(kind, value, coverage) for (kind, value), coverage in entries.items())
        for phrase, entries in found.items()
        if phrase
    }
    codes = {
        code: Entry(Kind.COUNTRY, country, 1.0)
        for country in catalog.countries
        if (code := country_code(country))
    }
    return Lexicon(phrases, frozenset(vocabulary), codes, _telling(catalog), _own_words(catalog))


def _own_words(catalog: Catalog, *kinds: Kind) -> Mapping[str, Entry]:
    """Words that only one of the names of teams, or of these kinds, holds."""
    owners: dict[str, list[Entry]] = defaultdict(list)
    names = {
        Kind.TEAM: [team.name for team in catalog.teams],
        Kind.REGION: [region.name for region in catalog.regions],
    }
    for kind in kinds or (Kind.TEAM,):
        for name in names[kind]:
            words = dict.fromkeys(stems(name))
            for word in words:
                owners[word].append(Entry(kind, name, 1 / len(words)))
    return {word: entries[0] for word, entries in owners.items() if len(entries) == 1}


def _telling(catalog: Catalog) -> Mapping[str, Entry]:
    """Words that tell one team or region from all others, so that they can stand for its whole name."""
    own = _own_words(catalog, Kind.TEAM, Kind.REGION)
    others = [*catalog.departments, *catalog.categories, *catalog.countries]
    others += [text for kpi in catalog.kpis for text in (kpi.name, kpi.label, kpi.unit, *kpi.synonyms)]
    taken = {word for text in others for word in stems(text)}
    return {
        word: entry for word, entry in own.items() if word not in taken and len(word) >= _SHORTEST_TELLING
    }


_Phrase = tuple[Kind, str, tuple[str, ...], float]


def _phrases(catalog: Catalog) -> Iterator[_Phrase]:
    for kpi in catalog.kpis:
        for words, coverage in _kpi_phrases(kpi):
            yield Kind.KPI, kpi.name, words, coverage
    for team in catalog.teams:
        yield from _whole(Kind.TEAM, team.name, (team.name, *team.synonyms))
    for region in catalog.regions:
        yield from _whole(Kind.REGION, region.name, (region.name, *region.synonyms))
        for name in other_names(region.name):
            yield Kind.REGION, region.name, stems(name), 1.0
    for country in catalog.countries:
        for name in (country, *other_names(country)):
            yield Kind.COUNTRY, country, stems(name), 1.0
    for kind, names in (
        (Kind.DEPARTMENT, catalog.departments),
        (Kind.CATEGORY, catalog.categories),
        (Kind.SEVERITY, catalog.severities),
    ):
        for name in names:
            yield from _whole(kind, name, (name,))


def _whole(kind: Kind, value: str, names: Iterable[str]) -> Iterator[_Phrase]:
    for name in names:
        yield kind, value, stems(name), 1.0


def _kpi_phrases(kpi: Kpi) -> Iterator[tuple[tuple[str, ...], float]]:
    for synonym in kpi.synonyms:
        yield stems(synonym), 1.0
    for name in dict.fromkeys((kpi.name, kpi.label)):
        words = stems(name)
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                yield words[start:end], (end - start) / len(words)


def _long_names(catalog: Catalog) -> Iterator[tuple[Kind, str, tuple[str, ...]]]:
    """Names of so many words that their initials can stand for them."""
    named = [(Kind.KPI, kpi.name, name) for kpi in catalog.kpis for name in (kpi.name, kpi.label)]
    named += [(Kind.TEAM, team.name, name) for team in catalog.teams for name in (team.name, *team.synonyms)]
    named += [
        (Kind.REGION, region.name, name)
        for region in catalog.regions
        for name in (region.name, *region.synonyms)
    ]
    for kind, names in (
        (Kind.DEPARTMENT, catalog.departments),
        (Kind.CATEGORY, catalog.categories),
        (Kind.SEVERITY, catalog.severities),
    ):
        named += [(kind, name, name) for name in names]
    for kind, value, name in named:
        if len(words := stems(name)) >= _SHORTEST_INITIALS:
            yield kind, value, words
