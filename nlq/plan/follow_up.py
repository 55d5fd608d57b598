"""Follow-up questions: what "and in APAC?" leaves out is as in the question before."""

from dataclasses import replace

from nlq.linking.lexicon import Kind
from nlq.linking.link import Links
from nlq.plan.model import Dimension, Plan, Subject

_BEGINNINGS = {"and", "same", "only", "just", "now", "instead", "then", "but", "also", "or", "by", "about"}
_MOST_WORDS = 8


def is_follow_up(links: Links) -> bool:
    """Whether a question says too little to stand alone, or begins as one that goes on."""
    words = [token.folded for token in links.tokens]
    if not words or len(words) > _MOST_WORDS:
        return False
    if words[0] in _BEGINNINGS or (words[0] in {"what", "how"} and words[1:2] == ["about"]):
        return True
    own_subject = links.cues.subject or links.cues.names or links.all_kpis
    return not (own_subject or links.of(Kind.KPI) or links.leftovers or links.candidates)


def merged(plan: Plan, before: Plan, links: Links) -> Plan:
    """The plan of a follow-up: what it says replaces the same part of the plan `before`."""
    if before.subject not in {Subject.VALUES, Subject.READINGS, Subject.ANOMALIES}:
        return plan
    said = {found.dimension for found in plan.filters}
    kept = tuple(found for found in before.filters if found.dimension not in said)
    periods = plan.periods or before.periods
    ranks = bool(links.cues.order or plan.by)
    return replace(
        plan,
        subject=plan.subject if links.cues.subject else before.subject,
        kpis=plan.kpis or before.kpis,
        measure=before.measure,
        filters=(*kept, *plan.filters),
        periods=periods,
        by=_dimensions(plan, before, several_periods=len(periods) > 1),
        conditions=() if links.cues.conditions else before.conditions,
        order=plan.order if ranks else before.order,
        top=plan.top if ranks else before.top,
        count=before.count,
    )


def _dimensions(plan: Plan, before: Plan, *, several_periods: bool) -> tuple[Dimension, ...]:
    """The new dimensions, or else the old ones without those that are now a single member."""
    single = {found.dimension for found in plan.filters if len(found.values) == 1}
    old = (dim for dim in before.by if dim not in {Dimension.PERIOD, Dimension.KPI, *single})
    by = plan.by or tuple(old)
    if len(plan.kpis) > 1:
        by = (Dimension.KPI, *(dim for dim in by if dim is not Dimension.KPI))
    if several_periods and not any(dim.is_time for dim in by) and Dimension.PERIOD not in by:
        by = (*by, Dimension.PERIOD)
    return by
