"""The one clock that says what "today" is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Clock:
    """Tells the time in the company's zone; tests pass `source` to set it."""

    zone: ZoneInfo
    source: Callable[[ZoneInfo], datetime] = datetime.now

    def now(self) -> datetime:
        """The present moment, aware, in the company's zone."""
        return self.source(self.zone)

    def today(self) -> date:
        """The present date in the company's zone."""
        return self.now().date()


def fixed(day: date, zone: ZoneInfo = ZoneInfo("UTC")) -> Clock:  # noqa: B008
    """A clock that stands still at noon of `day`."""
    return Clock(zone, lambda tz: datetime(day.year, day.month, day.day, 12, tzinfo=tz))
