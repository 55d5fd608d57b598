"""Words of a question and of names, in the one form in which they are compared."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_ELIDED = r"(?<![^\W\d_])[^\W\d_]{1,2}(?=['\u2019][^\W\d_]{2})"
"""The beginning of `l'ann\u00e9e` or `qu'est`: a word of its own."""
_SPACED = r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?!\d)"
"""A number with spaces between its thousands."""
_WORD = re.compile(rf"{_SPACED}|\d+(?:[.,]\d+)*|{_ELIDED}|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[%<>=]+")
_SPACES = re.compile(r"(?<=\d)\s(?=\d)")
_NUMERIC_DATE = re.compile(
    r"(?<![\d.,/])(?:(?P<day>\d{1,2})(?P<mark>[./-]))?(?P<month>\d{1,2})(?(mark)(?P=mark)|[./])(?P<year>20\d\d)(?![\d/]|[.,]\d)"
)
_DATE_OF_A_RANGE = re.compile(r"\b(\d{1,2}\.\d{1,2}\.)(?=\s*\S{1,5}\s*\d{1,2}\.\d{1,2}\.(20\d\d))")
"""`3.5.` of `3.5. bis 10.5.2026`."""
_MONTH = (
    r"(?:jan|j\u00e4n|feb|fev|f\u00e9v|mar|m\u00e4r|maa|apr|avr|abr|may|mai|mei|jun|jui|jul|aug|ao\u00fb|ago|sep|set|"
    r"oct|okt|out|nov|dec|dez|dic|d\u00e9c|ene)[^\W\d_]{0,6}\.?"
)
"""How months begin in the languages of questions."""
_DASH = re.compile(
    rf"\b({_MONTH}|q[1-4]|h[12]|(?:19|20)\d\d|\d{{1,2}}\.?(?=\s?[-\u2013\u2014]\s?\d{{1,2}}\.?\s{_MONTH}))"
    rf"\s?[-\u2013\u2014]\s?(?={_MONTH}\b|q[1-4]\b|h[12]\b|(?:19|20)\d\d\b|\d{{1,2}}\.?\s{_MONTH})",
    re.IGNORECASE,
)
_DAYS = re.compile(r"\b(\d{4}-\d\d-\d\d)\s?[-\u2013\u2014]\s?(?=\d{4}-\d\d-\d\d\b)")
"""The first day of a range of two, with the dash after it."""
_SHORTEST_ROOT = 3
_POSSESSIVE = re.compile(r"['\u2019]s?$")


@dataclass(frozen=True)
class Token:
    """A word: as it was written, folded (no case, no accents), and its stem."""

    written: str
    folded: str
    stem: str


def tokenize(text: str) -> tuple[Token, ...]:
    """The words, numbers and comparison signs of `text`; hyphens, underscores and the like part words.

    A date in numbers, such as `5.3.2026`, `05/03/2026` or `3/2026`, becomes `2026 03 05` or `2026 03`. The
    day comes first, as in most of the world, unless the second number can be no month. A dash between two
    months, quarters, years, or days of a month is a `to`.
    """
    ranged = _DATE_OF_A_RANGE.sub(r"\1\2", _DASH.sub(r"\1 to ", text))
    dated = _DAYS.sub(r"\1 to ", _NUMERIC_DATE.sub(_year_first, ranged))
    return tuple(_token(written) for written in _WORD.findall(dated))


def stems(text: str) -> tuple[str, ...]:
    """The stems of the words of `text`."""
    return tuple(token.stem for token in tokenize(text))


def fold(text: str) -> str:
    """`text` without case and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def stem(word: str) -> str:
    """A folded word without its English plural ending; other languages keep their words whole."""
    if len(word) < 4 or word.endswith(("ss", "us", "sis", "xis", "this")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word.removesuffix("s")


def fits(pattern: str, word: str) -> bool:
    """Whether `word` is `pattern`, or begins with what stands before a `*` at its end."""
    return word.startswith(pattern[:-1]) if pattern.endswith("*") and word else word == pattern


@lru_cache(65536)
def akin(one: str, other: str) -> bool:
    """Whether two stems are one word in two forms: `resolve` and `resolution`, `convert` and `conversion`."""
    if one == other or _root(one) == _root(other):
        return True
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return (shared >= 5 and shared >= 0.6 * min(len(one), len(other))) or (
        shared >= 4 and shared == min(len(one), len(other)) and abs(len(one) - len(other)) <= 3
    )


@lru_cache(4096)
def _root(word: str) -> str:
    """A word without an ending of verbs, as far as three letters stay: `rated` and `rating` share one."""
    for ending in ("ings", "ing", "ers", "ed", "er", "es", "en", "e", "d", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_ROOT:
            return word.removesuffix(ending)
    return word


def _year_first(date: re.Match[str]) -> str:
    day, month = date["day"], int(date["month"])
    if day and month > 12 >= int(day):
        day, month = str(month), int(day)
    if not 1 <= month <= 12 or not 1 <= int(day or 1) <= 31:
        return date[0]
    return f"{date['year']}-{month:02}-{int(day):02}" if day else f"{date['year']}-{month:02}"


def _token(written: str) -> Token:
    folded = _SPACES.sub("", fold(written))
    if "'" in folded or "\u2019" in folded:
        folded = _POSSESSIVE.sub("", folded).replace("'", "").replace("\u2019", "")
    return Token(written, folded, stem(folded))
