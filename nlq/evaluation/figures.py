"""The figures of an evaluation, worked out from the outcomes of its turns. Pure."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nlq.evaluation.judge import Outcome


@dataclass(frozen=True)
class Figures:
    """How a group of cases went."""

    cases: int
    cases_right: int
    """Cases of which every turn is right."""
    turns: int
    turns_right: int
    answerable: int
    """Turns with an answer in the data."""
    wrong_and_confident: int
    """Turns with wrong rows and no warning."""
    held_back: int
    """Answerable turns that were refused or asked back."""
    failed: int
    median_ms: float
    p95_ms: float
    output_tokens: float | None
    """Median of the turns that called the model; None where none did."""
    calls: float
    """Calls of the model for a turn, on average."""
    methods: Mapping[str, int]
    """How many turns got their SQL in which way; `none` where there is no SQL."""

    @property
    def accuracy(self) -> float:
        """The part of the cases that are right, from 0 to 1."""
        return self.cases_right / self.cases


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of `outcomes`, of which there is at least one."""
    cases: dict[tuple[str, str, str, int], bool] = {}
    for outcome in outcomes:
        key = (outcome.system, outcome.world, outcome.set, outcome.case)
        cases[key] = cases.get(key, True) and outcome.right
    times = sorted(outcome.reply.total_ms for outcome in outcomes)
    tokens = [o.reply.completion_tokens for o in outcomes if o.reply.attempts and o.reply.completion_tokens]
    return Figures(
        cases=len(cases),
        cases_right=sum(cases.values()),
        turns=len(outcomes),
        turns_right=sum(outcome.right for outcome in outcomes),
        answerable=sum(bool(outcome.turn.gold) for outcome in outcomes),
        wrong_and_confident=sum(outcome.wrong_and_confident for outcome in outcomes),
        held_back=sum(outcome.held_back for outcome in outcomes),
        failed=sum(outcome.reply.status.value == "failed" for outcome in outcomes),
        median_ms=statistics.median(times),
        p95_ms=times[math.ceil(0.95 * len(times)) - 1],
        output_tokens=statistics.median(tokens) if tokens else None,
        calls=statistics.fmean(outcome.reply.attempts for outcome in outcomes),
        methods=dict(Counter(outcome.reply.method or "none" for outcome in outcomes)),
    )


def grouped(
    outcomes: Iterable[Outcome], keys: Callable[[Outcome], Iterable[str]]
) -> dict[str, list[Outcome]]:
    """The outcomes by each of their `keys`, in the order in which the keys come up."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for key in keys(outcome):
            groups.setdefault(key, []).append(outcome)
    return groups
