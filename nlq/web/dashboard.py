"""`/dashboard`: how many questions there were, how they went and how long they took, over time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from babel.dates import format_date
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from nlq.dashboard import Grain, Part
from nlq.signing_in import Role
from nlq.web import identity
from nlq.web.ports import service
from nlq.web.reviewing import seconds, words
from nlq.web.visibility import sees_all, visible_catalog
from nlq.web.words import gettext

blueprint = Blueprint("dashboard", __name__)

_DAYS = {"7": 7, "30": 30, "90": 90, "365": 365}
_USUAL = "30"
_HEIGHT, _LINES, _WIDTH = 160, 80, 720
"""Of charts with bars and with lines, in the units of its view box."""
_NONE = Part(0, 0, 0, 0, 0, 0, 0, None, None)


@dataclass(frozen=True)
class Bar:
    """One day, week or month of a chart: where it stands, and the heights of its pieces from below."""

    x: float
    width: float
    pieces: tuple[tuple[str, float, float], ...]
    """Class, y and height."""
    title: str


@dataclass(frozen=True)
class Chart:
    """Bars over time, and what the scale says."""

    bars: tuple[Bar, ...]
    top: int
    """An even number of questions that no bar is higher than."""
    first: str
    last: str


@dataclass(frozen=True)
class Lines:
    """Durations over time as SVG paths, and what the longest one is."""

    median: str
    p95: str
    most: str


@blueprint.get("/dashboard")
@identity.needs(Role.REVIEWER)
def dashboard() -> ResponseReturnValue:
    """The figures of a period that ends now."""
    if not sees_all():
        abort(403, gettext("The figures are about everybody's questions, which you may not see."))
    chosen = request.args.get("period", _USUAL)
    if chosen not in _DAYS:
        abort(422, f"period must be one of {', '.join(_DAYS)}.")
    zone = service().settings.timezone
    first, grain = _first_day(_DAYS[chosen], zone), _grain(_DAYS[chosen])
    found = service().dashboards.of(_midnight(first, zone), datetime.now(zone), grain)
    parts = _without_gaps(found.parts, first, datetime.now(zone).date(), grain)
    return render_template(
        "dashboard.html",
        found=found,
        parts=parts,
        volume=_chart(parts, grain),
        times=_times(parts),
        day=lambda part: _day(part, grain),
        period=chosen,
        periods=_periods(),
        list_period=chosen if _DAYS[chosen] <= 90 else "",
        labels={kpi.name: kpi.label for kpi in visible_catalog().kpis},
        **words(),
    )


def _periods() -> list[tuple[str, str]]:
    return [
        ("7", gettext("Last 7 days")),
        ("30", gettext("Last 30 days")),
        ("90", gettext("Last 90 days")),
        ("365", gettext("Last 365 days")),
    ]


def _grain(days: int) -> Grain:
    return Grain.DAY if days <= 31 else Grain.WEEK if days <= 100 else Grain.MONTH


def _first_day(days: int, zone: tzinfo) -> date:
    return datetime.now(zone).date() - timedelta(days=days - 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _without_gaps(parts: tuple[Part, ...], first: date, last: date, grain: Grain) -> list[Part]:
    """The parts from `first` to `last`, those without questions too."""
    known = {part.starts: part for part in parts}
    starts, found = _start(first, grain), []
    while starts <= last:
        found.append(known.get(starts) or Part(**{**vars(_NONE), "starts": starts}))
        starts = _start(starts + timedelta(days={"day": 1, "week": 7, "month": 32}[grain]), grain)
    return found


def _start(day: date, grain: Grain) -> date:
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain is Grain.MONTH else day


def _day(part: Part, grain: Grain) -> str:
    form = "MMM y" if grain is Grain.MONTH else "d MMM"
    return format_date(part.starts, form, locale=get_locale()) if part.starts else ""


def _chart(parts: list[Part], grain: Grain) -> Chart:
    """Bars of questions that were answered, asked back, refused and failed, on top of each other."""
    most = max((part.asked for part in parts), default=0) or 1
    unit = max(2, 10 ** (len(str(most)) - 1))
    top = -(-most // unit) * unit
    step = _WIDTH / max(len(parts), 1)
    bars = tuple(_bar(part, at * step, step, top, grain) for at, part in enumerate(parts))
    return Chart(bars, top, _day(parts[0], grain), _day(parts[-1], grain))


def _times(parts: list[Part]) -> Lines:
    most = max((part.p95_ms or 0 for part in parts), default=0) or 1
    return Lines(_path(parts, "median_ms", most), _path(parts, "p95_ms", most), seconds(most))


def _path(parts: list[Part], name: str, most: int) -> str:
    """A line through the parts that have the figure, broken where one has not."""
    step, path, pen = _WIDTH / max(len(parts), 1), [], "M"
    for at, part in enumerate(parts):
        value = getattr(part, name)
        if value is None:
            pen = "M"
            continue
        x, y = (at + 0.5) * step, _LINES * (1 - value / most)
        path.append(f"{pen}{x:.1f} {y:.1f}" + ("h0.1" if pen == "M" else ""))
        pen = "L"
    return "".join(path)


def _bar(part: Part, x: float, step: float, most: int, grain: Grain) -> Bar:
    pieces, y = [], float(_HEIGHT)
    for name in ("answered", "clarify", "refused", "failed"):
        height = getattr(part, name) / most * _HEIGHT
        y -= height
        if height:
            pieces.append((name, round(y, 2), round(height, 2)))
    title = gettext(
        "%(day)s: %(asked)s asked, %(answered)s answered",
        day=_day(part, grain),
        asked=part.asked,
        answered=part.answered,
    )
    gap = min(step * 0.2, 6)
    return Bar(round(x + gap / 2, 2), round(step - gap, 2), tuple(pieces), title)
