"""The words that people read, in their language: English in the code, others in `translations/`, as PO files.

PO files are read as they are, so that there is nothing to compile and nothing that can be out of date. The
language is that of the reader for whom something is worked on; see `speaking`.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "translations"
ENGLISH = "en"
_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let the words be those of `language`, a code, for what this thread does meanwhile."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def language() -> str:
    """The code of the language that is spoken."""
    return _language.get()


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark `text` as one to be translated where it is shown."""
    return text


def gettext(text: str, **values: object) -> str:
    """`text` in the language that is spoken, with `values` put in."""
    found = str(translations(language()).gettext(text))
    return found % values if values else found


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """`one` or `many`, as `count` asks for, in the language that is spoken; `%(num)s` is the number."""
    found = str(translations(language()).ngettext(one, many, count))
    return found % {"num": count, **values}


def all_of(parts: Iterable[str]) -> str:
    """`a and b and c` in the language that is spoken."""
    between = gettext("and")
    return f" {between} ".join(parts)


def one_of(parts: Iterable[str]) -> str:
    """`a or b or c` in the language that is spoken."""
    between = gettext("or")
    return f" {between} ".join(parts)


@cache
def translations(language: str) -> NullTranslations:
    """The words of `language`, a code; English where there is no file for it."""
    path = FOLDER / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
