"""Questions that end without rows: refused, or asked back; with the words for the person who asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlq.answer import CHOICE_COLUMNS, Status, Table
from nlq.catalog import Catalog
from nlq.plan.draft import Draft
from nlq.question import with_choice

_MOST_CHOICES = 8
_OFF_LIMITS: Mapping[str, str] = {
    "private": "I don't have people's private data, only KPIs.",
    "system": "I don't answer questions about the system itself, only about KPIs.",
    "instructions": "I only answer questions about KPIs.",
}


@dataclass
class Ending(Exception):
    """How a question ends without an answer; `reason` is for the people who read the history."""

    status: Status
    text: str
    reason: str
    table: Table | None = None


def unanswerable(read: Draft, catalog: Catalog, question: str) -> Ending | None:
    """Why `question` cannot be worked on, as its draft says; None if it can."""
    if read.refuse == "change":
        text = "I only read data and never change it. Ask me for numbers instead, for example "
        return Ending(Status.REFUSED, f'{text}"{_suggestion(catalog)}".', "asks to change data")
    if read.refuse and read.refuse in _OFF_LIMITS:
        text = f'{_OFF_LIMITS[read.refuse]} Ask me for example "{_suggestion(catalog)}".'
        return Ending(Status.REFUSED, text, f"off limits: {read.refuse}")
    if read.refuse:
        return not_measured(catalog)
    return which_kpi(read.ask, catalog, question) if read.ask else None


def not_measured(catalog: Catalog) -> Ending:
    """No KPI measures what is asked: refused, with what can be asked."""
    labels = [kpi.label for kpi in catalog.kpis[:5]]
    if not labels:
        text = "There are no KPIs in the database yet, so there is nothing to answer from."
    else:
        more = " and more" if len(catalog.kpis) > len(labels) else ""
        text = (
            f"I can't answer that from the KPI data. I know {', '.join(labels)}{more}, by team, "
            "region and time."
        )
    return Ending(Status.REFUSED, text, "not about the data")


def which_kpi(names: Sequence[str], catalog: Catalog, question: str) -> Ending:
    """Several KPIs fit, or one does not fit well: asked back, with readings of `question` to pick from."""
    labels = [catalog.by_name[name].label for name in names[:_MOST_CHOICES]]
    table = Table(CHOICE_COLUMNS, tuple((label, with_choice(question, label)) for label in labels))
    if len(labels) == 1:
        return Ending(Status.CLARIFY, f"Do you mean {labels[0]}?", "unsure which KPI is meant", table)
    text = f"Which one do you mean: {', '.join(labels[:-1])} or {labels[-1]}?"
    return Ending(Status.CLARIFY, text, "several KPIs fit", table)


def _suggestion(catalog: Catalog) -> str:
    return f"{catalog.kpis[0].label} last month" if catalog.kpis else "Which KPIs are there?"
