"""KPIs that loose words hint at: words of their names and descriptions, or words that mean the same."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nlq.catalog import Catalog, Kpi
from nlq.linking.thesaurus import Term, thesaurus
from nlq.linking.vocabulary import DIMENSION_WORDS, FUNCTION_WORDS
from nlq.linking.words import akin, stems, tokenize

SURE_SCORE, SURE_MARGIN = 0.4, 1.5
"""Loose words decide on a KPI that they say this part of, and this many times more than of any other."""
SURE_ALONE = 0.2
"""The same for a KPI that is the only candidate."""
LEAST_SCORE = 0.12
"""A KPI whose loose words score less is no candidate."""
MOST_CANDIDATES = 6
_MEASURES = {"average", "mean", "median", "total", "sum", "number", "count", "rate", "percentage", "percent"}
"""Words of many KPIs' names that say how to count rather than what."""
_SILENT = FUNCTION_WORDS | _MEASURES | DIMENSION_WORDS.keys()
_SHORT_UNIT = 3
"""Letters up to which a unit is a currency or a symbol, which says nothing of the KPI."""
_DESCRIPTION_WEIGHT = 0.35
"""What a word that only the description holds counts against one of the name."""
_MEANING_WEIGHT = 0.9
"""What a word that means the same counts against the word itself."""
_OTHER_WEIGHT = 0.4
"""The same where the word itself stands in another KPI's name."""


@dataclass(frozen=True)
class _Word:
    """A word of a KPI's name or description, or a part of a compound there."""

    stem: str
    meanings: frozenset[int]

    def is_in(self, term: Term) -> bool:
        """Whether `term` holds this word itself, in any form."""
        return any(akin(self.stem, stem) for stem in term.stems)


@dataclass(frozen=True)
class Hints:
    """What loose words say about the KPIs of a catalogue; build it once for each catalogue."""

    catalog: Catalog
    _words: Mapping[str, tuple[tuple[_Word, ...], tuple[_Word, ...]]] = field(init=False)
    """For each KPI the words of its name, and those of its synonyms and description."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_words", {kpi.name: _words_of(kpi) for kpi in self.catalog.kpis})

    def candidates(self, terms: Iterable[Term]) -> tuple[tuple[str, float], ...]:
        """KPIs that loose terms hint at, best first.

        A score is the part of the name that the terms say, less where another KPI takes up more of them.
        """
        loose = [term for term in terms if _speaks(term)]
        taken_up = {kpi.name: self._taken_up(kpi, loose) for kpi in self.catalog.kpis}
        most = max(taken_up.values(), default=0) or 1
        scores = (
            (kpi.name, self.score(kpi.name, loose) * taken_up[kpi.name] / most) for kpi in self.catalog.kpis
        )
        likely = sorted((pair for pair in scores if pair[1] >= LEAST_SCORE), key=lambda pair: -pair[1])
        return tuple(likely[:MOST_CANDIDATES])

    def score(self, kpi: str, terms: Sequence[Term]) -> float:
        """The part of the KPI's name that `terms` say, rare words counting more; descriptions add."""
        name, about = self._words[kpi]
        total = sum(self._rarity(word) for word in name)
        if not total:
            return 0.0
        said = sum(
            self._rarity(word) * max((self._said(word, term) for term in terms), default=0.0) for word in name
        )
        hint = sum(
            max(self._rarity(word) * self._said(word, term) for word in about)
            for term in terms
            if about and not any(self._said(word, term) for word in name)
        )
        return (said + _DESCRIPTION_WEIGHT * min(hint, total)) / total

    def foreign(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """The terms whose meaning is known and has nothing to do with any KPI."""
        return tuple(
            term
            for term in terms
            if term.meanings
            and _speaks(term)
            and not any(self._taken_up(k, [term]) for k in self.catalog.kpis)
        )

    def _taken_up(self, kpi: Kpi, terms: Sequence[Term]) -> int:
        """How many of `terms` the KPI's name, synonyms or description hold."""
        return sum(self.hold(kpi.name, term) for term in terms)

    def takes_up(self, kpis: Collection[str], term: Term) -> bool:
        """Whether one of the KPIs holds `term`, and it is not a word of another one's name itself."""
        if not any(self.hold(kpi, term) for kpi in kpis):
            return False
        own = any(word.is_in(term) for kpi in kpis for word in self._words[kpi][0])
        return own or not self._in_a_name(term)

    def spells(self, kpi: str, term: Term) -> bool:
        """Whether `term` is a word of the KPI's name, synonyms or description itself, in any form."""
        return any(word.is_in(term) for words in self._words[kpi] for word in words)

    def hold(self, kpi: str, term: Term) -> bool:
        """Whether the KPI's name, synonyms or description hold `term`, or a word that means the same."""
        name, about = self._words[kpi]
        return _speaks(term) and any(self._said(word, term) for word in (*name, *about))

    def _said(self, word: _Word, term: Term) -> float:
        """How far `term` says `word`, from 0 to 1."""
        if word.is_in(term):
            return 1.0
        if not word.meanings & term.meanings:
            return 0.0
        return _OTHER_WEIGHT if self._in_a_name(term) else _MEANING_WEIGHT

    def _in_a_name(self, term: Term) -> bool:
        return any(word.is_in(term) for name, _ in self._words.values() for word in name)

    def _rarity(self, word: _Word) -> float:
        """How much a word says: the logarithm of how few KPIs share it (inverse document frequency)."""
        stems, meanings = self._counts
        count = max(stems[word.stem], *(meanings[number] for number in word.meanings), 1)
        return math.log(1 + len(self._words) / count)

    @cached_property
    def _counts(self) -> tuple[Counter[str], Counter[int]]:
        """How many KPIs have each stem, and each meaning."""
        words = [(*name, *about) for name, about in self._words.values()]
        stems = Counter(stem for found in words for stem in {word.stem for word in found})
        meanings = Counter(n for found in words for n in {n for word in found for n in word.meanings})
        return stems, meanings


def _speaks(term: Term) -> bool:
    """Whether a term says more than how to count; numbers say nothing."""
    return not all(stem in _SILENT or stem[:1].isdigit() for stem in term.stems)


def _words_of(kpi: Kpi) -> tuple[tuple[_Word, ...], tuple[_Word, ...]]:
    unit = kpi.unit if len(kpi.unit) > _SHORT_UNIT else ""
    about = (word for text in (kpi.description, *kpi.synonyms, unit) for word in _words(text))
    spelled = kpi.name if "".join(stems(kpi.name)) != "".join(stems(kpi.label)) else ""
    name = dict.fromkeys((*_words(spelled), *_words(kpi.label)))
    return tuple(name), tuple(dict.fromkeys(about))


def _words(text: str) -> list[_Word]:
    """The words of `text` that say something; each means also what the term means that it is part of."""
    tokens = tokenize(text)
    found: list[_Word] = []
    for term in thesaurus().of_name(text):
        for token in tokens[term.start : term.end]:
            own = thesaurus().of_name(token.folded)[0].meanings if term.end - term.start > 1 else frozenset()
            if token.stem not in FUNCTION_WORDS and len(token.stem) > 1:
                found.append(_Word(token.stem, term.meanings | own))
    return found
