"""Questions in other languages: their words for dimensions, periods and calculations, put into English.

The words are data, in `languages/`. Only the small closed vocabulary of questions stands there; what is left
of a question - names, and what a company measures - stays as it is written.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

import yaml

from nlq.linking.time_words import NUMBERS, UNITS, month_names, ordinals
from nlq.linking.words import Token, fits, fold, stem

_CODES = ("de", "fr", "es", "nl", "pt")
_ENGLISH = "en.yml"
_GUESS = 0.3
"""What a word that is only known by its beginning counts less when languages are told apart."""
_SHORTEST_NAME = 3
_WORDS_KEPT = 4096
_FEW = frozenset("1234")
"""Numbers of quarters and halves, which `{k}` stands for."""
_ADVERBS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_THOUSANDS = re.compile(r"\.(?=\d{3}(?!\d))")


@dataclass(frozen=True)
class _Phrase:
    """Words as they are written in the language, and in English; see `languages/de.yml` for the form."""

    words: tuple[str, ...]
    english: tuple[str, ...]

    @cached_property
    def rank(self) -> tuple[int, int, int]:
        """Longer phrases are taken first, then those that are written out, then longer beginnings."""
        return len(self.words), -self.guesses, len("".join(self.words))

    @cached_property
    def guesses(self) -> int:
        """How many of its words are patterns."""
        return sum(word.endswith(("*", "}")) for word in self.words)


@dataclass(frozen=True)
class Language:
    """The phrases of one language, by their first word.

    Under a letter and `*` stand those whose first word is a beginning, under "" those that begin with a slot.
    """

    code: str
    """As in ISO 639-1."""
    name: str
    decimal_comma: bool
    """Whether it writes 1.234,5 for a thousand and some."""
    phrases: Mapping[str, tuple[_Phrase, ...]]
    split: tuple[_Phrase, ...] = ()
    """Verbs in two parts with other words between, such as `ging ... zurück`."""
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    """Words that compounds begin or end with, around a name."""

    def at(self, words: Sequence[str], start: int) -> tuple[_Phrase, tuple[str, ...]] | None:
        """The longest phrase that begins at `start`, and its English words; None if there is none."""
        for phrase in self._beginning(words[start]):
            found = self._slots(phrase, words[start : start + len(phrase.words)])
            if found is not None:
                return phrase, tuple(found.get(word, word) for word in phrase.english)
        return None

    @cached_property
    def _beginning(self) -> Callable[[str], tuple[_Phrase, ...]]:
        """The phrases that may begin with a word, the longest first; words come again in other questions."""

        def beginning(word: str) -> tuple[_Phrase, ...]:
            exact, slots = self.phrases.get(word, ()), self.phrases.get("", ())
            begun = (p for p in self.phrases.get(f"{word[:1]}*", ()) if fits(p.words[0], word))
            return tuple(sorted((*exact, *begun, *slots), key=lambda phrase: phrase.rank, reverse=True))

        return lru_cache(_WORDS_KEPT)(beginning)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that are written out in its phrases."""
        phrases = (phrase for found in self.phrases.values() for phrase in found)
        return frozenset(w for phrase in phrases for w in phrase.words if w.isalpha())

    def has_short(self, word: str) -> bool:
        """Whether `word` is so short a word of the language that in small letters it is no abbreviation."""
        return len(word) <= _SHORTEST_NAME and word in self.words

    def _slots(self, phrase: _Phrase, words: Sequence[str]) -> dict[str, str] | None:
        """What stands in the slots of `phrase` if it matches all of `words`; else None."""
        if len(words) < len(phrase.words):
            return None
        slots: dict[str, str] = {}
        for pattern, word in zip(phrase.words, words, strict=True):
            if pattern.startswith("{"):
                english = _slot(pattern, word, self._word(word))
                if english is None:
                    return None
                slots[pattern] = english
            elif not fits(pattern, word):
                return None
        return slots

    @cached_property
    def _word(self) -> Callable[[str], str]:
        """A single word in English; itself where the language does not know it."""

        def word_in_english(word: str) -> str:
            plain = [phrase for phrase in self.phrases.get(word, ()) if len(phrase.words) == 1]
            begun = self.phrases.get(f"{word[:1]}*", ())
            plain += [p for p in begun if len(p.words) == 1 and fits(p.words[0], word)]
            return " ".join(plain[0].english) if plain else word

        return lru_cache(_WORDS_KEPT)(word_in_english)


def spoken(tokens: Sequence[Token], taken: Sequence[bool], english: frozenset[str]) -> Language | None:
    """The language that more of the words are known in than in English; None for English.

    Args:
        tokens: the question.
        taken: for each word, whether it is part of a name.
        english: English words that questions use.
    """
    free = [token.folded if not used else "" for token, used in zip(tokens, taken, strict=True)]
    scores = [(_known(language, free), _own(language, free), language) for language in languages()]
    score, _, best = max(scores, key=lambda found: found[:2])
    known = sum(word in english or stem(word) in english for word in free if word and not word.isdigit())
    return best if score > known else None


def in_english(tokens: Sequence[Token], taken: Sequence[bool], language: Language) -> tuple[Token, ...]:
    """The question with the phrases of `language` in English."""
    tokens, taken = _united(tokens, taken, language)
    words = ["" if used else token.folded for token, used in zip(tokens, taken, strict=True)]
    read: list[Token] = []
    at = 0
    while at < len(tokens):
        found = language.at(words, at) if words[at] else None
        if found is None:
            read.append(_number(tokens[at]) if language.decimal_comma else tokens[at])
            at += 1
            continue
        phrase, english = found
        written = " ".join(token.written for token in tokens[at : at + len(phrase.words)])
        read += [Token(written, word, stem(word)) for word in english]
        at += len(phrase.words)
    return tuple(read)


