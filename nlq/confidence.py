"""How sure the service is of an answer, from what the pipeline knows of it. Pure."""

from nlq.linking import Links
from nlq.plan.draft import Draft

REFUSE_BELOW, ASK_BELOW, BARE_BELOW = 0.20, 0.22, 0.30
"""What the model's own probability that a KPI fits the question says: below the first no KPI does, below the
second the person is asked; below the third no KPI does where the question names nothing else of the data.

Calibrated on four development worlds with the embedded 1.5B model: of 55 questions whose KPI it found, none
lay under 0.22; of 97 about something else, it chose no KPI for 60, and 24 more lay under 0.20.
"""
_SETTLED = 0.97
_SLIP = 0.95
"""What a word that was taken for a slip of the pen leaves of the confidence."""
_UNREAD = 0.80
"""What words that the answer does not account for leave of it."""
_SQL = 0.50
"""SQL that the model wrote itself."""


def of_plan(links: Links, read: Draft, fit: float | None) -> float:
    """The confidence, from 0 to 1, in a plan; `fit` is the model's in the KPI that it chose, if it did."""
    score = _SETTLED * _SLIP ** len(links.corrections)
    if fit is not None:
        return round(score * (0.6 + 0.4 * fit), 2)
    return round(score * (_UNREAD if read.unread else 1.0), 2)


def of_sql() -> float:
    """The confidence in an answer from SQL that the model wrote."""
    return _SQL
