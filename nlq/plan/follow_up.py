"""Follow-up questions: the plan before is the context, and what a question says replaces that part of it."""

from dataclasses import replace

from nlq.linking.lexicon import Kind
from nlq.linking.link import Links
from nlq.period import Period
from nlq.plan.model import Calculation, Condition, Dimension, Filter, Measure, Plan, Subject

_BEGINNINGS = {
    *("and", "same", "only", "just", "now", "instead", "then", "but", "also", "or", "by", "about", "per"),
    *("as", "without", "excluding", "except", "for", "in", "split", "compared", "versus", "broken", "those"),
    *("what", "how", "add", "plus", "include"),
}
"""First words of questions that go on; "what" and "how" only before "about"."""
_ADDING = {"add", "plus", "include"}
_BESIDE = {"split", "broken", "also", "additionally", "too"}
"""Words that put a dimension beside those before, where "by month" alone replaces them."""
_MOST_WORDS = 12
_SUBJECTS = {Subject.VALUES, Subject.READINGS, Subject.ANOMALIES}
_ALSO = {"too", "also"}
_SHORT = 4
_MOST_OF_A_DENOMINATOR = 7
_MOST_UNREAD = 2
"""Words that a question which goes on may hold without being read."""
_SOUNDS = {"hm", "hmm", "ok", "okay", "oh", "ah", "well", "so", "right", "great", "thanks", "then", "the"}
_CORRECTING = {"sorry", "meant", "mean", "actually"}
_POINTING = {"that", "this", "it", "those", "these", "them"}
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
    if not words or len(words) > _MOST_WORDS:
        return False
    if before.subject not in _SUBJECTS:
        counts = links.cues.counted and len(words) <= _SHORT
        return (_goes_on(words) or counts) and _is_plain(links) and not (links.cues.by or links.cues.subject)
    if "all" in words and links.cues.names in before.by and before.top:
        return True
    if set(words[:3]) & _CORRECTING and len(links.leftovers) <= _MOST_UNREAD:
        return True
    if set(words) & _POINTING and not links.periods and _same_kpi(links, before):
        return True
    if links.cues.denominator and len(words) <= _MOST_OF_A_DENOMINATOR:
        return True
    if _ALSO & set(words[-2:]) and links.of(Kind.KPI) and len(words) <= _MOST_OF_A_DENOMINATOR:
        return True
    if "same" in words and not links.periods and len(links.leftovers) <= _MOST_UNREAD:
        return True
    if _goes_on(words) and (links.of(Kind.KPI) or len(links.leftovers) <= _MOST_UNREAD):
        return True
    own_subject = links.cues.subject or links.all_kpis or (links.cues.names and _is_plain(links))
    return not (own_subject or links.of(Kind.KPI) or links.leftovers)


def merged(plan: Plan, before: Plan, links: Links) -> Plan:
    """The plan of a follow-up: what it says replaces the same part of the plan `before`."""
    if before.subject not in _SUBJECTS:
        return replace(
            before,
            kpis=plan.kpis or before.kpis,
            filters=plan.filters or before.filters,
            count=before.count or links.cues.counted,
        )
    periods = _periods(plan, before, links)
    same_kpi = plan.kpis in {(), before.kpis}
    new_order = links.cues.order is not None
    adding = _adds(links)
    filters = _filters(plan, before, adding=adding)
    named = filters if adding else plan.filters
    by = _dimensions(plan, before, links, named, several_periods=len(periods) > 1)
    if adding and not links.cues.combined:
        by = (*by, *(f.dimension for f in filters if _several(f) and f.dimension not in by))
    return replace(
        plan,
        subject=plan.subject if links.cues.subject else before.subject,
        kpis=_kpis(plan, before, links),
        measure=links.cues.measure or (before.measure if same_kpi and not new_order else Measure.USUAL),
        filters=filters,
        periods=periods,
        by=by,
        calculation=Calculation.NONE if links.cues.absolute else before.calculation,
        window=before.window,
        conditions=_conditions(before, links),
        order=before.order,
        top=None if links.cues.names in before.by else before.top,
        skip=0,
        within=tuple(dim for dim in before.within if dim in by),
        count=_counts(plan, before, links),
        year_start=before.year_start,
        each=before.each if before.each not in by and not _is_total(links) else None,
    )


