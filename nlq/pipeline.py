"""The way of a question: linking, prompting, llm, plan, sql, database, answer, history."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from nlq import caveats, confidence, prompting, wording
from nlq import chart as charts
from nlq import llm as models
from nlq.access import EVERYTHING, UNRESTRICTED, Access, Scope
from nlq.answer import Answer, Method, Status, Table
from nlq.cancellation import Cancellation
from nlq.catalog import Catalog
from nlq.clock import Clock
from nlq.database import Reader
from nlq.endings import not_measured, unanswerable, which_kpi
from nlq.errors import DatabaseUnavailable, InvalidPlan, ModelUnavailable, NlqError, QueryFailed, UnsafeSql
from nlq.history import History, Started
from nlq.intake import Intake
from nlq.knowledge import Knowledge
from nlq.linking import Links, link
from nlq.linking.nearness import Encoder, Nearness, rather
from nlq.linking.points import Calendar
from nlq.plan import choices as choosing
from nlq.plan.check import unknown_names
from nlq.plan.choices import NONE, Reply
from nlq.plan.compiler import compile_plan
from nlq.plan.describe import describe_plan
from nlq.plan.draft import Draft, draft
from nlq.plan.follow_up import is_follow_up
from nlq.plan.model import Plan, Subject, from_json
from nlq.question import Question, check_text
from nlq.running import Running
from nlq.settings import Settings
from nlq.sql import describe as sql_words
from nlq.sql import guard, literals
from nlq.trace import OnStage, OnStarted, Statement, Trace, answer_of
from nlq.verified import Fitted, Known, find, nearest, runnable
from nlq.words import N_, gettext, speaking

_PREVIOUS_ERRORS = (ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Pipeline:
    """Answers questions; see `ask`."""

    settings: Settings
    clock: Clock
    knowledge: Callable[[Scope], Knowledge]
    model: models.Llm
    reader: Reader
    history: History
    intake: Intake
    verified: Callable[[Knowledge], Sequence[Known]] = lambda knowledge: ()
    """The questions whose answers reviewers approved, newest first."""
    access: Access = UNRESTRICTED
    """Who may see which rows."""
    encoder: Encoder | None = None
    """What tells how near questions lie to KPIs, where the model is a small one that needs such help."""

    @property
    def running(self) -> Running:
        """The questions that this process is working on."""
        return self.intake.running

    def ask(
        self,
        question: Question,
        on_stage: OnStage | None = None,
        on_started: OnStarted | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Answer `question`.

        Whatever happens after the question is written down becomes an answer with a status; that of a
        question which `cancellation` ended, or `NLQ_QUESTION_TIMEOUT_S`, is `failed`.

        Args:
            question: what was asked, by whom and from where.
            on_stage: is told the name of each stage as it begins.
            on_started: is told the question's id and conversation before the first stage.
            cancellation: ends the question from another thread; so does `running` by its id.

        Raises:
            InvalidQuestion: the text cannot be worked on; nothing was run or recorded.
            NlqError: what `Intake.answered` raises: it has to come back later, or cannot be written down.
        """
        trace = self._trace(on_stage, cancellation)
        with speaking(question.language):
            asked = replace(question, text=check_text(question.text, self.settings.max_question_chars))
            return self.intake.answered(
                asked, trace, on_started, lambda started: self._answered(asked, started, trace)
            )

    def run_plan(
        self,
        plan: Plan,
        question: Question,
        on_stage: OnStage | None = None,
        on_started: OnStarted | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Answer with `plan`, for instance one that a person edited, without the model.

        It is recorded like any question; one without a text is called as its plan reads.

        Raises:
            InvalidPlan: it names what is not in the catalogue, or cannot be compiled; nothing was recorded.
            NlqError: what `Intake.answered` raises.
        """
        with speaking(question.language):
            return self._of_plan(plan, question, self._trace(on_stage, cancellation), on_started)

    def calendar(self) -> Calendar:
        """What periods are relative to."""
        return Calendar(self.clock.today(), self.settings.fiscal_year_start)

    def _trace(self, on_stage: OnStage | None, cancellation: Cancellation | None) -> Trace:
        return Trace(on_stage=on_stage, cancellation=cancellation or Cancellation())

    def _of_plan(self, plan: Plan, question: Question, trace: Trace, on_started: OnStarted | None) -> Answer:
        known = self.knowledge(self.access.scope(question))
        try:
            found = runnable(Fitted(plan), known.catalog)
        except (UnsafeSql, QueryFailed) as error:
            raise InvalidPlan(str(error)) from error
        statement = Statement(found.sql, Method.PLAN, found.interpretation, plan)
        text = question.text or found.interpretation[: self.settings.max_question_chars]
        asked = replace(question, text=text)
        trace.sql, trace.plan, trace.confidence = found.sql, plan, 1.0

        def run(started: Started) -> Answer:
            with trace.stage("database"):
                table, sql_ms = self.reader.run(found.sql, trace.cancellation, scope=known.scope)
            with trace.stage("answer"):
                said = sentence_of(statement, table, known.catalog)
                chart = self.chart(statement, table, known, said, trace.cancellation)
            return answer_of(
                asked,
                started,
                trace,
                Status.ANSWERED,
                said,
                table=table,
                statement=statement,
                warnings=(*caveats.cut_off(table), *caveats.narrowed(known.scope)),
                sql_ms=sql_ms,
                chart=chart,
            )

        return self.intake.answered(asked, trace, on_started, run)

    def _answered(self, question: Question, started: Started, trace: Trace) -> Answer:
        with trace.stage("linking"):
            known = self.knowledge(self.access.scope(question))
            previous = self._previous(question, known.catalog)
            base = previous.periods[-1] if previous and previous.periods else None
            anomalies = previous is not None and previous.subject is Subject.ANOMALIES
            links = link(question.text, known.names, self.calendar(), base, about_anomalies=anomalies)
            read = draft(links, known.catalog, self.calendar(), previous)
        if approved := self._approved(known, links, previous, trace):
            statement, table, sql_ms = approved
            read = replace(read, kpis=(), unread=())
        else:
            if ending := unanswerable(read, known.catalog, question.text):
                raise ending
            statement, table, sql_ms = self._run(question, known, links, read, previous, trace)
        with trace.stage("answer"):
            trace.confidence = _confidence(links, read, statement, trace.fit)
            text = sentence_of(statement, table, known.catalog)
            chart = self.chart(statement, table, known, text, trace.cancellation)
            chosen = read.kpis and statement.plan and known.catalog.by_name[statement.plan.kpis[0]].label
            warnings = (
                *caveats.of(links, read, chosen or None),
                *statement.warnings,
                *caveats.cut_off(table),
                *caveats.narrowed(known.scope),
            )
        return answer_of(
            question,
            started,
            trace,
            Status.ANSWERED,
            text,
            table=table,
            statement=statement,
            warnings=warnings,
            sql_ms=sql_ms,
            chart=chart,
        )

    def _approved(
        self, known: Knowledge, links: Links, previous: Plan | None, trace: Trace
    ) -> tuple[Statement, Table, int] | None:
        """What reviewers approved for such a question; None where they did not, or it no longer runs."""
        continues = previous is not None and is_follow_up(links, previous)
        fitted = None if continues else find(links, self.verified(known), known.catalog)
        if fitted is None:
            return None
        try:
            with trace.stage("sql"):
                found = runnable(fitted, known.catalog, known.scope != EVERYTHING)
            with trace.stage("database"):
                table, sql_ms = self.reader.run(found.sql, trace.cancellation, scope=known.scope)
        except (UnsafeSql, QueryFailed):
            return None
        return Statement(found.sql, Method.VERIFIED, found.interpretation, found.plan), table, sql_ms

    def _run(
        self,
        question: Question,
        known: Knowledge,
        links: Links,
        read: Draft,
        previous: Plan | None,
        trace: Trace,
    ) -> tuple[Statement, Table, int]:
        """Choose, compile, check and run; an error goes back to the model a bounded number of times."""
        error: str | None = None
        for attempt in range(self.settings.max_attempts):
            try:
                reply = self._chosen(question, known, read, error, trace)
                plan = self._planned(question, known, links, read, previous, reply, trace)
                with trace.stage("sql"):
                    statement = self._statement(known, reply, plan)
                trace.sql, trace.plan = statement.sql, statement.plan
                with trace.stage("database"):
                    table, sql_ms = self.reader.run(statement.sql, trace.cancellation, scope=known.scope)
                return statement, table, sql_ms
            except (UnsafeSql, QueryFailed, _Unusable) as failure:
                if read.settled or attempt + 1 == self.settings.max_attempts:
                    raise _final(failure) from failure
                error = str(failure)
        raise AssertionError("max_attempts is at least 1")

    def _chosen(
        self, question: Question, known: Knowledge, read: Draft, error: str | None, trace: Trace
    ) -> Reply:
        """What the model chooses of what the draft leaves open; nothing is asked where nothing is."""
        open_choices = choosing.choices(read)
        if not open_choices.keys and not open_choices.sql:
            return Reply({})
        with trace.stage("prompting"):
            examples = nearest(question.text, self.verified(known), known.catalog) if open_choices.sql else ()
            prompt = prompting.prompt(known.static_prompt, question.text, read, open_choices, error, examples)
        with trace.stage("llm"):
            trace.model, trace.attempts = self.model.name, trace.attempts + 1
            schema, grammar = choosing.schema(open_choices), choosing.grammar(open_choices)
            completion = self.model.complete(prompt, schema, grammar, trace.cancellation)
        trace.completed(prompt, completion)
        try:
            reply = choosing.parse(completion.content, open_choices)
        except ModelUnavailable as unusable:
            raise _Unusable(str(unusable)) from unusable
        kpi = reply.chosen.get("kpi")
        if kpi is None or kpi == NONE:
            return reply
        if self.encoder:
            kpi = rather(kpi, Nearness(known.catalog, self.encoder).of(question.text), read.kpis)
        if not read.plan.kpis:
            self._check_fit(question, known, read, kpi, trace)
        return Reply({"kpi": kpi})

    def _check_fit(self, question: Question, known: Knowledge, read: Draft, kpi: str, trace: Trace) -> None:
        """Let the model look at its choice once more; raises an `Ending` where it does not agree."""
        with trace.stage("llm"):
            prompt = prompting.check(known.static_prompt, question.text, kpi)
            agreed = self.model.agreement(prompt, trace.cancellation)
        if agreed is None:
            return
        trace.fit, completion = agreed
        trace.completed(prompt, completion)
        bounds = confidence.bounds(read, kpi)
        if trace.fit < bounds.refuse:
            raise not_measured(known.catalog)
        if trace.fit < bounds.ask:
            likely = tuple(dict.fromkeys((kpi, *read.kpis)))[:3]
            raise which_kpi(likely, known.catalog, question.text)

    def _planned(
        self,
        question: Question,
        known: Knowledge,
        links: Links,
        read: Draft,
        previous: Plan | None,
        reply: Reply,
        trace: Trace,
    ) -> Plan:
        """The plan with the KPI that the model chose, and with a second one where the question takes two."""
        chosen = reply.chosen.get("kpi")
        if chosen == NONE or (read.beyond and not reply.sql):
            raise not_measured(known.catalog)
        if chosen is None:
            return read.plan
        with_one = draft(links, known.catalog, self.calendar(), previous, (chosen,))
        if not with_one.kpis:
            return with_one.plan
        second = self._chosen(question, known, with_one, None, trace).chosen["kpi"]
        if second == NONE:
            raise not_measured(known.catalog)
        return draft(links, known.catalog, self.calendar(), previous, (chosen, second)).plan

    def _statement(self, known: Knowledge, reply: Reply, plan: Plan) -> Statement:
        """The SQL for a plan or a reply, checked, with how it reads the question."""
        if reply.sql:
            checked = guard.check(reply.sql)
            if unknown := literals.check_literals(checked, known.catalog.held):
                raise QueryFailed(" ".join(unknown))
            warning = gettext(
                "The SQL for this answer was written by the language model; please check how it was read."
            )
            return Statement(checked.text, Method.SQL, sql_words.describe(checked), warnings=(warning,))
        checked = guard.check(compile_plan(plan, known.catalog))
        return Statement(checked.text, Method.PLAN, describe_plan(plan, known.catalog), plan)

    def chart(
        self, statement: Statement, table: Table, known: Knowledge, text: str, cancellation: Cancellation
    ) -> Mapping[str, Any] | None:
        """The chart of an answer; one number is set against that of the period before, if that is at hand."""
        earlier = charts.period_before(statement.plan, self.clock.today())
        before = None
        if earlier and len(table.rows) == 1:
            with suppress(UnsafeSql, QueryFailed, DatabaseUnavailable):
                sql = guard.check(compile_plan(earlier, known.catalog)).text
                found, _ = self.reader.run(sql, cancellation, scope=known.scope)
                before = earlier.periods[0].label, found.rows[0][0]
        return charts.chart(statement.plan, table, known.catalog, text, before)

    def _previous(self, question: Question, catalog: Catalog) -> Plan | None:
        """The plan before, unless somebody who sees more asked for names that are not in `catalog`."""
        if question.conversation_id is None:
            return None
        stored = self.history.last_plan(question.conversation_id)
        try:
            plan = from_json(stored) if stored else None
            return plan if plan and not unknown_names(plan, catalog) else None
        except _PREVIOUS_ERRORS:
            return None


class _Unusable(NlqError):
    """A reply of the model that says nothing usable."""


def _final(failure: NlqError) -> NlqError:
    if isinstance(failure, _Unusable):
        return ModelUnavailable(
            gettext("The language model gave no usable reply to this question; please put it in other words.")
        )
    if isinstance(failure, UnsafeSql):
        unsafe = N_("The SQL for this question was not safe to run; please put it in other words.")
        return UnsafeSql(gettext(unsafe))
    return failure


def _confidence(links: Links, read: Draft, statement: Statement, fit: float | None) -> float:
    if statement.method is Method.VERIFIED:
        return 1.0
    return confidence.of_sql() if statement.plan is None else confidence.of_plan(links, read, fit)


def sentence_of(statement: Statement, table: Table, catalog: Catalog) -> str:
    """What `table`, the result of `statement`, says."""
    if statement.plan is None:
        return wording.sentence_for_sql(table)
    return wording.sentence(statement.plan, table, catalog)
