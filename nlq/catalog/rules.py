"""What a KPI's unit and wording say about its numbers, where the catalogue file says nothing."""

import re

from nlq.catalog.model import Aggregation, Direction

_TIME_UNITS = r"(?:milli)?seconds?|ms|s|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?"
_AVERAGED_UNIT = re.compile(
    rf"%|percent.*|pct|ratio|rate|score|scale|index|points?|stars?|rating|grade|nps|{_TIME_UNITS}|.*/.*|.*\bper\b.*",
    re.IGNORECASE,
)
_AVERAGED_WORDS = re.compile(
    r"\b(average|avg|mean|median|percentage|percent|share|rate|ratio|score|rating|index|per)\b", re.IGNORECASE
)
_STOCK_WORDS = re.compile(
    r"\b(currently|current|at the (?:end|close)|end of (?:the )?(?:day|week|month|period)|as of|outstanding|"
    r"on hand|in stock|open (?:tickets|cases|orders|positions|issues)|backlog|headcount|balance|"
    r"active (?:users|customers|subscribers|accounts|members|contracts))\b",
    re.IGNORECASE,
)
_BETTER_WHEN_LOWER = re.compile(
    r"\b(costs?|expens\w*|spend\w*|time|duration|delay\w*|late\w*|wait\w*|churn\w*|attrition|turnover rate|"
    r"bounce\w*|error\w*|defect\w*|fault\w*|fail\w*|complain\w*|return(?:s|ed)?|refund\w*|cancel\w*|downtime|"
    r"incident\w*|outage\w*|accident\w*|injur\w*|absen\w*|backlog|open (?:tickets|cases)|overdue|lost|"
    r"loss(?:es)?|waste|scrap|damage\w*|abandon\w*|readmission\w*|infection\w*|emission\w*|no-shows?|mortality|unresolved)\b",
    re.IGNORECASE,
)


_PARTED = re.compile(
    r"_|(?<=[^\W\d_A-Z])(?<!\b[^\W\d_A-Z])(?<!\bMc)(?=[A-Z])|(?<=[A-Z]{2}|.\d)(?=[A-Z][^\W\d_A-Z])"
)
"""Where a name in CamelCase begins its next word; `eNPS` and `McLane` are one."""


def aggregation(name: str, description: str, unit: str) -> Aggregation:
    """How a KPI with this wording adds up: stocks by last value, rates, times and scores by average."""
    words = f"{_spaced(name)}. {description}"
    if _AVERAGED_UNIT.fullmatch(unit.strip()):
        return Aggregation.AVERAGE
    if _STOCK_WORDS.search(words):
        return Aggregation.LAST
    if _AVERAGED_WORDS.search(words):
        return Aggregation.AVERAGE
    return Aggregation.SUM


def direction(name: str, description: str) -> Direction:
    """Which way is good: the name decides, and the description where the name says nothing."""
    for words in (_spaced(name), description):
        if _BETTER_WHEN_LOWER.search(words):
            return Direction.DOWN
    return Direction.UP


def label(name: str) -> str:
    """A readable label: `support_response_time` and `SupportResponseTime` become "Support response time"."""
    words = _spaced(name).strip()
    return words[:1].upper() + words[1:]


def _spaced(name: str) -> str:
    """The words of `name` with spaces between them, those of CamelCase in small letters but for initials."""
    parts = [part for part in _PARTED.split(name) if part]
    if " " in name or len(parts) < 2 or len(parts) == len(name.split("_")):
        return name.replace("_", " ")
    return " ".join(part if part.isupper() else part.lower() for part in parts)


def decimals(how: Aggregation, scale: int) -> int:
    """Digits to show for readings stored with `scale` digits: means at least one, nothing over two."""
    return min(2, max(scale, 1 if how is Aggregation.AVERAGE else 0))
