"""What people call countries: their names in the languages of questions, from the Unicode CLDR."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

import yaml
from babel import Locale

from nlq.linking.words import fold

LANGUAGES = ("en", "de", "fr", "es", "nl", "pt")
"""The languages of questions."""


def other_names(country: str) -> tuple[str, ...]:
    """Other names of a country, continent or the like, in any of the languages; none for anything else."""
    code = _codes().get(fold(country))
    return tuple(name for name in _names().get(code or "", ()) if fold(name) != fold(country))


def country_code(country: str) -> str | None:
    """The two letters of ISO 3166 for a country by any of its names; None for anything else."""
    code = _codes().get(fold(country), "")
    return code if len(code) == 2 and code.isalpha() else None


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    """ISO 3166 or UN M49 code -> names."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for code, name in _named():
        found[code][name] = None
    return {code: tuple(names) for code, names in found.items()}


@cache
def _codes() -> Mapping[str, str]:
    return {fold(name): code for code, names in _names().items() for name in names}


def _named() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            yield code, name
    everyday = resources.files("nlq.linking") / "languages" / "countries.yml"
    for code, names in yaml.safe_load(everyday.read_text(encoding="utf-8")).items():
        for name in names:
            yield code, name
