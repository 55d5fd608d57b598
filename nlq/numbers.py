"""Numbers and days as people read them in sentences, in the language that is spoken."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_decimal_symbol, get_group_symbol

from nlq.answer import Value
from nlq.catalog import Kpi
from nlq.plan.words import day_words
from nlq.words import ENGLISH, gettext, language


def number(value: Value, kpi: Kpi | None = None, digits: int | None = None) -> str:
    """A cell as people read it, with thousands separated and the KPI's unit."""
    if value is None:
        return gettext("no value")
    if isinstance(value, datetime):
        return day_words(value.date())
    if isinstance(value, date):
        return day_words(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    places = kpi.decimals if kpi else digits if digits is not None else 2
    exact = Decimal(str(value))
    shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if exact.is_finite() else exact
    text = f"{shown:,f}"
    if kpi is None and digits is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    text, unit = decimal_words(text), kpi.unit if kpi else ""
    return percent(text) if unit == "%" else f"{text} {unit}".strip()


def percent(written: str) -> str:
    """A written number as one of percent."""
    return gettext("%(number)s%%", number=written)


def decimal_words(number: str) -> str:
    """A number that is written in the English way, as `1,234.5`."""
    if (spoken_language := language()) == ENGLISH:
        return number
    marks = {ord(","): get_group_symbol(spoken_language), ord("."): get_decimal_symbol(spoken_language)}
    return number.translate(marks)
