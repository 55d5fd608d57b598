"""Follow-up questions: the plan before is the context, and what a question says replaces that part of it."""

from dataclasses import replace

from nlq.linking.lexicon import Kind
from nlq.linking.link import Links
from nlq.period import Period
from nlq.plan.model import Calculation, Dimension, Filter, Measure, Plan, Subject

_BEGINNINGS = {
    *("and", "same", "only", "just", "now", "instead", "then", "but", "also", "or", "by", "about", "per"),
    *("as", "without", "excluding", "except", "for", "in", "split", "compared", "versus", "broken", "those"),
    *("what", "how"),
}
"""First words of questions that go on; "what" and "how" only before "about"."""
_MOST_WORDS = 12
_SUBJECTS = {Subject.VALUES, Subject.READINGS, Subject.ANOMALIES}
_PARTS = {
    Dimension.TEAM: Dimension.DEPARTMENT,
    Dimension.DEPARTMENT: Dimension.TEAM,
    Dimension.REGION: Dimension.COUNTRY,
    Dimension.COUNTRY: Dimension.REGION,
}
"""Dimensions of which one is a part of the other: naming one lets go of the other."""
_COMPARISONS = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}


def is_follow_up(links: Links, before: Plan) -> bool:
    """Whether a question says too little to stand alone after `before`, or begins as one that goes on."""
    words = [token.folded for token in links.tokens]
    if not words or len(words) > _MOST_WORDS or before.subject not in _SUBJECTS:
        return False
    if _goes_on(words) and not (links.leftovers and not links.of(Kind.KPI)):
        return True
    own_subject = links.cues.subject or links.all_kpis or (links.cues.names and _is_plain(links))
    return not (own_subject or links.of(Kind.KPI) or links.leftovers)


def merged(plan: Plan, before: Plan, links: Links) -> Plan:
    """The plan of a follow-up: what it says replaces the same part of the plan `before`."""
    periods = _periods(plan, before, links)
    same_kpi = plan.kpis in {(), before.kpis}
    new_order = links.cues.order is not None
    by = _dimensions(plan, before, links, several_periods=len(periods) > 1)
    return replace(
        plan,
        subject=plan.subject if links.cues.subject else before.subject,
        kpis=plan.kpis or before.kpis,
        measure=before.measure if same_kpi and not new_order else Measure.USUAL,
        filters=_filters(plan, before),
        periods=periods,
        by=by,
        calculation=before.calculation,
        window=before.window,
        conditions=() if links.cues.conditions else before.conditions,
        order=before.order,
        top=before.top,
        skip=0,
        within=tuple(dim for dim in before.within if dim in by),
        count=before.count and not (plan.by or new_order),
        year_start=before.year_start,
        each=before.each if before.each not in by else None,
    )


def _goes_on(words: list[str]) -> bool:
    first = words[0] if words[0] != "the" else (words[1:2] or [""])[0]
    return first in _BEGINNINGS and (first not in {"what", "how"} or words[1:2] == ["about"])


def _is_plain(links: Links) -> bool:
    cues = links.cues
    return not (cues.order or cues.calculation or cues.conditions or cues.place or links.periods)


def _filters(plan: Plan, before: Plan) -> tuple[Filter, ...]:
    """The filters before, less those on what the question now names itself."""
    only = {found.dimension for found in plan.filters if not found.exclude}
    gone = only | {_PARTS[dim] for dim in only if dim in _PARTS}
    kept = tuple(found for found in before.filters if found.dimension not in gone)
    return (*kept, *(found for found in plan.filters if found not in kept))


def _periods(plan: Plan, before: Plan, links: Links) -> tuple[Period, ...]:
    if links.cues.compared and len(plan.periods) == 1 and len(before.periods) == 1:
        return tuple(dict.fromkeys((*before.periods, *plan.periods)))
    return plan.periods or before.periods


def _dimensions(plan: Plan, before: Plan, links: Links, *, several_periods: bool) -> tuple[Dimension, ...]:
    """The new dimensions, or else the old ones without those that are now a single member."""
    single = {found.dimension for found in plan.filters if len(found.values) == 1 and not found.exclude}
    old = tuple(dim for dim in before.by if dim not in {Dimension.PERIOD, Dimension.KPI, *single})
    asks_who = "who" in {token.folded for token in links.tokens} and old
    by = old if asks_who or not plan.by else plan.by
    if len(plan.kpis) > 1 or (not plan.kpis and len(before.kpis) > 1 and Dimension.KPI in before.by):
        by = (Dimension.KPI, *(dim for dim in by if dim is not Dimension.KPI))
    compares = before.calculation in _COMPARISONS and Dimension.PERIOD in before.by
    times = any(dim.is_time for dim in by)
    if several_periods and Dimension.PERIOD not in by and (compares or not times):
        by = (*(dim for dim in by if not (compares and dim.is_time)), Dimension.PERIOD)
    return by
