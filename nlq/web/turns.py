"""One question with its answer as a page shows it, from a fresh answer or from the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from babel.numbers import format_decimal
from markupsafe import Markup

from nlq.answer import Answer, Choice, Status
from nlq.catalog import Catalog
from nlq.history import INTERRUPTED, INTERRUPTED_TEXT
from nlq.history_list import HistoryEntry
from nlq.linking.points import Calendar
from nlq.plan.check import read, unknown_names
from nlq.plan.chips import Chip, chips
from nlq.plan.model import Plan
from nlq.plan.suggest import suggestions
from nlq.web import highlight
from nlq.web.cells import Grid, grid
from nlq.web.labels import METHODS, chip_words, dimension_heads, suggestion_words
from nlq.web.words import gettext, ngettext
from nlq.words import speaking

_UNSURE_BELOW = 0.7
"""Confidence under which an answer says that it may have read the question wrong."""
_GRACE_S = 60
"""Seconds after a question's time is over at which it counts as lost."""


@dataclass(frozen=True)
class Next:
    """A suggestion: what its button says, and the edits that it makes."""

    text: str
    edits: list[list[str]]


@dataclass(frozen=True)
class Turn:
    """What a template shows of one question."""

    id: int
    question: str
    status: str
    text: str
    conversation_id: str = ""
    warnings: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    interpretation: str | None = None
    sql: Markup | None = None
    chips: Sequence[Mapping[str, Any]] = ()
    next: Sequence[Next] = ()
    grid: Grid | None = None
    count: str = ""
    truncated: bool = False
    chart: Mapping[str, Any] | None = None
    meta: Sequence[str] = ()
    verdict: str | None = None
    has_result: bool = False
    """There is a result; without a `grid` it has yet to be fetched."""
    own: bool = True
    """Whoever looks may go on with it."""

    @property
    def number(self) -> Mapping[str, Any] | None:
        """What the answer says that is one number, if it is."""
        if not self.chart:
            return None
        found: Mapping[str, Any] | None = self.chart["usermeta"]["nlq"].get("number")
        return found

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of charts that suit the answer, the one that is shown first."""
        if not self.chart or self.number:
            return ()
        meta = self.chart["usermeta"]["nlq"]
        return (meta["kind"], *meta["views"])


@dataclass(frozen=True)
class Turns:
    """Makes turns for one person."""

    catalog: Catalog
    calendar: Calendar
    locale: str
    timeout_s: float
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def of_answer(self, answer: Answer, verdict: str | None = None) -> Turn:
        """The turn of an answer with its rows."""
        plan = self._plan(answer.plan)
        table = answer.table
        answered = answer.status is Status.ANSWERED and table is not None
        return Turn(
            id=answer.id,
            question=answer.question,
            status=answer.status.value,
            text=answer.text,
            conversation_id=str(answer.conversation_id),
            warnings=(*answer.warnings, *_unsure(answer.confidence)),
            choices=answer.choices,
            interpretation=answer.interpretation,
            sql=highlight.sql(answer.sql) if answer.sql else None,
            chips=self._chips(plan),
            next=self._next(plan),
            grid=grid(table, plan, self.catalog, self.locale, dimension_heads())
            if answered and table and table.rows
            else None,
            count=_count(len(table.rows), table.truncated, self.locale) if answered and table else "",
            truncated=bool(table and table.truncated),
            chart=answer.chart,
            meta=_meta(answer.timing.total_ms, answer.method, answer.model, answer.id),
            verdict=verdict,
            has_result=answered,
        )

    def of_entry(self, entry: HistoryEntry, *, may_read: bool = True) -> Turn:
        """The turn of a question of the history, its rows to be fetched later.

        Without `may_read` it shows the question, and nothing of what was made of rows or names for it.
        """
        plan = self._plan(entry.plan)
        answered = entry.status == Status.ANSWERED
        text = entry.answer_text or gettext("This question did not come to an end. Please ask it again.")
        if entry.reason == INTERRUPTED:  # nobody was there to whom it could have been said before
            text = gettext(INTERRUPTED_TEXT)
        return Turn(
            id=entry.id,
            question=entry.question,
            status="failed"
            if entry.status in {None, "running"} and self._is_lost(entry)
            else entry.status or "",
            text=text if may_read or not answered else "",
            conversation_id=str(entry.conversation_id or ""),
            warnings=(*(entry.warnings or ()), *_unsure(entry.confidence)) if may_read else (),
            choices=[Choice(**choice) for choice in entry.choices or ()] if may_read else (),
            interpretation=entry.interpretation if may_read else None,
            sql=highlight.sql(entry.sql) if entry.sql and answered and may_read else None,
            chips=self._chips(plan) if answered else (),
            next=self._next(plan) if answered else (),
            truncated=bool(entry.truncated),
            meta=_meta(entry.execution_time_ms, entry.method, entry.model, entry.id),
            verdict=entry.verdict,
            has_result=answered,
        )

    def _is_lost(self, entry: HistoryEntry) -> bool:
        """Whether a question that is said to run cannot run any more."""
        asked = entry.timestamp
        return asked is None or (self.now - asked).total_seconds() > self.timeout_s + _GRACE_S

    def _plan(self, stored: Mapping[str, Any] | None) -> Plan | None:
        """The plan, if it can still be read and names nothing that the person may not see."""
        try:
            plan = read(stored) if stored else None
        except ValueError:
            return None
        return plan if plan and not unknown_names(plan, self.catalog) else None

    def _chips(self, plan: Plan | None) -> list[Mapping[str, Any]]:
        if plan is None:
            return []
        with speaking(self.locale):
            return [chip_words(chip) for chip in _in_use_first(chips(plan, self.catalog, self.calendar))]

    def _next(self, plan: Plan | None) -> list[Next]:
        found = suggestions(plan, self.catalog) if plan else ()
        with speaking(self.locale):
            return [
                Next(suggestion_words(one), [[edit.slot, *edit.values] for edit in one.edits])
                for one in found
            ]


def _in_use_first(found: Sequence[Chip]) -> list[Chip]:
    return sorted(found, key=lambda chip: not chip.text)


def _unsure(confidence: float | None) -> tuple[str, ...]:
    if confidence is None or confidence >= _UNSURE_BELOW:
        return ()
    return (gettext("I am not sure that I read this right: please check how it was read."),)


def _count(rows: int, truncated: bool, locale: str) -> str:
    if truncated:
        shown = format_decimal(rows, locale=locale)
        return gettext("Only the first %(rows)s rows are shown; the result has more.", rows=shown)
    return ngettext("%(num)s row", "%(num)s rows", rows)


def _meta(ms: int | None, method: str | None, model: str | None, query_id: int) -> list[str]:
    took = [] if ms is None else [f"{ms} ms" if ms < 100 else f"{ms / 1000:.1f} s"]
    how = [gettext(METHODS[method])] if method and method in METHODS else []
    return [*took, *how, *([model] if model else []), gettext("No. %(number)s", number=query_id)]
