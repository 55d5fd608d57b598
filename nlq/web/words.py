"""The words of the pages: English in the code and templates, other languages in `translations/`, as PO files.

PO files are read as they are, so that there is nothing to compile and nothing that can be out of date.
"""

import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale
from flask_babel import gettext as _gettext
from flask_babel import ngettext as _ngettext

FOLDER = Path(__file__).parent / "translations"


def gettext(text: str, **values: object) -> str:
    """`text` in the language of the reader, with `values` put in."""
    return str(_gettext(text, **values))


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, as `count` asks for, in the language of the reader; `%(num)s` is the number."""
    return str(_ngettext(one, many, count))


class PoDomain(Domain):  # type: ignore[misc]  # flask_babel has no types
    """Looks the words up that the person of a request reads."""

    def get_translations(self) -> NullTranslations:
        """The words of the language of this request; English outside of any."""
        return translations(str(get_locale() or "en"))


@cache
def translations(language: str) -> NullTranslations:
    """The words of `language`, a code; English where there is no file for it."""
    path = FOLDER / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