def _same_kpi(links: Links, before: Plan) -> bool:
    named = {value for mention in links.of(Kind.KPI) for value in mention.values}
    others = [mention for mention in links.mentions if mention.kind is not Kind.KPI]
    return bool(named) and named == set(before.kpis) and not others


def _kpis(plan: Plan, before: Plan, links: Links) -> tuple[str, ...]:
    """The new KPIs, or else the old ones; both where some are added."""
    if plan.kpis and links.tokens[0].folded in _ADDING:
        return tuple(dict.fromkeys((*before.kpis, *plan.kpis)))
    return plan.kpis or before.kpis


def _adds(links: Links) -> bool:
    compares = links.cues.compared and not links.periods and not links.of(Kind.KPI)
    return links.tokens[0].folded in _ADDING or compares


def _goes_on(words: list[str]) -> bool:
    said = [word for word in words if word not in _SOUNDS] or [""]
    return said[0] in _BEGINNINGS and (said[0] not in {"what", "how"} or said[1:2] == ["about"])


def _is_plain(links: Links) -> bool:
    cues = links.cues
    return not (cues.order or cues.calculation or cues.conditions or cues.place or links.periods)


def _counts(plan: Plan, before: Plan, links: Links) -> bool:
    if links.cues.counted and not plan.by and before.by:
        return True
    return before.count and not (plan.by or links.cues.order)


def _conditions(before: Plan, links: Links) -> tuple[Condition, ...]:
    """The conditions before, turned round by "fewer than that"; none where the question has its own."""
    if operator := links.cues.than_that:
        return tuple(replace(condition, operator=operator) for condition in before.conditions)
    return () if links.cues.conditions else before.conditions


def _is_total(links: Links) -> bool:
    """Whether only the total of what was listed is asked for."""
    return links.cues.measure is Measure.SUM and len(links.tokens) <= _SHORT and not links.cues.by


def _filters(plan: Plan, before: Plan, *, adding: bool) -> tuple[Filter, ...]:
    """The filters before, less those on what the question now names itself, or with that added to them."""
    if adding:
        return tuple(_with_more(found, plan.filters) for found in before.filters)
    only = {found.dimension for found in plan.filters if not found.exclude}
    gone = only | {_PARTS[dim] for dim in only if dim in _PARTS}
    kept = tuple(found for found in before.filters if found.dimension not in gone)
    return (*kept, *(found for found in plan.filters if found not in kept))


def _several(found: Filter) -> bool:
    return len(found.values) > 1 and not found.exclude


def _with_more(found: Filter, others: tuple[Filter, ...]) -> Filter:
    more = [value for other in others if other.dimension is found.dimension for value in other.values]
    return replace(found, values=tuple(dict.fromkeys((*found.values, *more))))


def _periods(plan: Plan, before: Plan, links: Links) -> tuple[Period, ...]:
    if links.cues.compared and len(plan.periods) == 1 and len(before.periods) == 1:
        return tuple(dict.fromkeys((*before.periods, *plan.periods)))
    return plan.periods or before.periods


def _dimensions(
    plan: Plan, before: Plan, links: Links, named: tuple[Filter, ...], *, several_periods: bool
) -> tuple[Dimension, ...]:
    """The new dimensions, or else the old ones without those of which `named` leaves a single member."""
    single = {found.dimension for found in named if len(found.values) == 1 and not found.exclude}
    gone = {Dimension.PERIOD, *single, *([Dimension.KPI] if len(plan.kpis or before.kpis) else [])}
    old = tuple(dim for dim in before.by if dim not in gone)
    words = {token.folded for token in links.tokens}
    new = tuple(dim for dim in plan.by if dim is not Dimension.KPI or Dimension.KPI in links.cues.by)
    by = old if ("who" in words and old) or not new else new
    if new and words & _BESIDE:
        by = tuple(dict.fromkeys((*old, *new)))
    if _is_total(links) and before.measure is Measure.USUAL:
        by = ()
    if len(plan.kpis) > 1 or (not plan.kpis and len(before.kpis) > 1 and Dimension.KPI in before.by):
        by = (Dimension.KPI, *(dim for dim in by if dim is not Dimension.KPI))
    compares = before.calculation in _COMPARISONS and Dimension.PERIOD in before.by
    times = any(dim.is_time for dim in by)
    if several_periods and Dimension.PERIOD not in by and (compares or not times):
        by = (*(dim for dim in by if not (compares and dim.is_time)), Dimension.PERIOD)
    return by
