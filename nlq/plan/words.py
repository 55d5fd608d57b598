"""What KPIs, dimensions and periods are called in the language that is spoken."""

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from babel.dates import format_date, format_interval

from nlq.catalog import Kpi
from nlq.period import Grain, Period, spoken, spoken_range
from nlq.words import ENGLISH, N_, all_of, gettext, language, ngettext

_SEVERAL: Mapping[str, str] = {
    "kpi": N_("KPIs"),
    "category": N_("categories"),
    "team": N_("teams"),
    "department": N_("departments"),
    "region": N_("regions"),
    "country": N_("countries"),
    "severity": N_("severities"),
    "unit": N_("units"),
    "year": N_("years"),
    "quarter": N_("quarters"),
    "month": N_("months"),
    "week": N_("weeks"),
    "day": N_("days"),
    "period": N_("periods"),
}
_IN: Mapping[Grain | None, tuple[str, str]] = {
    Grain.YEAR: ("year", N_("in %(year)s")),
    Grain.QUARTER: ("quarter", N_("in %(quarter)s")),
    Grain.MONTH: ("month", N_("in %(month)s")),
    Grain.WEEK: ("week", N_("in %(week)s")),
    Grain.DAY: ("day", N_("on %(day)s")),
}
_IN_FISCAL = ("fiscal", N_("in %(fiscal)s"))
_IN_ANY = ("period", N_("in %(period)s"))
_BARE = {"since", "until", "before", "after"}
_LAST: Mapping[str, tuple[str, str]] = {
    "year": (N_("the last %(num)s years"), N_("in the last %(num)s years")),
    "quarter": (N_("the last %(num)s quarters"), N_("in the last %(num)s quarters")),
    "month": (N_("the last %(num)s months"), N_("in the last %(num)s months")),
    "week": (N_("the last %(num)s weeks"), N_("in the last %(num)s weeks")),
    "day": (N_("the last %(num)s days"), N_("in the last %(num)s days")),
}
"""By unit: as a name, and as it follows what happened then."""
_WHOLE = {
    *(N_("all time"), N_("year to date"), N_("quarter to date"), N_("month to date"), N_("week to date")),
}
_AROUND = {
    "since": N_("since %(period)s"),
    "until": N_("until %(period)s"),
    "before": N_("before %(period)s"),
    "after": N_("after %(period)s"),
    "first half of": N_("first half of %(period)s"),
    "second half of": N_("second half of %(period)s"),
    "fiscal year": N_("fiscal year %(period)s"),
}
_MONTH = rf"(?:{'|'.join(calendar.month_name[1:])})"


def named(dimension: str) -> str:
    """What one member of a dimension is called: `team`."""
    return gettext(N_("KPI") if dimension == "kpi" else dimension)


def kind_words(kind: object) -> str:
    """What kind of thing something is, where that is a dimension; else as it is."""
    return named(str(kind)) if isinstance(kind, str) and kind in _SEVERAL else str(kind)


def several(dimension: str) -> str:
    """What several members of a dimension are called: `teams`."""
    return gettext(_SEVERAL[dimension])


def counted(dimension: str, count: int, num: str) -> str:
    """`count` members of a dimension, as `3 teams`; `num` is the number as it is written."""
    forms = {
        "kpi": ngettext("%(num)s KPI", "%(num)s KPIs", count, num=num),
        "category": ngettext("%(num)s category", "%(num)s categories", count, num=num),
        "team": ngettext("%(num)s team", "%(num)s teams", count, num=num),
        "department": ngettext("%(num)s department", "%(num)s departments", count, num=num),
        "region": ngettext("%(num)s region", "%(num)s regions", count, num=num),
        "country": ngettext("%(num)s country", "%(num)s countries", count, num=num),
        "severity": ngettext("%(num)s severity", "%(num)s severities", count, num=num),
        "unit": ngettext("%(num)s unit", "%(num)s units", count, num=num),
        "year": ngettext("%(num)s year", "%(num)s years", count, num=num),
        "quarter": ngettext("%(num)s quarter", "%(num)s quarters", count, num=num),
        "month": ngettext("%(num)s month", "%(num)s months", count, num=num),
        "week": ngettext("%(num)s week", "%(num)s weeks", count, num=num),
        "day": ngettext("%(num)s day", "%(num)s days", count, num=num),
        "period": ngettext("%(num)s period", "%(num)s periods", count, num=num),
    }
    return forms[dimension]


