"""An evaluation as Markdown that a person reads, and as JSON to compare with another one. Pure."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlq.answer import json_value
from nlq.evaluation.figures import Figures, figures, grouped
from nlq.evaluation.judge import Outcome
from nlq.evaluation.sets import short

_MOST_ROWS = 20
"""Rows of an answer that the JSON keeps."""
_HEADS = (
    "",
    "cases",
    "right",
    "%",
    "turns",
    "turns right",
    "wrong and confident",
    "held back",
    "failed",
    "median ms",
    "p95 ms",
    "output tokens",
    "calls",
    "methods",
)


@dataclass(frozen=True)
class Evaluation:
    """All that one run of the evaluation found out, and about what."""

    model: str
    worlds: tuple[str, ...]
    machine: str
    began: str
    """The moment, as ISO 8601."""
    outcomes: tuple[Outcome, ...]


def as_markdown(evaluation: Evaluation) -> str:
    """The report: figures by system and set, by world, by tag, then every miss."""
    outcomes = evaluation.outcomes
    lines = [
        "# Evaluation",
        "",
        f"Model {evaluation.model}; worlds {', '.join(evaluation.worlds)}; {evaluation.machine}; "
        f"{evaluation.began}. What the figures mean is in docs/evaluation.md.",
    ]
    lines += _section("By system and set", grouped(outcomes, lambda o: (o.system, f"{o.system} {o.set}")))
    lines += _section("By system and world", grouped(outcomes, lambda o: (f"{o.system} {o.world}",)))
    for system, own in grouped(outcomes, lambda o: (o.system,)).items():
        lines += _section(f"{system}: by tag", dict(sorted(grouped(own, lambda o: o.tags).items())))
        lines += _misses(system, [outcome for outcome in own if not outcome.right])
    return "\n".join(lines) + "\n"


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """The same as a JSON object, with the first rows of each answer."""
    sets = grouped(evaluation.outcomes, lambda o: (o.system, f"{o.system} {o.set}"))
    return {
        "model": evaluation.model,
        "worlds": list(evaluation.worlds),
        "machine": evaluation.machine,
        "began": evaluation.began,
        "figures": {name: dataclasses.asdict(figures(own)) for name, own in sets.items()},
        "outcomes": [_outcome(outcome) for outcome in evaluation.outcomes],
    }


def summary(evaluation: Evaluation) -> str:
    """One line for each system and set."""
    sets = grouped(evaluation.outcomes, lambda o: (f"{o.system} {o.set}",))
    return "\n".join(f"{name}: {_sentence(figures(own))}" for name, own in sets.items())


def _sentence(own: Figures) -> str:
    return (
        f"{own.cases_right} of {own.cases} right ({100 * own.accuracy:.1f} %), "
        f"{own.wrong_and_confident} wrong and confident, "
        f"{own.held_back} held back, median {own.median_ms:.0f} ms, p95 {own.p95_ms:.0f} ms"
    )


def _section(title: str, groups: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    if not groups:
        return
    yield from ("", f"## {title}", "", _row(_HEADS), _row(["---", *["---:"] * (len(_HEADS) - 2), "---"]))
    for name, own in groups.items():
        yield _row(_cells(name, figures(own)))


def _cells(name: str, own: Figures) -> Iterator[str]:
    yield from (name, str(own.cases), str(own.cases_right), f"{100 * own.accuracy:.1f}")
    yield from (str(own.turns), str(own.turns_right))
    yield from (str(own.wrong_and_confident), f"{own.held_back} of {own.answerable}", str(own.failed))
    yield from (f"{own.median_ms:.0f}", f"{own.p95_ms:.0f}")
    yield "-" if own.output_tokens is None else f"{own.output_tokens:.0f}"
    yield f"{own.calls:.2f}"
    yield ", ".join(f"{method} {count}" for method, count in sorted(own.methods.items()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _misses(system: str, misses: Sequence[Outcome]) -> Iterator[str]:
    yield from ("", f"## {system}: misses ({len(misses)})")
    for outcome in misses:
        yield from _miss(outcome)


def _miss(outcome: Outcome) -> Iterator[str]:
    turn, reply = outcome.turn, outcome.reply
    yield from (
        "",
        f"### {outcome.world}, {outcome.set} {outcome.case}.{outcome.number}: {turn.question}",
        "",
    )
    confident = ", **wrong and confident**" if outcome.wrong_and_confident else ""
    yield f"- {reply.status.value}{confident}: {_line(reply.text)}"
    if reply.interpretation:
        yield f"- read as: {_line(reply.interpretation)}"
    if reply.warnings:
        yield f"- warnings: {_line(' '.join(reply.warnings))}"
    if reply.error:
        yield f"- error: {_line(reply.error)}"
    if turn.gold:
        yield f"- expected: `{short(turn.gold[0])}`"
    else:
        yield f"- expected: {' or '.join(sorted(turn.expect))}"
    if outcome.difference:
        yield f"- difference: {outcome.difference}"
    if reply.plan:
        yield f"- plan: `{json.dumps(reply.plan, ensure_ascii=False)}`"
    if reply.sql:
        yield from ("", "```sql", reply.sql.strip(), "```")


def _line(text: str) -> str:
    return " ".join(text.split())


def _outcome(outcome: Outcome) -> dict[str, Any]:
    turn, reply = outcome.turn, outcome.reply
    facts = {field.name: getattr(reply, field.name) for field in dataclasses.fields(reply)}
    facts["result"] = _rows(outcome)
    facts["conversation_id"] = str(reply.conversation_id) if reply.conversation_id else None
    return {
        "system": outcome.system,
        "world": outcome.world,
        "set": outcome.set,
        "case": outcome.case,
        "turn": outcome.number,
        "tags": list(outcome.tags),
        "question": turn.question,
        "expect": sorted(turn.expect),
        "gold": [short(statement) for statement in turn.gold],
        "right": outcome.right,
        "wrong_and_confident": outcome.wrong_and_confident,
        "held_back": outcome.held_back,
        "difference": outcome.difference,
        **facts,
    }


def _rows(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.reply.result is None:
        return None
    result = outcome.reply.result
    rows = [[json_value(cell) for cell in row] for row in result.rows[:_MOST_ROWS]]
    return {"columns": list(result.columns), "row_count": len(result.rows), "rows": rows}
