"""The history as CSV, which a spreadsheet opens without taking any text for a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import tzinfo

from nlq.export import harmless
from nlq.history_list import HistoryEntry

COLUMNS = (
    *("id", "asked", "question", "status", "successful", "duration_ms", "channel", "user", "confidence"),
    *("feedback", "method", "answer", "interpretation", "reason", "error", "sql", "model", "attempts"),
    *("rows", "conversation_id", "link"),
)


def lines(entries: Iterable[HistoryEntry], zone: tzinfo) -> Iterator[str]:
    """The lines of the file, the names of the columns first; moments in `zone`, ISO 8601."""
    yield "\ufeff" + _line(COLUMNS)  # the mark lets Excel read it as UTF-8
    for entry in entries:
        yield _line(_cells(entry, zone))


def _cells(entry: HistoryEntry, zone: tzinfo) -> tuple[object, ...]:
    asked = entry.timestamp.astimezone(zone).isoformat(timespec="seconds") if entry.timestamp else None
    return (
        *(entry.id, asked, entry.question, entry.status, entry.successful, entry.execution_time_ms),
        *(entry.channel, entry.user, entry.confidence, entry.verdict, entry.method, entry.answer_text),
        *(entry.interpretation, entry.reason, entry.error, entry.sql, entry.model, entry.attempts),
        *(entry.row_count, entry.conversation_id, entry.permalink),
    )


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(harmless(cell) if isinstance(cell, str) else cell for cell in cells)
    return text.getvalue()
