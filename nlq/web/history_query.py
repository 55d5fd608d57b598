"""What a list of the history is asked for in an address, such as `?status=failed&sort=duration`."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from typing import Any

from flask import abort

from nlq.answer import Method, Status
from nlq.history_list import Filters, Order, Sort

STATUSES = (*Status, "running")
FEEDBACK = ("right", "wrong", "none")
_MOST = 200
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Wanted:
    """A page of the history that someone asked for."""

    filters: Filters
    order: Order
    cursor: int | None
    limit: int


def read(given: Mapping[str, str], zone: tzinfo, usual_limit: int = 50) -> Wanted:
    """The list that the parameters `given` ask for; a moment without a zone is one in `zone`.

    Raises:
        HTTPException: 422; the description says which parameter cannot be used, and what can.
    """
    readers = _readers(zone)
    if unknown := sorted(given.keys() - readers.keys()):
        abort(422, f"Unknown parameter: {', '.join(unknown)[:100]}. Known are {', '.join(readers)}.")
    values = {name: readers[name](name, text) for name, text in given.items() if text}
    filters = Filters(**{f.name: values[f.name] for f in fields(Filters) if f.name in values})
    order = Order(Sort(values.get("sort", Sort.TIME)), values.get("order") == "asc")
    return Wanted(filters, order, values.get("cursor"), values.get("limit", usual_limit))


def _readers(zone: tzinfo) -> dict[str, Callable[[str, str], Any]]:
    """Each parameter with the function that reads its value."""
    return {
        "status": _one_of(STATUSES),
        "channel": _text,
        "user": _text,
        "successful": lambda name, value: _one_of(("true", "false"))(name, value) == "true",
        "text": _text,
        "since": lambda name, value: _moment(name, value, zone),
        "until": lambda name, value: _moment(name, value, zone),
        "conversation_id": _uuid,
        "slack_team": _text,
        "method": _one_of(tuple(Method)),
        "min_ms": lambda name, value: _number(name, value, _LARGEST),
        "confidence_below": _share,
        "feedback": _one_of(FEEDBACK),
        "sort": _one_of(tuple(Sort)),
        "order": _one_of(("desc", "asc")),
        "cursor": lambda name, value: _number(name, value, 2**63 - 1),
        "limit": lambda name, value: _number(name, value, _MOST),
    }


def _text(_name: str, value: str) -> str:
    return value


def _one_of(known: tuple[str, ...]) -> Callable[[str, str], str]:
    def reader(name: str, value: str) -> str:
        if value not in known:
            abort(422, f"{name} must be one of {', '.join(known)}.")
        return value

    return reader


def _number(name: str, value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20 and 1 <= int(value) <= most):
        abort(422, f"{name} must be a whole number from 1 to {most}.")
    return int(value)


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        abort(422, f"{name} must be a number from 0 to 1, such as 0.5.")
    return share


def _moment(name: str, value: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        abort(422, f"{name} must be a date or time such as 2026-03-31 or 2026-03-31T18:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _uuid(name: str, value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        abort(422, f"{name} must be the conversation_id of an answer.")
