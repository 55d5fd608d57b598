"""One calendar period written in words, read from the start of a row of folded words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nlq.linking.time_words import (
    BEFORE,
    BEFORE_A_MONTH,
    COMPARING,
    LAST,
    LONGEST_CUT,
    MONTHS,
    NEARBY,
    ORDINALS,
    RECENT_YEARS,
    TO_A_DAY,
    TO_DATE,
    UNITS,
    compared_with,
    compares_with,
    fiscal_year_at,
    is_amount,
    names_later,
    number_of,
    word_at,
    year_at,
    year_of,
)
from nlq.period import Grain, Period, floor, iso_week, shift, shifted, spoken_range, unit

_SOME = {"couple": 2, "few": 3}


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
        at = at + 1 if word_at(words, at) == "the" else at
        readers = (self._to_date, self._rolling, self._relative, self._absolute)
        if point := self._relative_to(words, at, base):
            return replace(point, relative=True)
        found = (read(words, at, base) for read in readers)
        return next((point for point in found if point), None)

    def _relative_to(self, words: Sequence[str], at: int, base: Period | None) -> Point | None:
        """`same month last year`, `a year ago`, `the month before`, `previous quarter` after another."""
        word, following = word_at(words, at), word_at(words, at + 1)
        if word == "last" and base and base.grain and word_at(words, at - 1) in COMPARING and not following:
            return Point(shifted(base, base.grain, -1), at + 1)
        if base and base.grain and word == "one" and following in BEFORE and not compared_with(words, at):
            return Point(shifted(base, base.grain, -1), at + 2)
        if base and base.grain and following == base.grain.value and word in {"following", "next"}:
            return Point(shifted(base, base.grain, 1), at + 2)
        if base and base.grain and word == base.grain.value and following in {"after", "later"}:
            return Point(shifted(base, base.grain, 1), at + 2)
        if word == "day" and following == "before" and word_at(words, at + 2) == "yesterday":
            return Point(unit(self.today - timedelta(days=2), Grain.DAY), at + 3)
        if word in {"same", "corresponding"} and following in {*UNITS, "period", "time"}:
            return self._same(words, at, base)
        if word in {"a", "one"} and following in UNITS and word_at(words, at + 2) in BEFORE:
            return self._earlier(base, UNITS[following], 1, at + 3)
        within = base is not None and _at_least(UNITS.get(word), base.grain or Grain.QUARTER)
        if word in UNITS and following in BEFORE and (within or not compared_with(words, at)):
            return self._earlier(base, UNITS[word], 1, at + 2)
        if (
            word in {"fiscal", "financial"}
            and following in UNITS
            and word_at(words, at + 2) in BEFORE
            and base
        ):
            return self._earlier(base, UNITS[following], 1, at + 3)
        if (number := number_of(word)) and following in UNITS and word_at(words, at + 2) == "ago":
            return self._earlier(None, UNITS[following], number, at + 3)
        if word in {"previous", "prior", "preceding"} and base and base.grain and following != "years":
            if following == base.grain.value or following in {"period", "one"}:
                return Point(shifted(base, base.grain, -1), at + 2)
            if following == "year":
                return Point(shifted(base, Grain.YEAR, -1), at + 2)
        return None

    def _same(self, words: Sequence[str], at: int, base: Period | None) -> Point | None:
        after = at + 2
        after += word_at(words, after) in {"of", "in"}
        after += word_at(words, after) == "the"
        grain = UNITS.get(words[at + 1], Grain.MONTH)
        period = base or unit(self.today, grain)
        if word_at(words, after) in LAST and word_at(words, after + 1) == "year":
            return Point(shifted(period, Grain.YEAR, -1), after + 2)
        if word_at(words, after) in {"a", "one"} and word_at(words, after + 1) == "year":
            return Point(shifted(period, Grain.YEAR, -1), after + 3)
        if word_at(words, after) == "year" and word_at(words, after + 1) in BEFORE:
            return Point(shifted(period, Grain.YEAR, -1), after + 2)
        if (year := year_of(word_at(words, after))) and period.start:
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
                [next(short for short, g in TO_DATE.items() if g is grain)],
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
        number, unit_at = number_of(word_at(words, at + 1)), at + 2
        if word_at(words, at + 1) in {"couple", "few"}:
            number, unit_at = (
                {"couple": 2, "few": 3}[words[at + 1]],
                at + 2 + (word_at(words, at + 2) == "of"),
            )
        full = word_at(words, unit_at) in {"full", "complete", "calendar", "whole"}
        grain = UNITS.get(word_at(words, unit_at + full))
        if word_at(words, at) not in LAST or not number or not grain:
            return None
        end = self.today + timedelta(days=1) if grain is Grain.DAY else floor(self.today, grain)
        label = f"the last {number} {grain.value}s"
        return Point(
            Period(shift(end, grain, -number), end, label), unit_at + full + 1, count=number, unit=grain
        )

    def _relative(self, words: Sequence[str], at: int, _base: Period | None) -> Point | None:
        """`today`, `last month`, `this fiscal year`, `last March`, `month before last`."""
        word, following = word_at(words, at), word_at(words, at + 1)
        if word in {"today", "yesterday"}:
            return Point(unit(self.today - timedelta(days=word == "yesterday"), Grain.DAY), at + 1)
        if word in UNITS and words[at + 1 : at + 3] == ["before", "last"]:
            return self._unit(UNITS[word], -2, at + 3)
        ways = {"this": 0, "current": 0, "next": 1, **dict.fromkeys(LAST, -1)}
        if word not in ways or compares_with(words, at):
            return None
        fiscal = following in {"fiscal", "financial"}
        calendar_word = following == "calendar"
        after = at + 2 + (fiscal or calendar_word)
        if grain := UNITS.get(word_at(words, after - 1)):
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
        if not (year := year_of(word_at(words, at))):
            return None
        for read in (self._month, self._quarter, self._half):
            point = read(words, at + 1)
            if point and not point.dated:
                return in_year(point, year)
        return None

    def _part(self, words: Sequence[str], at: int) -> Point | None:
        """`first ten days of October`, `last week of Q3`, `second half of May`."""
        edge, half = word_at(words, at), word_at(words, at + 1) == "half"
        if edge not in {"first", "last", "second"} or (edge == "second" and not half):
            return None
        number = None if half else number_of(word_at(words, at + 1))
        grain = UNITS.get(word_at(words, at + 1 + bool(number)))
        of = at + 2 if half else at + 2 + bool(number)
        if word_at(words, of) not in {"of", "in"} or not (grain or half):
            return None
        of += 1 + (word_at(words, of + 1) == "the")
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
        first, second, third = (word_at(words, at + i) for i in range(3))
        if year_of(first) and len(second) == 2 and second.isdigit():
            if len(third) == 2 and third.isdigit():
                return self._dated_day(int(first), int(second), int(third), at + 3)
            return self._dated_month(int(first), int(second), at + 2)
        if first.isdigit() and second in TO_A_DAY and third.isdigit() and word_at(words, at + 3) in MONTHS:
            last = self._day(words, at + 2)
            start = last and last.period.start
            return (
                replace(self._dated_day(start.year, start.month, int(first), at + 1) or last, dated=True)
                if last and start
                else None
            )
        ordinal = second in {"st", "nd", "rd", "th"}
        month_at = at + 1 + ordinal
        month_at += word_at(words, month_at) == "of"
        if first.isdigit() and len(first) <= 2 and (month := MONTHS.get(word_at(words, month_at))):
            return self._day_of(words, month, int(first), month_at + 1)
        if (month := MONTHS.get(first)) and self._short_year(first, second):
            return self._dated_month(2000 + int(second), month, at + 2)
        if (month := MONTHS.get(first)) and second.isdigit() and len(second) <= 2:
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
        cut = len(month) <= LONGEST_CUT and month not in {"may", "june", "july"}
        return cut and self._is_short_year(number)

    def _is_short_year(self, number: str) -> bool:
        recent = range(self.today.year % 100 - RECENT_YEARS, self.today.year % 100 + 1)
        return len(number) == 2 and number.isdigit() and int(number) in recent

    def _fiscal_year_after(self, words: Sequence[str], at: int) -> tuple[int | None, int]:
        """The fiscal year at `at`, also as "of this fiscal year", and the index after it."""
        nearby = at + (word_at(words, at) == "of")
        nearby += word_at(words, nearby) == "the"
        fiscal_year = (
            word_at(words, nearby + 1) in {"fiscal", "financial"} and word_at(words, nearby + 2) == "year"
        )
        if word_at(words, nearby) in NEARBY and fiscal_year:
            this = self.today.year + (self.today.month >= self.fiscal_start > 1)
            return this + NEARBY[word_at(words, nearby)], nearby + 3
        return fiscal_year_at(words, at)

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
        month = MONTHS.get(word_at(words, at))
        year, after = self._year_after(words, at + 1)
        before = words[at - 1] if at else ""
        if not month or (words[at] == "may" and not year and before not in BEFORE_A_MONTH):
            return None
        return self._recent(Grain.MONTH, month, year, after)

    def _quarter(self, words: Sequence[str], at: int) -> Point | None:
        """`Q3`, `third quarter of 2026`, `quarter 3`, `fiscal Q1 2026`, `Q1 FY26`."""
        fiscal = word_at(words, at) in {"fiscal", "financial"}
        at += fiscal
        first, second, third = (word_at(words, at + i) for i in range(3))
        if first in {"q", "quarter"} and second in {"1", "2", "3", "4"}:
            number, after = int(second), at + 2
        elif first in ORDINALS and second == "quarter":
            number, after = ORDINALS[first], at + 2
        elif first in ORDINALS and second in {"fiscal", "financial"} and third == "quarter":
            number, after, fiscal = ORDINALS[first], at + 3, True
        elif first in {"1", "2", "3", "4"} and second in {"st", "nd", "rd", "th"} and third == "quarter":
            number, after = int(first), at + 3
        elif first in ORDINALS and names_later(words, at + 1, "quarter"):
            number, after = ORDINALS[first], at + 1
        else:
            return None
        in_fiscal, after_fiscal = self._fiscal_year_after(words, after)
        year, after = (in_fiscal, after_fiscal) if in_fiscal else self._year_after(words, after)
        if year is None and self._is_short_year(word_at(words, after)):
            year, after = 2000 + int(word_at(words, after)), after + 1
        start = self.fiscal_start if fiscal or in_fiscal else 1
        return self._recent(Grain.QUARTER, (start - 1 + (number - 1) * 3) % 12 + 1, year, after, start)

    def _half(self, words: Sequence[str], at: int) -> Point | None:
        first, second = word_at(words, at), word_at(words, at + 1)
        if first == "h" and second in {"1", "2"}:
            number = int(second)
        elif first in {"first", "second"} and second == "half":
            number = ORDINALS[first]
        elif first in {"first", "second"} and names_later(words, at + 1, "half"):
            number, second = ORDINALS[first], ""
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
        year_first = year_of(word_at(words, at)) if word_at(words, at + 1) == "w" else None
        at += bool(year_first)
        at += word_at(words, at) in {"calendar", "iso"}
        number = word_at(words, at + 1)
        week_word = word_at(words, at) in {"week", "weeks", "cw", "kw", "w", "wk"}
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
        fiscal, after = fiscal_year_at(words, at)
        if fiscal:
            start = self.fiscal_start
            first = date(fiscal - (start > 1), start, 1)
            return Point(unit(first, Grain.YEAR, year_start=start), after)
        at += word_at(words, at) == "year"
        if (year := year_of(word_at(words, at))) and not is_amount(words, at):
            return Point(unit(date(year, 1, 1), Grain.YEAR), at + 1)
        return None

    def _year_after(self, words: Sequence[str], at: int) -> tuple[int | None, int]:
        """The year at `at`, also as "of last year", and the index after it; `at` itself without a year."""
        year, after = year_at(words, at)
        if year:
            return year, after
        at_word = at + (word_at(words, at) in {"of", "in"})
        at_word += word_at(words, at_word) == "the"
        if word_at(words, at_word) in NEARBY and word_at(words, at_word + 1) == "year":
            return self.today.year + NEARBY[word_at(words, at_word)], at_word + 2
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


def _at_least(grain: Grain | None, other: Grain) -> bool:
    """Whether a unit is as long as another or longer."""
    order = [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR]
    return grain is not None and order.index(grain) >= order.index(other)