def label_inside(kpi: Kpi) -> str:
    """The label as it reads inside a sentence.

    In English that is lower case, except where it starts with an abbreviation; elsewhere as it is written.
    """
    words = kpi.label.split(" ")
    if language() != ENGLISH:
        return kpi.label
    if all(word.istitle() for word in words):
        return kpi.label.lower()
    first = words[0]
    return kpi.label[:1].lower() + kpi.label[1:] if first.istitle() else kpi.label


def day_words(day: date) -> str:
    """`day` as `5 March 2026`."""
    return spoken(day) if language() == ENGLISH else str(format_date(day, "long", language()))


def period_words(label: str) -> str:
    """The label of a period, which is English, in the language that is spoken."""
    if language() == ENGLISH:
        return label
    forms = ((form.fullmatch(label), say) for form, say in _FORMS)
    return next((say(found) for found, say in forms if found), gettext(label) if label in _WHOLE else label)


def with_dates(period: Period) -> str:
    """A period with its dates, as `Q3 2026 (1 July to 30 September 2026)`."""
    label, dates = period_words(period.label), spoken_range(period.start, period.end)
    return label if dates == period.label else f"{label} ({period_words(dates)})"


def in_periods(periods: Sequence[Period]) -> str:
    """Periods as they follow what happened in them: `in October 2026`, `since 5 March 2026`."""
    labels = [period.label for period in periods]
    said = all_of(map(period_words, labels))
    if labels[0].split(" ")[0] in _BARE or labels[-1].endswith("to date"):
        return said
    if len(periods) > 1:
        return gettext(_IN_ANY[1], period=said)
    if last := _THE_LAST.fullmatch(labels[0]):
        return gettext(_LAST[last[2]][1], num=last[1])
    place, form = _IN_FISCAL if labels[0].startswith("fiscal") else _IN.get(periods[0].grain, _IN_ANY)
    return gettext(form, **{place: said})


def _day(found: re.Match[str]) -> str:
    return day_words(_date(found[1], found[2], found[3]))


def _days(found: re.Match[str]) -> str:
    first = _date(found[1], found[2] or found[5], found[3] or found[6])
    return str(format_interval(first, _date(found[4], found[5], found[6]), "yMMMMd", locale=language()))


def _month(found: re.Match[str]) -> str:
    return str(format_date(_date("1", found[1], found[2]), "MMMM y", language()))


def _date(day: str, month: str, year: str) -> date:
    return date(int(year), [*calendar.month_name].index(month), int(day))


def _around(found: re.Match[str]) -> str:
    return gettext(_AROUND[found[1]], period=period_words(found[2]))


def _the_last(found: re.Match[str]) -> str:
    return gettext(_LAST[found[2]][0], num=found[1])


def _fiscal_quarter(found: re.Match[str]) -> str:
    return gettext(N_("fiscal Q%(quarter)s %(year)s"), quarter=found[1], year=found[2])


def _week(found: re.Match[str]) -> str:
    return gettext(N_("week %(week)s of %(year)s"), week=found[1], year=found[2])


_THE_LAST = re.compile(r"the last (\d+) (year|quarter|month|week|day)s")
_FORMS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = (
    (re.compile(rf"(\d{{1,2}}) ({_MONTH}) (\d{{4}})"), _day),
    (re.compile(rf"(\d{{1,2}})(?: ({_MONTH}))?(?: (\d{{4}}))? to (\d{{1,2}}) ({_MONTH}) (\d{{4}})"), _days),
    (re.compile(rf"({_MONTH}) (\d{{4}})"), _month),
    (re.compile(r"week (\d+) of (\d{4})"), _week),
    (re.compile(r"fiscal Q(\d) (\d{4})"), _fiscal_quarter),
    (_THE_LAST, _the_last),
    (re.compile(rf"({'|'.join(_AROUND)}) (.+)"), _around),
)
