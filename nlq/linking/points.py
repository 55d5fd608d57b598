"""One calendar period written in words, read from the start of a row of folded words."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nlq.period import Grain, Period, floor, iso_week, shift, shifted, spoken_range, unit

NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr, (*[""] * 9, "sept"))
    for number, name in enumerate(names)
    if name
}
UNITS = {
    **{grain.value: grain for grain in Grain},
    **{f"{grain.value}s": grain for grain in Grain},
    "yr": Grain.YEAR,
    "yrs": Grain.YEAR,
}
_TO_DATE = {"ytd": Grain.YEAR, "qtd": Grain.QUARTER, "mtd": Grain.MONTH, "wtd": Grain.WEEK}
_LAST = {"last", "past", "previous", "prior", "preceding", "trailing"}
_NEARBY = {"this": 0, "current": 0, "last": -1, "previous": -1, "past": -1, "next": 1}
"""Words before "year" that say which one, and how many years from this one."""
_BEFORE = {"before", "earlier", "ago", "prior", "previously"}
_LONGEST_CUT = 4
_RECENT_YEARS = 3
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class Point:
    """A period that was read, and the index of the first word after it."""

    period: Period
    after: int
    dated: bool = True
    """The year was said, or follows from today; a point without one can take that of its neighbour."""
    count: int = 1
    """Units of the grain that it spans: 6 for "the last 6 months"."""
    unit: Grain | None = None
    relative: bool = False
    """It is said by how it lies to another one: "the same month last year"."""


@dataclass(frozen=True)
class Calendar:
    """What periods are relative to: today, and the month in which the fiscal year begins."""

    today: date
    fiscal_start: int = 1

    def point(self, words: Sequence[str], at: int, base: Period | None = None) -> Point | None:
        """The longest period that begins at the word `at`, or None.

        Args:
            words: folded words.
            at: where to read.
            base: the period named before, which "the year before" is relative to.
        """
        at = at + 1 if _word(words, at) == "the" else at
        readers = (self._to_date, self._rolling, self._relative, self._absolute)
        if point := self._relative_to(words, at, base):
            return replace(point, relative=True)
        found = (read(words, at, base) for read in readers)
        return next((point for point in found if point), None)

    def _relative_to(self, words: Sequence[str], at: int, base: Period | None) -> Point | None:
        """`same month last year`, `a year ago`, `the month before`, `previous quarter` after another."""
        word, following = _word(words, at), _word(words, at + 1)
        if word == "last" and base and base.grain and _word(words, at - 1) in _COMPARING and not following:
            return Point(shifted(base, base.grain, -1), at + 1)
        if base and base.grain and word == "one" and following in _BEFORE and not _compared_with(words, at):
            return Point(shifted(base, base.grain, -1), at + 2)
        if base and base.grain and following == base.grain.value and word in {"following", "next"}:
            return Point(shifted(base, base.grain, 1), at + 2)
        if base and base.grain and word == base.grain.value and following in {"after", "later"}:
            return Point(shifted(base, base.grain, 1), at + 2)
        if word == "day" and following == "before" and _word(words, at + 2) == "yesterday":
            return Point(unit(self.today - timedelta(days=2), Grain.DAY), at + 3)
        if word in {"same", "corresponding"} and following in {*UNITS, "period", "time"}:
            return self._same(words, at, base)
        if word in {"a", "one"} and following in UNITS and _word(words, at + 2) in _BEFORE:
            return self._earlier(base, UNITS[following], 1, at + 3)
        within = base is not None and base.grain is not None and _at_least(UNITS.get(word), base.grain)
        if word in UNITS and following in _BEFORE and (within or not _compared_with(words, at)):
            return self._earlier(base, UNITS[word], 1, at + 2)
        if (
            word in {"fiscal", "financial"}
            and following in UNITS
            and _word(words, at + 2) in _BEFORE
            and base
        ):
            return self._earlier(base, UNITS[following], 1, at + 3)
        if (number := _number(word)) and following in UNITS and _word(words, at + 2) == "ago":
            return self._earlier(None, UNITS[following], number, at + 3)
        if word in {"previous", "prior", "preceding"} and base and base.grain and following != "years":
            if following == base.grain.value or following in {"period", "one"}:
                return Point(shifted(base, base.grain, -1), at + 2)
            if following == "year":
                return Point(shifted(base, Grain.YEAR, -1), at + 2)
        return None

    def _same(self, words: Sequence[str], at: int, base: Period | None) -> Point | None:
        after = at + 2
        after += _word(words, after) in {"of", "in"}
        after += _word(words, after) == "the"
        grain = UNITS.get(words[at + 1], Grain.MONTH)
        period = base or unit(self.today, grain)
        if _word(words, after) in _LAST and _word(words, after + 1) == "year":
            return Point(shifted(period, Grain.YEAR, -1), after + 2)
        if _word(words, after) in {"a", "one"} and _word(words, after + 1) == "year":
            return Point(shifted(period, Grain.YEAR, -1), after + 3)
        if _word(words, after) == "year" and _word(words, after + 1) in _BEFORE:
            return Point(shifted(period, Grain.YEAR, -1), after + 2)
        if (year := _year(_word(words, after))) and period.start:
            return Point(shifted(period, Grain.YEAR, year - period.start.year), after + 1)
        return None

    def _earlier(self, base: Period | None, grain: Grain, count: int, after: int) -> Point:
        return Point(shifted(base or unit(self.today, grain), grain, -count), after)

    def _to_date(self, words: Sequence[str], at: int, _base: Period | None) -> Point | None:
        """`ytd`, `year to date`, `this year so far`, `so far this year`."""
        tomorrow = self.today + timedelta(days=1)
        rest = list(words[at : at + 4])
        for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.WEEK):
            ways = (
                [next(short for short, g in _TO_DATE.items() if g is grain)],
                [grain.value, "to", "date"],
                ["this", grain.value, "so", "far"],
                ["so", "far", "this", grain.value],
                ["current", grain.value, "to", "date"],
            )
            for way in ways:
                if rest[: len(way)] == way:
                    label = f"{grain.value} to date"
                    return Point(Period(floor(self.today, grain), tomorrow, label), at + len(way))
        return None

    def _rolling(self, words: Sequence[str], at: int, _base: Period | None) -> Point | None:
        """`last 30 days`, `past six months`: the days up to today, or the whole units before this one."""
        number, unit_at = _number(_word(words, at + 1)), at + 2
        if _word(words, at + 1) in {"couple", "few"}:
            number, unit_at = {"couple": 2, "few": 3}[words[at + 1]], at + 2 + (_word(words, at + 2) == "of")
        full = _word(words, unit_at) in {"full", "complete", "calendar", "whole"}
        grain = UNITS.get(_word(words, unit_at + full))
        if _word(words, at) not in _LAST or not number or not grain:
            return None
        end = self.today + timedelta(days=1) if grain is Grain.DAY else floor(self.today, grain)
        label = f"the last {number} {grain.value}s"
        return Point(
            Period(shift(end, grain, -number), end, label), unit_at + full + 1, count=number, unit=grain
        )

    def _relative(self, words: Sequence[str], at: int, _base: Period | None) -> Point | None:
        """`today`, `last month`, `this fiscal year`, `last March`, `month before last`."""
        word, following = _word(words, at), _word(words, at + 1)
        if word in {"today", "yesterday"}:
            return Point(unit(self.today - timedelta(days=word == "yesterday"), Grain.DAY), at + 1)
        if word in UNITS and words[at + 1 : at + 3] == ["before", "last"]:
            return self._unit(UNITS[word], -2, at + 3)
        ways = {"this": 0, "current": 0, "next": 1, **dict.fromkeys(_LAST, -1)}
        if word not in ways or _compares_with(words, at):
            return None
        fiscal = following in {"fiscal", "financial"}
        calendar_word = following == "calendar"
        after = at + 2 + (fiscal or calendar_word)
        if grain := UNITS.get(_word(words, after - 1)):
            return self._unit(grain, ways[word], after, fiscal=fiscal)
        month = self._absolute(words, at + 1, None)
        if month and month.period.start and month.period.grain is Grain.MONTH and not month.dated:
            current = month.period.start.replace(day=1) == self.today.replace(day=1)
            back = -1 if ways[word] == -1 and current else 0
            return Point(shifted(month.period, Grain.YEAR, back), month.after)
        return None

    def _unit(self, grain: Grain, count: int, after: int, *, fiscal: bool = False) -> Point:
        start = self.fiscal_start if fiscal else 1
        this = floor(self.today, grain, year_start=start)
        return Point(unit(shift(this, grain, count), grain, year_start=start), after)

    def _absolute(self, words: Sequence[str], at: int, _base: Period | None) -> Point | None:
        readers = (
            *(self._part, self._year_first, self._day, self._month),
            *(self._quarter, self._half, self._week, self._year),
        )
        found = (read(words, at) for read in readers)
        return next((point for point in found if point), None)

    def _year_first(self, words: Sequence[str], at: int) -> Point | None:
        """`2025 Q4`, `2025 October`."""
        if not (year := _year(_word(words, at))):
            return None
        for read in (self._month, self._quarter, self._half):
            point = read(words, at + 1)
            if point and not point.dated:
                return in_year(point, year)
        return None

    def _part(self, words: Sequence[str], at: int) -> Point | None:
        """`first ten days of October`, `last week of Q3`, `second half of May`."""
        edge, half = _word(words, at), _word(words, at + 1) == "half"
        if edge not in {"first", "last", "second"} or (edge == "second" and not half):
            return None
        number = None if half else _number(_word(words, at + 1))
        grain = UNITS.get(_word(words, at + 1 + bool(number)))
        of = at + 2 if half else at + 2 + bool(number)
        if _word(words, of) not in {"of", "in"} or not (grain or half):
            return None
        of += 1 + (_word(words, of + 1) == "the")
        whole = self._relative(words, of, None) or self._absolute(words, of, None)
        if not whole or not whole.period.start or not whole.period.end or whole.period.grain is None:
            return None
        if half:
            of_calendar_year = whole.period.grain is Grain.YEAR and whole.period.start.month == 1
            return None if of_calendar_year else _half_of(whole, first=edge == "first")
        if not grain or grain is Grain.QUARTER:
            return None
        return _edge_of(whole, number or 1, grain, first=edge == "first")

    def _day(self, words: Sequence[str], at: int) -> Point | None:
        """`2026-03-05`, `5 March 2026`, `March 5th, 2026`."""
        first, second, third = (_word(words, at + i) for i in range(3))
        if _year(first) and len(second) == 2 and second.isdigit():
            if len(third) == 2 and third.isdigit():
                return self._dated_day(int(first), int(second), int(third), at + 3)
            return self._dated_month(int(first), int(second), at + 2)
        if first.isdigit() and second in _TO_A_DAY and third.isdigit() and _word(words, at + 3) in _MONTHS:
            last = self._day(words, at + 2)
            start = last and last.period.start
            return (
                replace(self._dated_day(start.year, start.month, int(first), at + 1) or last, dated=True)
                if last and start
                else None
            )
        ordinal = second in {"st", "nd", "rd", "th"}
        month_at = at + 1 + ordinal
        month_at += _word(words, month_at) == "of"
        if first.isdigit() and len(first) <= 2 and (month := _MONTHS.get(_word(words, month_at))):
            return self._day_of(words, month, int(first), month_at + 1)
        if (month := _MONTHS.get(first)) and self._short_year(first, second):
            return self._dated_month(2000 + int(second), month, at + 2)
        if (month := _MONTHS.get(first)) and second.isdigit() and len(second) <= 2:
            return self._day_of(words, month, int(second), at + 2 + (third in {"st", "nd", "rd", "th"}))
        return None

    def _day_of(self, words: Sequence[str], month: int, day: int, after: int) -> Point | None:
        year, after = self._year_after(words, after)
        point = self._dated_day(year or self.today.year, month, day, after)
        if point and not year and point.period.start and point.period.start > self.today:
            point = self._dated_day(self.today.year - 1, month, day, after)
        return point and replace(point, dated=bool(year))

    def _short_year(self, month: str, number: str) -> bool:
        """Whether `Oct 26` means October of a recent year: a month cut short, and no day written out."""
        cut = len(month) <= _LONGEST_CUT and month not in {"may", "june", "july"}
        return cut and self._is_short_year(number)

    def _is_short_year(self, number: str) -> bool:
        recent = range(self.today.year % 100 - _RECENT_YEARS, self.today.year % 100 + 1)
        return len(number) == 2 and number.isdigit() and int(number) in recent

    def _fiscal_year_after(self, words: Sequence[str], at: int) -> tuple[int | None, int]:
        """The fiscal year at `at`, also as "of this fiscal year", and the index after it."""
        nearby = at + (_word(words, at) == "of")
        nearby += _word(words, nearby) == "the"
        fiscal_year = (
            _word(words, nearby + 1) in {"fiscal", "financial"} and _word(words, nearby + 2) == "year"
        )
        if _word(words, nearby) in _NEARBY and fiscal_year:
            this = self.today.year + (self.today.month >= self.fiscal_start > 1)
            return this + _NEARBY[_word(words, nearby)], nearby + 3
        return _fiscal_year_at(words, at)

    @staticmethod
    def _dated_day(year: int, month: int, day: int, after: int) -> Point | None:
        try:
            return Point(unit(date(year, month, day), Grain.DAY), after)
        except ValueError:
            return None

    @staticmethod
    def _dated_month(year: int, month: int, after: int) -> Point | None:
        return Point(unit(date(year, month, 1), Grain.MONTH), after) if 1 <= month <= 12 else None

    def _month(self, words: Sequence[str], at: int) -> Point | None:
        month = _MONTHS.get(_word(words, at))
        year, after = self._year_after(words, at + 1)
        before = words[at - 1] if at else ""
        if not month or (words[at] == "may" and not year and before not in _BEFORE_A_MONTH):
            return None
        return self._recent(Grain.MONTH, month, year, after)

    def _quarter(self, words: Sequence[str], at: int) -> Point | None:
        """`Q3`, `third quarter of 2026`, `quarter 3`, `fiscal Q1 2026`, `Q1 FY26`."""
        fiscal = _word(words, at) in {"fiscal", "financial"}
        at += fiscal
        first, second, third = (_word(words, at + i) for i in range(3))
        if first in {"q", "quarter"} and second in {"1", "2", "3", "4"}:
            number, after = int(second), at + 2
        elif first in _ORDINALS and second == "quarter":
            number, after = _ORDINALS[first], at + 2
        elif first in _ORDINALS and second in {"fiscal", "financial"} and third == "quarter":
            number, after, fiscal = _ORDINALS[first], at + 3, True
        elif first in {"1", "2", "3", "4"} and second in {"st", "nd", "rd", "th"} and third == "quarter":
            number, after = int(first), at + 3
        elif first in _ORDINALS and _names_later(words, at + 1, "quarter"):
            number, after = _ORDINALS[first], at + 1
        else:
            return None
        in_fiscal, after_fiscal = self._fiscal_year_after(words, after)
        year, after = (in_fiscal, after_fiscal) if in_fiscal else self._year_after(words, after)
        if year is None and self._is_short_year(_word(words, after)):
            year, after = 2000 + int(_word(words, after)), after + 1
        start = self.fiscal_start if fiscal or in_fiscal else 1
        return self._recent(Grain.QUARTER, (start - 1 + (number - 1) * 3) % 12 + 1, year, after, start)

    def _half(self, words: Sequence[str], at: int) -> Point | None:
        first, second = _word(words, at), _word(words, at + 1)
        if first == "h" and second in {"1", "2"}:
            number = int(second)
        elif first in {"first", "second"} and second == "half":
            number = _ORDINALS[first]
        elif first in {"first", "second"} and _names_later(words, at + 1, "half"):
            number, second = _ORDINALS[first], ""
        else:
            return None
        year, after = self._year_after(words, at + (2 if second else 1))
        start = date(year or self.today.year, 6 * number - 5, 1)
        if not year and start > self.today:
            start = start.replace(year=start.year - 1)
        label = f"{'first' if number == 1 else 'second'} half of {start.year}"
        return Point(Period(start, shift(start, Grain.MONTH, 6), label), after, dated=bool(year))

    def _week(self, words: Sequence[str], at: int) -> Point | None:
        """`week 20 of 2026`, `calendar week 20`, `CW20`, `W20`, `KW 20`; `2026-W20`."""
        year_first = _year(_word(words, at)) if _word(words, at + 1) == "w" else None
        at += bool(year_first)
        at += _word(words, at) in {"calendar", "iso"}
        number = _word(words, at + 1)
        week_word = _word(words, at) in {"week", "weeks", "cw", "kw", "w", "wk"}
        if not week_word or not number.isdigit() or not 1 <= int(number) <= 53:
            return None
        year, after = (year_first, at + 2) if year_first else self._year_after(words, at + 2)
        try:
            start = iso_week(year or self.today.isocalendar().year, int(number))
            if not year and start > self.today:
                start = iso_week(self.today.isocalendar().year - 1, int(number))
        except ValueError:
            return None
        return Point(unit(start, Grain.WEEK), after, dated=bool(year))

    def _year(self, words: Sequence[str], at: int) -> Point | None:
        fiscal, after = _fiscal_year_at(words, at)
        if fiscal:
            start = self.fiscal_start
            first = date(fiscal - (start > 1), start, 1)
            return Point(unit(first, Grain.YEAR, year_start=start), after)
        at += _word(words, at) == "year"
        if (year := _year(_word(words, at))) and not _is_amount(words, at):
            return Point(unit(date(year, 1, 1), Grain.YEAR), at + 1)
        return None

    def _year_after(self, words: Sequence[str], at: int) -> tuple[int | None, int]:
        """The year at `at`, also as "of last year", and the index after it; `at` itself without a year."""
        year, after = _year_at(words, at)
        if year:
            return year, after
        at_word = at + (_word(words, at) in {"of", "in"})
        at_word += _word(words, at_word) == "the"
        if _word(words, at_word) in _NEARBY and _word(words, at_word + 1) == "year":
            return self.today.year + _NEARBY[_word(words, at_word)], at_word + 2
        if tuple(words[at_word : at_word + 3]) == ("the", "year", "before"):
            return self.today.year - 1, at_word + 3
        return None, at

    def _recent(self, grain: Grain, month: int, year: int | None, after: int, year_start: int = 1) -> Point:
        """The unit that begins in `month`: of the (fiscal) `year`, or else the latest that has begun."""
        if year is None:
            started = self.today.year - (month > self.today.month)
            first = date(started, month, 1)
        else:
            first = date(year - (month >= year_start > 1), month, 1)
        return Point(unit(first, grain, year_start=year_start), after, dated=year is not None)


_BEFORE_A_MONTH = {
    *("in", "since", "of", "from", "to", "until", "till", "through", "and", "between", "by", "last", "this"),
    *("for", "during", "before", "after", "or", "vs", "versus", "than", "with", "april", "june", "early"),
}


_BEFORE_AN_AMOUNT = {"least", "most", "above", "below", "under", "exceed", "exceeds", "exceeded"}
_TO_A_DAY = {"to", "until", "till", "through", "and"}


def month_names() -> frozenset[str]:
    """English names of months, long and short."""
    return frozenset(_MONTHS)


def ordinals() -> frozenset[str]:
    """English ordinals that quarters and halves are counted with."""
    return frozenset(_ORDINALS)


def month_words() -> frozenset[str]:
    """Names of months and words for periods, long and short."""
    relative = {"yesterday", "today", "fiscal", "financial", "calendar", "half", *_ORDINALS, *_LAST, *_BEFORE}
    return frozenset({*_MONTHS, *UNITS, *_TO_DATE, *relative, "same", "date", "between"})


def _half_of(whole: Point, *, first: bool) -> Point:
    """Half of a year, quarter or month; of a month, its days up to the 15th or after it."""
    start, end = whole.period.start, whole.period.end
    assert start is not None  # noqa: S101 - callers checked it
    assert end is not None  # noqa: S101
    months = {Grain.YEAR: 6, Grain.QUARTER: 1}.get(whole.period.grain or Grain.DAY)
    middle = shift(start, Grain.MONTH, months) if months else start + timedelta(days=15)
    label = f"{'first' if first else 'second'} half of {whole.period.label}"
    period = Period(start, middle, label) if first else Period(middle, end, label)
    return replace(whole, period=period)


def _edge_of(whole: Point, count: int, grain: Grain, *, first: bool) -> Point | None:
    """The first or last `count` days, weeks or months of a period; a week is seven days."""
    start, end = whole.period.start, whole.period.end
    assert start is not None  # noqa: S101 - callers checked it
    assert end is not None  # noqa: S101
    edge = shift(start, grain, count) if first else shift(end, grain, -count)
    if not start < edge < end:
        return None
    since, until = (start, edge) if first else (edge, end)
    return replace(whole, period=Period(since, until, spoken_range(since, until)), unit=None)


def in_year(point: Point, year: int) -> Point:
    """A point without a year, put into `year`."""
    if point.period.start is None:
        return point
    period = shifted(point.period, Grain.YEAR, year - _calendar_year(point.period))
    return replace(point, period=period, dated=True)


def _calendar_year(period: Period) -> int:
    assert period.start is not None  # noqa: S101 - callers checked it
    return period.start.isocalendar().year if period.grain is Grain.WEEK else period.start.year


def _names_later(words: Sequence[str], at: int, noun: str) -> bool:
    """Whether an ordinal leaves its noun to a later one: "from the second to the third quarter"."""
    rest = [
        word for word in words[at : at + 5] if word not in {"to", "and", "the", "or", "versus", "with", "in"}
    ]
    return len(rest) > 1 and rest[0] in _ORDINALS and rest[1] == noun and words[at] not in _ORDINALS


def _compares_with(words: Sequence[str], at: int) -> bool:
    """Whether "previous ..." is what each unit is compared with: "change from the previous month"."""
    return words[at] in {"previous", "prior", "preceding"} and _compared_with(words, at)


def _compared_with(words: Sequence[str], at: int) -> bool:
    """Whether what begins at `at` is what something is compared with."""
    before = at - 1
    while _word(words, before) in {"the", "each", "its", "respective"}:
        before -= 1
    return _word(words, before) in _COMPARING


def _is_amount(words: Sequence[str], at: int) -> bool:
    """Whether what could be a year is what something is compared with: "more than 2000 orders"."""
    before, word = _word(words, at - 2), _word(words, at - 1)
    if word == "than":
        return before in {"more", "less", "fewer"}
    return word in _BEFORE_AN_AMOUNT


def _at_least(grain: Grain | None, other: Grain) -> bool:
    """Whether a unit is as long as another or longer."""
    order = [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR]
    return grain is not None and order.index(grain) >= order.index(other)


_COMPARING = {"from", "to", "with", "versus", "vs", "than", "over", "against"}


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


def _number(word: str) -> int | None:
    return NUMBERS.get(word) or (int(word) if word.isdigit() and 0 < int(word) < 1000 else None)


def _year(word: str) -> int | None:
    return int(word) if len(word) == 4 and word.isdigit() and _FIRST_YEAR <= int(word) < _LAST_YEAR else None


def _year_at(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The year at `at`, after "of" or "in" too, and the index after it; `at` itself without a year."""
    at_year = at + (_word(words, at) in {"of", "in"})
    year = _year(_word(words, at_year))
    following = _word(words, at_year + 1)
    if year and len(following) == 2 and following.startswith("0") and following.isdigit():
        return None, at
    return (year, at_year + 1) if year else (None, at)


def _fiscal_year_at(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The fiscal year at `at` (`FY26`, `fiscal year 2026`, `fiscal 2026`) and the index after it."""
    at_word = at + (_word(words, at) == "of")
    word = _word(words, at_word)
    number = at_word + 1
    if word in {"fiscal", "financial"}:
        number += _word(words, number) == "year"
    elif word != "fy":
        return None, at
    written = _word(words, number)
    if year := _year(written):
        return year, number + 1
    if len(written) == 2 and written.isdigit() and word == "fy":
        return 2000 + int(written), number + 1
    return None, at
