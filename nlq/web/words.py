"""The words of the pages, in the language of the person of a request; see `nlq.words`."""

from babel.support import NullTranslations
from flask_babel import Domain, get_locale
from flask_babel import gettext as _gettext
from flask_babel import ngettext as _ngettext

from nlq.words import ENGLISH, translations


def reader() -> str:
    """The code of the language that the person of this request reads; English outside of any."""
    return str(get_locale() or ENGLISH)


def gettext(text: str, **values: object) -> str:
    """`text` in the language of the reader, with `values` put in."""
    return str(_gettext(text, **values))


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, as `count` asks for, in the language of the reader; `%(num)s` is the number."""
    return str(_ngettext(one, many, count))


class PoDomain(Domain):  # type: ignore[misc]  # flask_babel has no types
    """Looks the words up that the person of a request reads."""

    def get_translations(self) -> NullTranslations:
        """The words of the language of this request."""
        return translations(reader())
