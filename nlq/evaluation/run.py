"""Asks a system the cases of a world, one after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlq.answer import Answer, Status
from nlq.errors import InvalidQuestion
from nlq.evaluation.compare import Result
from nlq.evaluation.judge import Ask, GoldResults, Outcome, Reply, judge
from nlq.evaluation.sets import Case
from nlq.question import Question
from nlq.service import Service

Tell = Callable[[str], None]
Numbered = tuple[int, Case]
"""A case with its number in its set."""


@dataclass(frozen=True)
class Examination:
    """The cases of one world, by set, with the results of the SQL by hand."""

    world: str
    sets: Mapping[str, Sequence[Numbered]]
    gold: GoldResults

    def single_questions(self) -> "Examination":
        """Only cases of one turn that has an answer: all that a system without conversations can do."""
        kept = {
            name: [(number, case) for number, case in cases if len(case.turns) == 1 and case.turns[0].gold]
            for name, cases in self.sets.items()
        }
        return Examination(self.world, kept, self.gold)


def examine(system: str, ask: Ask, examination: Examination, tell: Tell) -> Iterator[Outcome]:
    """Ask every turn, each case in a conversation of its own, and tell how each went."""
    for name, cases in examination.sets.items():
        for number, case in cases:
            for outcome in _case(system, ask, examination, name, number, case):
                tell(_line(outcome))
                yield outcome


def _case(
    system: str, ask: Ask, examination: Examination, name: str, number: int, case: Case
) -> Iterator[Outcome]:
    conversation: UUID | None = None
    for position, turn in enumerate(case.turns, start=1):
        reply = ask(turn.question, conversation)
        conversation = reply.conversation_id or conversation
        right, difference = judge(turn, reply, examination.gold)
        yield Outcome(
            system, examination.world, name, number, position, case.tags, turn, reply, right, difference
        )


def _line(outcome: Outcome) -> str:
    """One line for a person who watches."""
    sign = "ok" if outcome.right else "WRONG"
    where = f"{outcome.system} {outcome.world} {outcome.set} {outcome.case}.{outcome.number}"
    return f"{sign:5} {outcome.reply.total_ms:6} ms  {where}  {outcome.turn.question}"


def asking(service: Service) -> Ask:
    """The pipeline of `service` as a system to be examined."""

    def ask(question: str, conversation: UUID | None) -> Reply:
        try:
            answer = service.pipeline.ask(Question(question, conversation, channel="eval"))
        except InvalidQuestion as refusal:
            return Reply(Status.REFUSED, str(refusal), 0, 0)
        return _reply(service, answer)

    return ask


def _reply(service: Service, answer: Answer) -> Reply:
    entry = service.history.get(answer.id)
    table = answer.table
    return Reply(
        status=answer.status,
        text=answer.text,
        total_ms=answer.timing.total_ms,
        llm_ms=answer.timing.llm_ms,
        attempts=answer.attempts,
        result=Result(tuple(column.name for column in table.columns), table.rows) if table else None,
        conversation_id=answer.conversation_id,
        sql=answer.sql or (entry.sql if entry else None),
        plan=answer.plan or (entry.plan if entry else None),
        method=answer.method.value if answer.method else None,
        interpretation=answer.interpretation,
        warnings=answer.warnings,
        prompt_tokens=entry.prompt_tokens if entry else None,
        completion_tokens=entry.completion_tokens if entry else None,
        cached_tokens=getattr(entry, "cached_tokens", None),
        confidence=getattr(answer, "confidence", None),
        error=entry.error if entry else None,
    )
