"""What people call units: currencies by their names in the languages of questions, from the Unicode CLDR."""

from collections.abc import Collection
from functools import cache

from babel import Locale

from nlq.linking.territories import LANGUAGES
from nlq.linking.words import akin, stems


def said(unit: str, words: Collection[str]) -> bool:
    """Whether `words`, stems of a question, name `unit`: `minutes` also as `Minuten`, `EUR` as `euro`."""
    if any(word in words for word in _currency(unit)):
        return True
    parts = stems(unit)
    return bool(parts) and all(any(akin(part, word) for word in words) for part in parts)


@cache
def _currency(unit: str) -> frozenset[str]:
    """The last words of the names of the currency whose code or sign `unit` is: `euro`, `dollar`."""
    names = []
    for language in LANGUAGES:
        locale = Locale(language)
        codes = {unit, *(code for code, sign in locale.currency_symbols.items() if sign == unit)}
        names += [locale.currencies[code] for code in codes if code in locale.currencies]
    return frozenset(words[-1] for name in names if (words := stems(name)))
