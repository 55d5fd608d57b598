"""`/catalogue`: what can be asked about: KPIs with their latest numbers, teams, regions; how fresh it is."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from nlq.catalog import Catalog, Direction, Kpi
from nlq.numbers import number
from nlq.overview import Latest, points
from nlq.plan.words import label_inside, period_words
from nlq.web.asker import asker
from nlq.web.labels import AGGREGATIONS
from nlq.web.ports import service
from nlq.web.words import gettext, reader
from nlq.words import speaking

blueprint = Blueprint("catalogue", __name__)

_WIDTH, _HEIGHT = 160, 36


@dataclass(frozen=True)
class Shown:
    """A KPI as the page shows it."""

    kpi: Kpi
    adds_up: str
    better: str
    value: str = ""
    unit: str = ""
    month: str = ""
    line: str = ""
    told: str = ""
    """What the line shows, in words."""
    questions: tuple[str, ...] = ()


@blueprint.get("/catalogue")
def page() -> ResponseReturnValue:
    """The catalogue as whoever looks may see it."""
    catalog = service().catalog(asker())
    found = service().overview(asker())
    groups: dict[str, list[Shown]] = {}
    with speaking(reader()):
        for kpi in catalog.kpis:
            shown = _shown(kpi, found.latest.get(kpi.name), catalog)
            groups.setdefault(kpi.category or gettext("Others"), []).append(shown)
    return render_template(
        "catalogue.html", catalog=catalog, groups=groups, newest=found.newest, width=_WIDTH, height=_HEIGHT
    )


def _shown(kpi: Kpi, latest: Latest | None, catalog: Catalog) -> Shown:
    adds_up = gettext(AGGREGATIONS[kpi.aggregation])
    better = gettext("Higher is better") if kpi.direction is Direction.UP else gettext("Lower is better")
    if latest is None:
        return Shown(kpi, adds_up, better, questions=_questions(kpi, catalog))
    first, last = (number(latest.values[at], kpi) for at in (0, -1))
    start, month = (period_words(latest.months[at].label) for at in (0, -1))
    told = gettext(
        "From %(first)s in %(start)s to %(last)s in %(end)s",
        first=first,
        start=start,
        last=last,
        end=month,
    )
    line = points(latest.values, _WIDTH, _HEIGHT - 4)
    value = number(latest.values[-1], digits=kpi.decimals)
    return Shown(kpi, adds_up, better, value, kpi.unit, month, line, told, _questions(kpi, catalog))


def _questions(kpi: Kpi, catalog: Catalog) -> tuple[str, ...]:
    """What can be asked about a KPI, each question in words that need no model."""
    what = label_inside(kpi)
    year = catalog.last_month[0] if catalog.last_month else None
    if year is None:
        return (f"What does {what} mean?",)
    asked = [f"{kpi.label} by month in {year}"]
    asked += [f"{kpi.label} by region in {year}"] if catalog.regions else []
    asked += [f"Which team had the best {what} in {year}?"] if catalog.teams else []
    return tuple(asked)
