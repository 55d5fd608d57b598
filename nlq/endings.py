"""Questions that end without rows: refused, or asked back; with the words for the person who asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlq.answer import CHOICE_COLUMNS, Status, Table
from nlq.catalog import Catalog
from nlq.plan.draft import Draft
from nlq.question import with_choice
from nlq.words import N_, gettext

_MOST_CHOICES = 8
_OFF_LIMITS: Mapping[str, str] = {
    "private": N_("I don't have people's private data, only KPIs."),
    "system": N_("I don't answer questions about the system itself, only about KPIs."),
    "instructions": N_("I only answer questions about KPIs."),
}


@dataclass
class Ending(Exception):
    """How a question ends without an answer; `reason` is for the people who read the history, in English."""

    status: Status
    text: str
    reason: str
    table: Table | None = None


def unanswerable(read: Draft, catalog: Catalog, question: str) -> Ending | None:
    """Why `question` cannot be worked on, as its draft says; None if it can."""
    if read.refuse == "change":
        instead = N_(
            'I only read data and never change it. Ask me for numbers instead, for example "%(question)s".'
        )
        text = gettext(instead, question=_suggestion(catalog))
        return Ending(Status.REFUSED, text, N_("asks to change data"))
    if read.refuse and read.refuse in _OFF_LIMITS:
        example = gettext('Ask me for example "%(question)s".', question=_suggestion(catalog))
        text = f"{gettext(_OFF_LIMITS[read.refuse])} {example}"
        return Ending(Status.REFUSED, text, f"off limits: {read.refuse}")
    if read.refuse:
        return not_measured(catalog)
    return which_kpi(read.ask, catalog, question) if read.ask else None


def not_measured(catalog: Catalog) -> Ending:
    """No KPI measures what is asked: refused, with what can be asked."""
    labels = [kpi.label for kpi in catalog.kpis[:5]]
    if not labels:
        text = gettext("There are no KPIs in the database yet, so there is nothing to answer from.")
    else:
        known = ", ".join(labels)
        if len(catalog.kpis) > len(labels):
            known = gettext("%(names)s and more", names=known)
        cannot = N_("I can't answer that from the KPI data. I know %(kpis)s, by team, region and time.")
        text = gettext(cannot, kpis=known)
    return Ending(Status.REFUSED, text, N_("not about the data"))


def which_kpi(names: Sequence[str], catalog: Catalog, question: str) -> Ending:
    """Several KPIs fit, or one does not fit well: asked back, with readings of `question` to pick from."""
    labels = [catalog.by_name[name].label for name in names[:_MOST_CHOICES]]
    table = Table(CHOICE_COLUMNS, tuple((label, with_choice(question, label)) for label in labels))
    if len(labels) == 1:
        text = gettext("Do you mean %(kpi)s?", kpi=labels[0])
        return Ending(Status.CLARIFY, text, N_("unsure which KPI is meant"), table)
    which = N_("Which one do you mean: %(kpis)s or %(last)s?")
    text = gettext(which, kpis=", ".join(labels[:-1]), last=labels[-1])
    return Ending(Status.CLARIFY, text, N_("several KPIs fit"), table)


def _suggestion(catalog: Catalog) -> str:
    if not catalog.kpis:
        return gettext("Which KPIs are there?")
    return gettext("%(kpi)s last month", kpi=catalog.kpis[0].label)
