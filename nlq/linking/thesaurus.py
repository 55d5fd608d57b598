"""What words mean: the words of all languages of questions for the same thing that a company may measure.

The meanings are data, in `thesaurus/`: general words, written without sight of any company's data. A line is
one meaning; its columns are languages, its words are separated by commas. They are compared by their stems
(Snowball, https://snowballstem.org), and German and Dutch compounds by their parts.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from threading import Lock

import Stemmer

from nlq.linking.words import Token, fold, tokenize

_SNOWBALL = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "nl": "dutch",
    "pt": "portuguese",
}
_COMPOUNDING = ("de", "nl")
_LINKS = ("", "s", "n", "en", "es", "er", "e")
"""Letters between the parts of a compound."""
_SHORTEST_PART = 3
_LONGEST = 4
"""Most words of a term."""
_SHORTEST_FOREIGN = 5
"""Letters from which a word may be of another language than the question."""
_STEMMING = Lock()
"""Snowball's stemmers serve one thread at a time."""

Languages = Sequence[str]


@dataclass(frozen=True)
class Term:
    """Words from `start` to before `end` of a text, and what they mean; a part of a compound is one too."""

    start: int
    end: int
    stems: tuple[str, ...]
    meanings: frozenset[int]


class Thesaurus:
    """Finds what words mean."""

    def __init__(self, meanings: Iterable[Mapping[str, str]]) -> None:
        """Take in `meanings`: for each language's code, words that mean the same, separated by commas."""
        tables: dict[str, dict[str, set[int]]] = {code: defaultdict(set) for code in _SNOWBALL}
        for number, words in enumerate(meanings):
            for code, table in tables.items():
                for word in words[code].split(","):
                    for key in _keys(tokenize(word), code):
                        table[key].add(number)
        self._tables = {
            code: {key: frozenset(numbers) for key, numbers in table.items()}
            for code, table in tables.items()
        }

    def of_question(self, tokens: Sequence[Token], language: str | None) -> tuple[Term, ...]:
        """The terms of a question in the language with this code; None is English."""
        tiers = [(code,) for code in dict.fromkeys((language or "en", "en"))]
        return self._terms(tokens, (*tiers, tuple(_SNOWBALL)))

    def of_name(self, text: str) -> tuple[Term, ...]:
        """The terms of a name or description, in the language that most of its words are known in."""
        tokens = tokenize(text)
        known = {
            code: sum(term.end - term.start for term in self._terms(tokens, ((code,),)) if term.meanings)
            for code in _SNOWBALL
        }
        most = max(known.values())
        return self._terms(tokens, (tuple(code for code, count in known.items() if count == most),))

    def _terms(self, tokens: Sequence[Token], tiers: Sequence[Languages]) -> tuple[Term, ...]:
        found: list[Term] = []
        at = 0
        while at < len(tokens):
            terms = next(self._longest(tokens, at, tiers), None)
            terms = terms or (Term(at, at + 1, (tokens[at].stem,), frozenset()),)
            found += terms
            at = terms[0].end
        return tuple(found)

    def _longest(
        self, tokens: Sequence[Token], at: int, tiers: Sequence[Languages]
    ) -> Iterator[tuple[Term, ...]]:
        """What can be known of the words from `at` on, the longest term and the first languages first."""
        for length in range(min(_LONGEST, len(tokens) - at), 0, -1):
            words = tokens[at : at + length]
            foreign = length > 1 or len(words[0].folded) >= _SHORTEST_FOREIGN
            for languages in tiers if foreign else tiers[:2]:
                if meanings := self._meanings(words, languages):
                    yield (Term(at, at + length, tuple(word.stem for word in words), meanings),)
        for code in dict.fromkeys(code for languages in tiers for code in languages):
            if code in _COMPOUNDING and (parts := self._parts(tokens[at], code)):
                yield tuple(Term(at, at + 1, (tokens[at].stem,), meanings) for meanings in parts)

    def _meanings(self, words: Sequence[Token], languages: Languages) -> frozenset[int]:
        none: frozenset[int] = frozenset()
        tables = ((self._tables[code], code) for code in languages if code == "en" or _as_written(words))
        return none.union(*(table.get(key, none) for table, code in tables for key in _keys(words, code)))

    def _parts(self, token: Token, code: str) -> tuple[frozenset[int], frozenset[int]] | None:
        """The meanings of the two parts of a compound, the longest second part first."""
        word, table = token.folded, self._tables[code]
        for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            last = table.get(_stem(code, word[cut:]))
            if not last:
                continue
            firsts = (word[:cut].removesuffix(link) for link in _LINKS if word[:cut].endswith(link))
            for first in firsts:
                if len(first) >= _SHORTEST_PART and (meanings := table.get(_stem(code, first))):
                    return meanings, last
        return None


def _as_written(words: Sequence[Token]) -> bool:
    """Whether the words are those of the question, not English put in their place."""
    return all(fold(word.written) == word.folded for word in words)


def _keys(words: Sequence[Token], code: str) -> set[str]:
    """The forms under which the words are found: stemmed with accents, and without."""
    written = words if _as_written(words) else ()
    forms = [[word.folded for word in words], [word.written.casefold() for word in written]]
    return {fold(" ".join(_stem(code, word) for word in form)) for form in forms if form}


def _stem(code: str, word: str) -> str:
    with _STEMMING:
        stemmed: str = _stemmer(code).stemWord(word)
    return stemmed


@cache
def _stemmer(code: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_SNOWBALL[code])


@cache
def thesaurus() -> Thesaurus:
    """The thesaurus of `thesaurus/`."""
    files = (resources.files("nlq.linking") / "thesaurus").iterdir()
    lines = (
        line
        for file in sorted(files, key=lambda file: file.name)
        for line in csv.DictReader(
            file.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
        )
    )
    return Thesaurus(lines)
