"""Period linking: the calendar periods that a question names, resolved to dates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlq.linking.points import Calendar, Point, in_year
from nlq.period import Grain, Period, spoken_range

_CONNECTORS = {
    *("and", "or", "vs", "versus", "with", "to", "than", "against", "compared", "the", "in", "both", "over"),
    *("from", "until", "till", "through", "between", "comparing", "compare", "relative", "of"),
}
_TO = {"to", "until", "till", "through", "thru"}


@dataclass(frozen=True)
class PeriodMention:
    """A period and the words (from `start` to before `end`) that name it."""

    start: int
    end: int
    period: Period
    count: int = 1
    """How many units of `unit` the words name: 6 for "the last 6 months"."""
    unit: Grain | None = None
    parts: tuple[Period, ...] = ()
    """The first and the last unit of a range, which a question about a change compares."""


def find(
    words: Sequence[str], taken: Sequence[bool], calendar: Calendar, base: Period | None = None
) -> tuple[PeriodMention, ...]:
    """The periods that `words` name, in their order.

    Args:
        words: the folded words of a question.
        taken: for each word, whether it is part of a name already.
        calendar: today and the fiscal year.
        base: the period that was spoken of before.
    """
    points = _points(words, taken, calendar, base)
    years = _with_years(points, words)
    return tuple(_ranges(years, words, taken, calendar))


_At = tuple[int, Point]


def _points(
    words: Sequence[str], taken: Sequence[bool], calendar: Calendar, context: Period | None
) -> list[_At]:
    free = ["" if used else word for word, used in zip(words, taken, strict=True)]
    found: list[_At] = []
    at = 0
    while at < len(free):
        base = found[-1][1].period if found else context
        point = calendar.point(free, at, base)
        if (
            point
            and not point.dated
            and not found
            and context
            and context.grain is Grain.YEAR
            and context.start
        ):
            point = in_year(point, context.start.year)
        if point:
            found.append((at, _same_part(found, words, at, point)))
            at = point.after
        else:
            at += 1
    return found


def _same_part(found: Sequence[_At], words: Sequence[str], at: int, point: Point) -> Point:
    """A bare year after a part of another one is that part of it: "Q3 2024 and 2025"."""
    if not found or point.period.grain is not Grain.YEAR or point.period.start is None:
        return point
    (_, before) = found[-1]
    part = before.period.grain in {Grain.MONTH, Grain.QUARTER} and before.dated
    beside = words[before.after : at] in (["and"], ["versus"], ["vs"], ["or"])
    if not (part and beside and words[at].isdigit() and point.period.start.month == 1):
        return point
    return replace(in_year(before, point.period.start.year), after=point.after)


def _with_years(points: list[_At], words: Sequence[str]) -> list[_At]:
    """Points without a year take it from the next one beside them, or else from the one before."""
    result = list(points)
    for index in reversed(range(len(result) - 1)):
        (at, point), (next_at, following) = result[index], result[index + 1]
        if not point.dated and _said_year(following) and _beside(words, point.after, next_at):
            result[index] = (at, in_year(point, _said_year(following)))
    for index in range(1, len(result)):
        (_, before), (at, point) = result[index - 1], result[index]
        if not point.dated and _said_year(before) and _beside(words, before.after, at):
            result[index] = (at, in_year(point, _said_year(before)))
    return result


def _said_year(point: Point) -> int:
    """The year that a point says beside a smaller unit; 0 for none and for bare or relative years."""
    relative = point.relative or not point.dated or point.period.grain is Grain.YEAR
    return 0 if relative or point.period.start is None else point.period.start.year


def _beside(words: Sequence[str], start: int, end: int) -> bool:
    return all(word in _CONNECTORS for word in words[start:end])


def _ranges(
    points: list[_At], words: Sequence[str], taken: Sequence[bool], calendar: Calendar
) -> list[PeriodMention]:
    found: list[PeriodMention] = []
    index = 0
    while index < len(points):
        at, point = points[index]
        before = "" if at == 0 or taken[at - 1] else words[at - 1]
        following = points[index + 1] if index + 1 < len(points) else None
        if (
            following
            and _is_range(words, before, point.after, following[0])
            and _follows(point, following[1])
        ):
            found.append(_joined(at, point, following[1], before))
            index += 2
            continue
        found.append(_open(words, at, point, before, calendar))
        index += 1
    return found


def _is_range(words: Sequence[str], before: str, start: int, end: int) -> bool:
    between = [word for word in words[start:end] if word != "the"]
    compares = any(word.startswith("compar") for word in words[:start])
    if len(between) != 1 or (compares and between[0] == "to" and before != "from"):
        return False
    return between[0] in _TO or (between[0] == "and" and before == "between")


def _follows(first: Point, second: Point) -> bool:
    """Whether a range can go from one to the other: what lies before it does so only for want of a year."""
    start, end = first.period.start, second.period.end
    return not (start and end and start >= end and first.dated and second.dated)


def _joined(at: int, first: Point, second: Point, before: str) -> PeriodMention:
    start, end = first.period.start, second.period.end
    if start and end and start >= end:
        first = in_year(first, start.year - 1)
        start = first.period.start
    if first.period.grain is Grain.YEAR and first.period.start and not second.dated:
        second = in_year(second, first.period.start.year)
        end = second.period.end
    lead = before in {"from", "between", "since"}
    whole = Period(start, end, spoken_range(start, end))
    return PeriodMention(at - lead, second.after, whole, parts=(first.period, second.period))


def _open(words: Sequence[str], at: int, point: Point, before: str, calendar: Calendar) -> PeriodMention:
    """A single point, or everything since, after, before or until it."""
    mention = PeriodMention(at, point.after, point.period, point.count, point.unit or point.period.grain)
    start, end = point.period.start, point.period.end
    relative = point.count > 1 or point.period.grain is None
    looks_back = words[point.after - 1] in {"before", "earlier", "prior"}
    compares = before == "from" and any(word.startswith(("differ", "chang")) for word in words[:at])
    since = before in {"since", "starting", "from"} and not compares
    if since and not relative and not (before == "from" and looks_back):
        after_now = words[point.after : point.after + 1] in (["onward"], ["onwards"], ["on"])
        period = Period(start, None, f"since {point.period.label}")
        return replace(mention, start=at - 1, end=point.after + after_now, period=period, unit=None)
    if before == "after":
        period = Period(end, None, f"after {point.period.label}")
        return replace(mention, start=at - 1, period=period, unit=None)
    if before in {"before", "until", "till"}:
        last = start if before == "before" else end
        return replace(
            mention, start=at - 1, period=Period(None, last, f"{before} {point.period.label}"), unit=None
        )
    return mention
