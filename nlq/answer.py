"""The answer to a question, as every channel receives it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

Value = str | int | float | bool | Decimal | date | datetime | None
"""A cell of a result row."""


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    REFUSED = "refused"
    FAILED = "failed"


class Method(StrEnum):
    """Where the SQL of an answer came from."""

    PLAN = "plan"
    SQL = "sql"
    VERIFIED = "verified"


@dataclass(frozen=True)
class Column:
    """A result column. `type` is `text`, `number`, `integer`, `date`, `timestamp` or `boolean`."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """Rows that a statement returned; `truncated` says that a row or byte limit cut them off."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool = False


CHOICE_COLUMNS = (Column("choice", "text"), Column("question", "text"))
"""The table of an answer that asks back."""


@dataclass(frozen=True)
class Choice:
    """A reading to pick from where the service asks back: its name, and the question that asks for it."""

    label: str
    question: str


@dataclass(frozen=True)
class Timing:
    """Milliseconds from the question's arrival, and how many of them the model and the database took."""

    total_ms: int
    llm_ms: int
    sql_ms: int


@dataclass(frozen=True)
class Answer:
    """Everything a channel shows for one question. `id` is the `query_history.id`."""

    id: int
    conversation_id: uuid.UUID
    status: Status
    question: str
    text: str
    timing: Timing
    table: Table | None = None
    sql: str | None = None
    interpretation: str | None = None
    chart: Mapping[str, Any] | None = None
    warnings: Sequence[str] = field(default_factory=tuple)
    attempts: int = 0
    model: str | None = None
    method: Method | None = None
    plan: Mapping[str, Any] | None = None
    confidence: float | None = None
    """How sure the service is, from 0 to 1; None where it gives no answer."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What to pick from, where this asks back: the rows of its table."""
        if self.status is not Status.CLARIFY or self.table is None or self.table.columns != CHOICE_COLUMNS:
            return ()
        return tuple(Choice(str(label), str(question)) for label, question in self.table.rows)


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON object of `POST /api/v1/ask`: numbers as numbers, dates as ISO 8601."""
    table = answer.table or Table((), ())
    return {
        "id": answer.id,
        "conversation_id": str(answer.conversation_id),
        "status": answer.status.value,
        "question": answer.question,
        "sql": answer.sql,
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
        "rows": [[json_value(value) for value in row] for row in table.rows],
        "row_count": len(table.rows),
        "truncated": table.truncated,
        "text": answer.text,
        "interpretation": answer.interpretation,
        "chart": answer.chart,
        "warnings": list(answer.warnings),
        "attempts": answer.attempts,
        "model": answer.model,
        "timing": {
            "total_ms": answer.timing.total_ms,
            "llm_ms": answer.timing.llm_ms,
            "sql_ms": answer.timing.sql_ms,
        },
        "method": answer.method.value if answer.method else None,
        "plan": answer.plan,
        "confidence": answer.confidence,
    }


def json_value(value: Value) -> str | int | float | bool | None:
    """One cell as a JSON value: whole decimals as integers, other decimals as floats, NaN as null."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
