"""What is measured on the way of a question, and the answer and the history's record made of it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from nlq import llm as models
from nlq.answer import Answer, Method, Status, Table, Timing
from nlq.cancellation import Cancellation
from nlq.errors import NlqError
from nlq.gate import Gate
from nlq.history import Record, Started
from nlq.plan.model import Plan, as_json
from nlq.prompting import Prompt
from nlq.question import Question

OnStage = Callable[[str], None]
OnStarted = Callable[[Started], None]

_WAITING = frozenset({"llm", "database"})
"""Stages that wait for others; the rest computes."""


@dataclass(frozen=True)
class Statement:
    """SQL that passed the guard, and how it came about."""

    sql: str
    method: Method
    interpretation: str
    plan: Plan | None = None
    warnings: tuple[str, ...] = ()


_MOST_MESSAGES, _MOST_CHARS = 12, 4_000
"""How much of what was said to a model the history keeps of one question."""


@dataclass
class Trace:
    """What is measured on the way of one question."""

    began: float = field(default_factory=time.monotonic)
    stages: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    fit: float | None = None
    """The model's probability that the KPI which it chose fits the question."""
    confidence: float | None = None
    messages: list[dict[str, str]] = field(default_factory=list)
    sql: str | None = None
    plan: Plan | None = None
    on_stage: OnStage | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    computing: Gate | None = None
    """Where stages take their turn that compute rather than wait."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Tell and time a stage, in its turn if it computes; raises `Cancelled` where the question is."""
        self.cancellation.check()
        if self.on_stage:
            self.on_stage(name)
        began = time.monotonic()
        room = None if name in _WAITING else self.computing
        try:
            with room.passing(self.cancellation) if room else nullcontext():
                yield
        finally:
            self.stages[name] = self.stages.get(name, 0) + _ms_since(began)

    def completed(self, prompt: Prompt, completion: models.Completion) -> None:
        """Add what a model call said and cost; not the part of the prompt that is the same for all."""
        if len(self.messages) < _MOST_MESSAGES:
            said = {"user": prompt.user, "assistant": completion.content}
            self.messages += [{"role": role, "content": _cut(text)} for role, text in said.items()]
        self.prompt_tokens = (self.prompt_tokens or 0) + (completion.prompt_tokens or 0)
        self.completion_tokens = (self.completion_tokens or 0) + (completion.completion_tokens or 0)
        self.cached_tokens = (self.cached_tokens or 0) + (completion.cached_tokens or 0)


def answer_of(
    question: Question,
    started: Started,
    trace: Trace,
    status: Status,
    text: str,
    *,
    table: Table | None = None,
    statement: Statement | None = None,
    warnings: tuple[str, ...] = (),
    sql_ms: int = 0,
    chart: Mapping[str, Any] | None = None,
) -> Answer:
    """The answer to `question` as of now."""
    plan = statement.plan if statement else None
    return Answer(
        id=started.query_id,
        conversation_id=started.conversation_id,
        status=status,
        question=question.text,
        text=text,
        timing=Timing(_ms_since(trace.began), trace.stages.get("llm", 0), sql_ms),
        table=table,
        sql=statement.sql if statement else None,
        interpretation=statement.interpretation if statement else None,
        chart=chart,
        warnings=warnings,
        attempts=trace.attempts,
        model=trace.model,
        method=statement.method if statement else None,
        plan=as_json(plan) if plan else None,
        confidence=trace.confidence,
    )


def failed(question: Question, started: Started, trace: Trace, text: str) -> Answer:
    """The answer that says that there is none."""
    return answer_of(question, started, trace, Status.FAILED, text)


def cause(error: NlqError) -> str:
    """What lies behind an error, for the people who read the history."""
    cause = error.__cause__
    return f"{error} [{type(cause).__name__}: {cause}]" if cause else str(error)


def record_of(answer: Answer, trace: Trace, error: str | None, reason: str | None) -> Record:
    """What the history keeps of `answer`."""
    table = answer.table if answer.status is Status.ANSWERED else None
    return Record(
        status=answer.status,
        execution_time_ms=_ms_since(trace.began),
        method=answer.method,
        reason=reason,
        error=error,
        sql=answer.sql or trace.sql,
        plan=answer.plan or (as_json(trace.plan) if trace.plan else None),
        interpretation=answer.interpretation,
        answer_text=answer.text,
        warnings=answer.warnings,
        choices=[asdict(choice) for choice in answer.choices] or None,
        attempts=answer.attempts,
        model=answer.model,
        prompt_tokens=trace.prompt_tokens,
        completion_tokens=trace.completion_tokens,
        cached_tokens=trace.cached_tokens,
        confidence=answer.confidence,
        row_count=len(table.rows) if table else None,
        truncated=table.truncated if table else None,
        stages=trace.stages,
        messages=trace.messages,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]} [...]"


def _ms_since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
