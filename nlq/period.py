"""Calendar periods: half-open ranges of days, and the units they are made of."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    """A unit of the calendar. Weeks are those of ISO 8601: from Monday, week 1 holds 4 January."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


_MONTHS = {Grain.YEAR: 12, Grain.QUARTER: 3, Grain.MONTH: 1}
_DAYS = {Grain.WEEK: 7, Grain.DAY: 1}


@dataclass(frozen=True)
class Period:
    """The days from `start` to before `end`; None leaves a side open. `label` is how people call it."""

    start: date | None
    end: date | None
    label: str
    grain: Grain | None = None
    """The unit of which this is exactly one, if any."""

    def words(self) -> str:
        """The period with its dates, as `Q3 2026 (1 July to 30 September 2026)`."""
        dates = spoken_range(self.start, self.end)
        return dates if dates == self.label else f"{self.label} ({dates})"


def unit(day: date, grain: Grain, *, year_start: int = 1) -> Period:
    """The year, quarter, month, week or day that `day` lies in.

    `year_start` is the month in which years begin; a year that does not begin in January is named after
    the calendar year in which it ends.
    """
    start = floor(day, grain, year_start=year_start)
    end = shift(start, grain, 1)
    return Period(start, end, _label(start, grain, year_start), grain)


def shifted(period: Period, grain: Grain, count: int) -> Period:
    """A period of one unit, `count` units of `grain` later: the same month of last year for (year, -1)."""
    if period.start is None or period.end is None:
        return period
    if period.grain is Grain.WEEK and grain is Grain.YEAR:
        iso = period.start.isocalendar()
        return unit(iso_week(iso.year + count, iso.week), Grain.WEEK)
    start, end = shift(period.start, grain, count), shift(period.end, grain, count)
    if period.grain is Grain.YEAR:
        return unit(start, Grain.YEAR, year_start=start.month)
    if period.grain is Grain.QUARTER and period.start.month % 3 != 1:
        return Period(start, end, spoken_range(start, end), period.grain)
    if period.grain:
        return unit(start, period.grain)
    return Period(start, end, spoken_range(start, end))


def floor(day: date, grain: Grain, *, year_start: int = 1) -> date:
    """The first day of the unit that `day` lies in."""
    if grain is Grain.DAY:
        return day
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    into = (day.month - year_start) % _MONTHS[grain]
    return shift(day.replace(day=1), Grain.MONTH, -into)


def shift(day: date, grain: Grain, count: int) -> date:
    """`day` moved by `count` units; the last day of a month where the target month is shorter."""
    if grain in _DAYS:
        return day + timedelta(days=count * _DAYS[grain])
    months = day.year * 12 + day.month - 1 + count * _MONTHS[grain]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def iso_week(year: int, week: int) -> date:
    """The Monday of an ISO week; raises ValueError if the year has no such week."""
    return date.fromisocalendar(year, week, 1)


def spoken(day: date) -> str:
    """`day` as `5 March 2026`."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def spoken_range(start: date | None, end: date | None) -> str:
    """The days from `start` to before `end`, as `1 July to 30 September 2026`."""
    if start is None and end is None:
        return "all time"
    if start is None:
        assert end is not None  # noqa: S101 - the line above
        return f"until {spoken(end - timedelta(days=1))}"
    if end is None:
        return f"since {spoken(start)}"
    last = end - timedelta(days=1)
    if start >= last:
        return spoken(start)
    if start.year != last.year:
        return f"{spoken(start)} to {spoken(last)}"
    if start.month != last.month:
        return f"{start.day} {calendar.month_name[start.month]} to {spoken(last)}"
    return f"{start.day} to {spoken(last)}"


def _label(start: date, grain: Grain, year_start: int) -> str:
    fiscal = year_start != 1
    year = shift(start, Grain.MONTH, (1 - year_start) % 12).year if fiscal else start.year
    if grain is Grain.YEAR:
        return f"fiscal year {year}" if fiscal else str(year)
    if grain is Grain.QUARTER:
        number = (start.month - year_start) % 12 // 3 + 1
        return f"fiscal Q{number} {year}" if fiscal else f"Q{number} {year}"
    if grain is Grain.MONTH:
        return f"{calendar.month_name[start.month]} {start.year}"
    if grain is Grain.WEEK:
        iso = start.isocalendar()
        return f"week {iso.week} of {iso.year}"
    return spoken(start)
