"""Figures about the questions of a period: how many, how they went, how long they took, what they were about.

All come from `nlq.questions`, read as the writer role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from nlq.history import transaction
from nlq.history_list import in_time


class Grain(StrEnum):
    """How long the parts are into which a period is cut."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Part:
    """The questions of a day, week or month, or of a whole period. Durations are in milliseconds."""

    asked: int
    answered: int
    clarify: int
    refused: int
    failed: int
    right: int
    """Those whose newest feedback says that the answer is right."""
    wrong: int
    median_ms: int | None
    p95_ms: int | None
    starts: date | None = None
    """Its first day; None for a whole period."""

    @property
    def success(self) -> float | None:
        """The share that was answered, from 0 to 1; None without questions."""
        return self.answered / self.asked if self.asked else None


@dataclass(frozen=True)
class Asked:
    """Something that was asked about, and how often; `answered` of those got an answer."""

    name: str
    asked: int
    answered: int
    query_id: int | None = None
    """The newest question of these."""


@dataclass(frozen=True)
class Dashboard:
    """The figures of a period."""

    whole: Part
    parts: tuple[Part, ...]
    """Oldest first; one without questions is missing."""
    kpis: tuple[Asked, ...]
    """The KPIs that were asked about most."""
    failures: tuple[Asked, ...]
    """The questions, in lower case, that most often got no answer."""
    channels: tuple[Asked, ...]


_FIGURES = """
count(*) AS asked,
count(*) FILTER (WHERE status = 'answered' OR status IS NULL AND successful) AS answered,
count(*) FILTER (WHERE status = 'clarify') AS clarify,
count(*) FILTER (WHERE status = 'refused') AS refused,
count(*) FILTER (WHERE status IN ('failed', 'running') OR status IS NULL AND NOT successful) AS failed,
count(*) FILTER (WHERE verdict = 'right') AS "right",
count(*) FILTER (WHERE verdict = 'wrong') AS wrong,
percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS median_ms,
percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms
"""
_PERIOD = """
FROM nlq.questions
WHERE asked_at >= %(since)s::timestamptz::timestamp AND asked_at < %(until)s::timestamptz::timestamp
"""
_WHOLE = f"SELECT {_FIGURES} {_PERIOD}"
_PARTS = f"""
SELECT date_trunc(%(grain)s, asked_at)::date AS starts, {_FIGURES} {_PERIOD} GROUP BY 1 ORDER BY 1
"""
_KPIS = f"""
SELECT unnest(kpis) AS name, count(*) AS asked, count(*) FILTER (WHERE status = 'answered') AS answered
{_PERIOD} AND kpis IS NOT NULL GROUP BY 1 ORDER BY asked DESC, name LIMIT %(most)s
"""
_FAILURES = f"""
SELECT folded AS name, count(*) AS asked, 0 AS answered, max(id) AS query_id {_PERIOD}
AND status IN ('failed', 'refused', 'clarify')
GROUP BY folded ORDER BY asked DESC, folded LIMIT %(most)s
"""
_CHANNELS = f"""
SELECT channel AS name, count(*) AS asked, count(*) FILTER (WHERE status = 'answered') AS answered {_PERIOD}
AND channel IS NOT NULL GROUP BY channel ORDER BY asked DESC, channel LIMIT %(most)s
"""


@dataclass(frozen=True)
class Dashboards:
    """Makes dashboards; see `of`."""

    pool: ConnectionPool

    def of(self, since: datetime, until: datetime, grain: Grain, most: int = 8) -> Dashboard:
        """The figures of the questions asked from `since` until before `until`; lists of at most `most`.

        Raises:
            DatabaseUnavailable: the database cannot be reached, or the period is too long for it.
        """
        values = {"since": since, "until": until, "grain": grain.value, "most": most}
        with transaction(self.pool) as connection, in_time(connection):

            def rows(kind: type[Any], query: str) -> Sequence[Any]:
                cursor = connection.cursor(row_factory=class_row(kind))
                return cursor.execute(query.encode(), values, prepare=False).fetchall()

            return Dashboard(
                whole=rows(Part, _WHOLE)[0],
                parts=tuple(rows(Part, _PARTS)),
                kpis=tuple(rows(Asked, _KPIS)),
                failures=tuple(rows(Asked, _FAILURES)),
                channels=tuple(rows(Asked, _CHANNELS)),
            )
