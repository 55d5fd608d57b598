"""How sure the service is of an answer, from what the pipeline knows of it. Pure."""

from dataclasses import dataclass

from nlq.linking import Links
from nlq.plan.draft import Draft


@dataclass(frozen=True)
class Bounds:
    """What the model's own probability that a KPI fits the question says.

    Below `refuse` no KPI does, below `ask` the person is asked.
    """

    refuse: float
    ask: float


_SPOKEN_FOR = Bounds(refuse=0.12, ask=0.14)
_OTHER = Bounds(refuse=0.20, ask=0.22)
_BARE = Bounds(refuse=0.30, ask=0.30)
_FOREIGN = Bounds(refuse=0.40, ask=0.40)
"""Calibrated on development worlds with the embedded 1.5B model.

The probability is lower where a KPI is called in another language than the question, so words of its
name count for it. Where nothing else of the data is named and no word speaks for the KPI, more is asked;
and most where the question speaks of something else that words are known for.
"""
_SETTLED = 0.97
_SLIP = 0.95
"""What a word that was taken for a slip of the pen leaves of the confidence."""
_UNREAD = 0.80
"""What words that the answer does not account for leave of it."""
_SQL = 0.50
"""SQL that the model wrote itself."""


def bounds(read: Draft, kpi: str) -> Bounds:
    """The bounds for a KPI that the model chose of those that `read` leaves open."""
    if kpi in read.likely:
        return _SPOKEN_FOR
    if read.foreign:
        return _FOREIGN
    return _BARE if read.bare else _OTHER


def of_plan(links: Links, read: Draft, fit: float | None) -> float:
    """The confidence, from 0 to 1, in a plan; `fit` is the model's in the KPI that it chose, if it did."""
    score = _SETTLED * _SLIP ** len(links.corrections)
    if fit is not None:
        return round(score * (0.6 + 0.4 * fit), 2)
    return round(score * (_UNREAD if read.unread else 1.0), 2)


def of_sql() -> float:
    """The confidence in an answer from SQL that the model wrote."""
    return _SQL
