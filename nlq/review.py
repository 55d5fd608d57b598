"""Review: a verdict is checked, its correction tried out as the reader, written down, and used."""

from dataclasses import dataclass, replace
from typing import Protocol

from nlq import wording
from nlq.access import NOTHING, UNRESTRICTED, Access, Scope
from nlq.answer import Table
from nlq.catalog import Catalog
from nlq.errors import InvalidFeedback, QueryFailed, UnknownQuestion, UnsafeSql
from nlq.feedback import Feedback, FeedbackEntry, FeedbackStore, Verdict, VerifiedQuestions
from nlq.history_list import HistoryEntry, HistoryList
from nlq.plan.check import read
from nlq.plan.model import Plan, as_json
from nlq.question import Question
from nlq.verified import Fitted, Runnable, runnable
from nlq.words import speaking


class Runs(Protocol):
    """Runs SQL as the reader role."""

    def run(self, sql: str, *, scope: Scope = NOTHING) -> tuple[Table, int]:
        """The rows of one SELECT over the rows of `scope`, and the milliseconds that it took."""


@dataclass(frozen=True)
class Ran:
    """A plan or SQL that was run: what it was, its rows, and what they say in a sentence."""

    what: Runnable
    table: Table
    text: str


@dataclass(frozen=True)
class Review:
    """Takes feedback; see `give`."""

    history: HistoryList
    store: FeedbackStore
    verified: VerifiedQuestions
    reader: Runs
    access: Access = UNRESTRICTED
    """Who may see which rows."""

    def give(self, feedback: Feedback, catalog: Catalog, groups: tuple[str, ...] = ()) -> FeedbackEntry:
        """Write `feedback` down once its correction has passed the guard and run.

        It runs over the rows that the reviewer, who is in `groups`, may see, so that its errors tell nothing
        of others.

        Raises:
            UnknownQuestion: there is no such question.
            InvalidFeedback: it contradicts itself, or its correction does not work; nothing was written.
            DatabaseUnavailable: the database cannot be reached.
        """
        entry = self.history.get(feedback.query_id)
        if entry is None:
            raise UnknownQuestion(f"There is no question with the id {feedback.query_id}.")
        _check(feedback, entry)
        plan = _plan(feedback)
        if plan or feedback.correct_sql:
            reviewer = Question("", user=feedback.user, groups=groups)
            self._try_out(Fitted(plan, feedback.correct_sql), catalog, reviewer)
        added = self.store.add(replace(feedback, correct_plan=as_json(plan) if plan else None))
        if feedback.approved:
            self.verified.refresh()
        return added

    def of(self, query_id: int) -> tuple[FeedbackEntry, ...]:
        """The feedback on one question, oldest first."""
        return self.store.of(query_id)

    def run(self, wanted: Fitted, catalog: Catalog, viewer: Question) -> Ran:
        """Run a plan or SQL, such as that of an answer or a correction, over the rows that `viewer` may see.

        Raises:
            UnsafeSql: the guard refuses it.
            QueryFailed: it names what is not in the catalogue, does not fit together, or is refused.
            DatabaseUnavailable: the database cannot be reached.
        """
        with speaking(viewer.language):
            found = runnable(wanted, catalog)
            table, _ = self.reader.run(found.sql, scope=self.access.scope(viewer))
            return Ran(found, table, _said(found, table, catalog))

    def _try_out(self, correction: Fitted, catalog: Catalog, reviewer: Question) -> None:
        which = "correct_plan" if correction.plan else "correct_sql"
        try:
            self.run(correction, catalog, reviewer)
        except (UnsafeSql, QueryFailed) as error:
            raise InvalidFeedback(f"The {which} cannot be used: {error}") from error


def _check(feedback: Feedback, entry: HistoryEntry) -> None:
    """Refuse what contradicts itself or the question."""
    corrects = feedback.correct_sql is not None or feedback.correct_plan is not None
    if feedback.correct_sql is not None and feedback.correct_plan is not None:
        raise InvalidFeedback("Send either correct_sql or correct_plan, not both.")
    if feedback.verdict is Verdict.RIGHT and corrects:
        raise InvalidFeedback("A right answer needs no correction: leave it out, or send the verdict wrong.")
    was_answered = entry.status == "answered" and (entry.plan or entry.sql)
    if feedback.verdict is Verdict.RIGHT and feedback.approved and not was_answered:
        raise InvalidFeedback("The question has no answer that could be approved; send approved as false.")


def _plan(feedback: Feedback) -> Plan | None:
    if feedback.correct_plan is None:
        return None
    try:
        return read(feedback.correct_plan)
    except ValueError as error:
        raise InvalidFeedback(f"The correct_plan cannot be used: {error}.") from error


def _said(found: Runnable, table: Table, catalog: Catalog) -> str:
    """The result in words, as an answer would have it."""
    if found.plan is None:
        return wording.sentence_for_sql(table)
    try:
        return wording.sentence(found.plan, table, catalog)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise QueryFailed("The parts of this plan do not fit together.") from error
