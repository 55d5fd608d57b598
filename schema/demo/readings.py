"""The demo company's weekly readings, each from its own key alone, so that later weeks only add rows."""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from schema.demo.chance import between, draws
from schema.demo.company import FIRST_WEEK, KPIS, REGIONS, STORIES, TEAMS, Kpi, Series
from schema.demo.rows import Anomaly, Reading

_GAP = 0.025
"""The part of weeks that were not reported."""
_UNUSUAL = 0.006
"""The part of readings that are anomalies."""
_BUSIEST_WEEK = 48
_WEEKS_OF_YEAR = 52.18
_SEVERITIES = ((0.75, "high"), (0.5, "medium"), (0.0, "low"))
"""Least deviation from the usual, as a fraction of it, of each severity."""

_BY_NAME: Mapping[str, Kpi] = {kpi.name: kpi for kpi in KPIS}
_SIZES = {region.name: region.size for region in REGIONS}
_SINCE = {region.name: region.since for region in REGIONS}


def readings(after: date | None, today: date) -> Iterator[Reading]:
    """All readings of the weeks after the Monday `after` (None: from the first) up to the week of `today`."""
    week = FIRST_WEEK if after is None else after + timedelta(days=7)
    series = list(_all_series())
    while week <= today:
        for one in series:
            if week >= one.since and (reading := _reading(one, week)):
                yield reading
        week += timedelta(days=7)


def _all_series() -> Iterator[Series]:
    regions_of = {team.name: team.regions for team in TEAMS}
    for kpi in KPIS:
        for team, share in kpi.owners.items():
            for region in regions_of[team]:
                yield Series(kpi, team, region, share, _SINCE[region])
        for nobody, nowhere, share in kpi.unassigned:
            yield Series(kpi, nobody, nowhere, share)


def _reading(series: Series, week: date) -> Reading | None:
    kpi = series.kpi
    gap, unusual, up, strength, story, delay, hour, _ = draws(kpi.name, series.team, series.region, week)
    if gap < _GAP:
        return None
    usual = _usual(series, week)
    value, anomaly = usual, None
    if unusual < _UNUSUAL:
        value, anomaly = _unusual(kpi, usual, week, up < 0.5, (strength, story, delay, hour))
    return Reading(
        kpi=kpi.name,
        team=series.team,
        region=series.region,
        at=datetime.combine(week, time()),
        week=week.isocalendar().week,
        value=_rounded(kpi, value),
        anomaly=anomaly,
    )


def _usual(series: Series, week: date) -> float:
    """Level, growth, season and noise of one reading."""
    kpi = series.kpi
    if kpi.times:
        product = math.prod(_part(name, series, week) for name in kpi.times)
        return float(product * series.share * _noise(kpi, series, week))
    value = _trend(kpi, week) * series.share * _noise(kpi, series, week)
    if kpi.sized and series.region:
        value *= _SIZES[series.region]
    return min(value, kpi.ceiling) if kpi.ceiling else value


def _part(name: str, series: Series, week: date) -> float:
    """The usual reading of another KPI of the same team and region."""
    kpi = _BY_NAME[name]
    return _usual(Series(kpi, series.team, series.region, kpi.owners.get(series.team or "", 1.0)), week)


def _trend(kpi: Kpi, week: date) -> float:
    years = (week - FIRST_WEEK).days / 365.25
    turn = 2 * math.pi * (week.isocalendar().week - _BUSIEST_WEEK) / _WEEKS_OF_YEAR
    return kpi.level * math.pow(1 + kpi.growth, years) * (1 + kpi.season * (1 + math.cos(turn)) / 2)


def _noise(kpi: Kpi, series: Series, week: date) -> float:
    """About normal around 1: the sum of eight even draws (Irwin-Hall), scaled to the KPI's spread."""
    total = sum(draws("noise", kpi.name, series.team, series.region, week))
    return 1 + kpi.spread * (total - 4) / math.sqrt(8 / 12)


def _unusual(
    kpi: Kpi, usual: float, week: date, up: bool, chances: tuple[float, float, float, float]
) -> tuple[float, Anomaly]:
    strength, story, delay, hour = chances
    deviation = between(0.3, 1.1, strength) if up else -between(0.3, 0.6, strength)
    value = usual * (1 + deviation)
    if kpi.ceiling and value > kpi.ceiling:
        value, up = usual * 0.6, False
    deviation = abs(value - usual) / usual
    stories = STORIES[kpi.name].above if up else STORIES[kpi.name].below
    side = "above" if up else "below"
    return value, Anomaly(
        description=f"{deviation:.0%} {side} the usual value: {stories[int(story * len(stories))]}",
        severity=next(name for least, name in _SEVERITIES if deviation >= least),
        detected_at=datetime.combine(week + timedelta(days=int(delay * 4)), time(8 + int(hour * 9))),
    )


def _rounded(kpi: Kpi, value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-kpi.decimals))
