"""What a system answered, and whether that is right."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from nlq.answer import Status
from nlq.errors import SettingsError
from nlq.evaluation.compare import Result, difference, matches
from nlq.evaluation.sets import Case, Turn

GoldResults = Mapping[str, Result]
"""Results of the statements by hand, by statement."""


@dataclass(frozen=True)
class Reply:
    """An answer of any system, with what it took."""

    status: Status
    text: str
    total_ms: int
    """Milliseconds from the question's arrival."""
    llm_ms: int
    """Those of them that the model took."""
    attempts: int = 0
    """Calls of the model."""
    result: Result | None = None
    conversation_id: uuid.UUID | None = None
    sql: str | None = None
    plan: Mapping[str, Any] | None = None
    method: str | None = None
    interpretation: str | None = None
    warnings: Sequence[str] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Those of the prompt that the model had evaluated before."""
    confidence: Any = None
    error: str | None = None


Ask = Callable[[str, uuid.UUID | None], Reply]
"""Asks a system a question in a conversation, or in a new one."""


@dataclass(frozen=True)
class Outcome:
    """One turn: what was asked, what came, and whether it is right."""

    system: str
    world: str
    set: str
    case: int
    """Its number in the set, from 1."""
    number: int
    """The turn's number in the case, from 1."""
    tags: tuple[str, ...]
    turn: Turn
    reply: Reply
    right: bool
    difference: str | None = None
    """Between the rows expected and given, for a person; None where it is right or there are no rows."""

    @property
    def wrong_and_confident(self) -> bool:
        """Whether a wrong answer looks like a right one: rows without any warning."""
        return not self.right and self.reply.status is Status.ANSWERED and not self.reply.warnings

    @property
    def held_back(self) -> bool:
        """Whether a question that has an answer was refused or asked back."""
        return bool(self.turn.gold) and not self.right and self.reply.status in _WITHOUT_ROWS


_WITHOUT_ROWS = {Status.REFUSED, Status.CLARIFY}


def gold_results(owner_url: str, cases: Iterable[Case]) -> GoldResults:
    """Run the statements by hand of all `cases` as the owner of the database.

    Raises:
        SettingsError: a statement fails; the message names its question.
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        return {
            statement: _gold(connection, turn, statement)
            for case in cases
            for turn in case.turns
            for statement in turn.gold
        }


def _gold(connection: psycopg.Connection, turn: Turn, statement: str) -> Result:
    try:
        cursor = connection.execute(statement.encode())
    except psycopg.Error as error:
        raise SettingsError(f"The SQL by hand for {turn.question!r} fails: {error}") from None
    return Result(tuple(column.name for column in cursor.description or ()), tuple(cursor.fetchall()))


def judge(turn: Turn, reply: Reply, gold: GoldResults) -> tuple[bool, str | None]:
    """Whether `reply` is right, and else how its rows differ from the first of the gold results."""
    if reply.status not in turn.expect:
        return False, None
    if not turn.gold:
        return True, None
    given = reply.result or Result((), ())
    if any(matches(gold[statement], given, ordered=turn.ordered) for statement in turn.gold):
        return True, None
    return False, difference(gold[turn.gold[0]], given)