def _united(
    tokens: Sequence[Token], taken: Sequence[bool], language: Language
) -> tuple[Sequence[Token], Sequence[bool]]:
    """The question with verbs in two parts as one English word where the first part stood."""
    words = ["" if used else token.folded for token, used in zip(tokens, taken, strict=True)]
    for verb in language.split:
        first, rest = verb.words[0], verb.words[1:]
        begins = next((i for i, word in enumerate(words) if fits(first, word)), None)
        if begins is None:
            continue
        ends = next(
            (
                i
                for i in range(begins + 1, len(words) - len(rest) + 1)
                if all(map(fits, rest, words[i : i + len(rest)]))
            ),
            None,
        )
        if ends is None:
            continue
        written = f"{tokens[begins].written} {' '.join(t.written for t in tokens[ends : ends + len(rest)])}"
        english = [Token(written, word, stem(word)) for word in verb.english]
        tokens = [*tokens[:begins], *english, *tokens[begins + 1 : ends], *tokens[ends + len(rest) :]]
        done = [True] * len(english)
        taken = [*taken[:begins], *done, *taken[begins + 1 : ends], *taken[ends + len(rest) :]]
        return tokens, taken
    return tokens, taken


def _number(token: Token) -> Token:
    """A number with the English decimal point instead of a comma; any other word as it is."""
    if not token.folded[:1].isdigit():
        return token
    plain = _THOUSANDS.sub("", token.folded).replace(",", ".")
    return Token(token.written, plain, plain)


def parted(tokens: Sequence[Token], names: Collection[str], language: Language) -> tuple[Token, ...]:
    """The words, with compounds such as `Umsatzanteil` as the name in them and the word around it."""
    return tuple(part for token in tokens for part in _parts(token, names, language))


def _parts(token: Token, names: Collection[str], language: Language) -> tuple[Token, ...]:
    word = token.folded
    if token.stem in names or word in language.words:
        return (token,)
    for around, inside in ((a, word.removeprefix(a)) for a in language.beginnings if word.startswith(a)):
        if inside in names:
            return (Token(token.written, around, around), Token(token.written, inside, inside))
    for around, rest in ((e, word.removesuffix(e)) for e in language.endings if word.endswith(e)):
        inside = rest if rest in names else rest.removesuffix("s")
        if inside in names:
            return (Token(token.written, inside, inside), Token(token.written, around, around))
    return (token,)


@cache
def languages() -> tuple[Language, ...]:
    """All languages but English that there is a file for."""
    return tuple(_read(f"{code}.yml") for code in _CODES)


@cache
def english_idioms() -> Language:
    """English phrases in the words that cues are made of."""
    return _read(_ENGLISH)


def _folder() -> Traversable:
    return resources.files("nlq.linking") / "languages"


def _read(file: str) -> Language:
    facts = yaml.safe_load((_folder() / file).read_text(encoding="utf-8"))
    phrases: dict[str, list[_Phrase]] = {}
    for phrase in _phrases(facts["phrases"]):
        phrases.setdefault(_key(phrase.words[0]), []).append(phrase)
    ranked = {
        first: tuple(sorted(found, key=lambda phrase: phrase.rank, reverse=True))
        for first, found in phrases.items()
    }
    around = {key: tuple(facts.get(key, ())) for key in ("beginnings", "endings")}
    split = tuple(sorted(_phrases(facts.get("split", {})), key=lambda phrase: phrase.rank, reverse=True))
    return Language(file[:2], facts["language"], facts.get("decimal") == "comma", ranked, split, **around)


def _phrases(written: Mapping[str, str]) -> Iterator[_Phrase]:
    for foreign, english in written.items():
        words = tuple(fold(foreign).replace("'", " ").replace("-", " ").split())
        yield _Phrase(words, tuple(english.split()))


def _key(word: str) -> str:
    """Where a phrase that begins with `word` is looked up."""
    if word.endswith("}"):
        return ""
    return f"{word[0]}*" if word.endswith("*") else word


def _known(language: Language, words: Sequence[str]) -> float:
    """How many of `words` the language knows; one that only begins like one of its words counts less."""
    count, at = 0.0, 0
    while at < len(words):
        found = language.at(words, at) if words[at] and not words[at].isdigit() else None
        count += len(found[0].words) - _GUESS * found[0].guesses if found else 0
        at += len(found[0].words) if found else 1
    return count


def _own(language: Language, words: Sequence[str]) -> int:
    """How many of `words` this language alone knows: it decides between languages that know as many."""
    others = [other.words for other in languages() if other is not language]
    return sum(word in language.words and not any(word in known for known in others) for word in words)


def _slot(pattern: str, word: str, english: str) -> str | None:
    """What a word says in a slot such as `{n}`, in English; None if it does not fit."""
    if pattern == "{yy}":
        return f"20{word}" if len(word) == 2 and word.isdigit() and 15 <= int(word) <= 45 else None
    if pattern == "{k}":
        return word if word in _FEW else None
    if pattern == "{n}" and word.isdigit():
        return word
    if pattern == "{unit}":
        english = _ADVERBS.get(english, english)
    return english if english in _slot_words()[pattern] else None


@cache
def _slot_words() -> Mapping[str, frozenset[str]]:
    return {
        "{n}": frozenset(NUMBERS),
        "{unit}": frozenset(UNITS),
        "{month}": frozenset(month_names()),
        "{ordinal}": frozenset(ordinals()),
    }
