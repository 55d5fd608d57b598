"""`/history`: the questions of the history as a list that can be filtered, sorted and exported."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from nlq.history_list import HistoryPage, Order, Sort
from nlq.web import highlight, history_query
from nlq.web.history import csv_response
from nlq.web.history_query import Wanted
from nlq.web.ports import service
from nlq.web.visibility import sees_all, visible_part
from nlq.web.words import gettext

blueprint = Blueprint("reviewing", __name__)

PAGE_SIZE = 50
_OF_THE_PAGE = {"period", "from", "to", "before"}
_DAYS = {"today": 1, "7": 7, "30": 30, "90": 90}
_FURTHER = ("user", "method", "min_ms", "confidence_below", "from", "to")
_KINDS = {
    "answered": "good",
    "clarify": "notice",
    "refused": "",
    "failed": "trouble",
    "running": "accent",
}


@blueprint.get("/history")
def listed() -> ResponseReturnValue:
    """A page of the list."""
    given = {name: value.strip() for name, value in request.args.items() if value.strip()}
    wanted = _wanted(given)
    page, before = _page(wanted, given.get("before"))
    return render_template(
        "history.html",
        given=given,
        entries=page.entries,
        newer=_link(given, before=before) if before else None,
        older=_link(given, cursor=page.next_cursor) if page.next_cursor else None,
        first=_link(given) if given.keys() & {"cursor", "before"} else None,
        order=wanted.order,
        sort_link=lambda by: _sort_link(given, wanted.order, Sort(by)),
        export=_address("reviewing.export", _without_place(given)),
        further=any(name in given for name in _FURTHER),
        options=_options(),
        is_reviewer=sees_all(),
        **words(),
    )


@blueprint.get("/history.csv")
def export() -> ResponseReturnValue:
    """All questions of the list as CSV."""
    return csv_response(_wanted({name: value for name, value in request.args.items() if value}))


def words() -> dict[str, object]:
    """What the templates about questions of the history need to put them into words."""
    return {
        "status_words": statuses(),
        "status_kinds": _KINDS,
        "asked_at": asked_at,
        "seconds": seconds,
        "percent": percent,
        "sure_kind": sure_kind,
        "highlight": highlight.sql,
        "number": number,
    }


def statuses() -> dict[str, str]:
    """What each status is called."""
    return {
        "answered": gettext("Answered"),
        "clarify": gettext("Asked back"),
        "refused": gettext("Refused"),
        "failed": gettext("Failed"),
        "running": gettext("Running"),
    }


def methods() -> dict[str, str]:
    """What each way of answering is called."""
    return {
        "plan": gettext("Query plan"),
        "sql": gettext("SQL by the model"),
        "verified": gettext("Verified answer"),
    }


def asked_at(moment: datetime | None) -> str:
    """When, as people write it."""
    if moment is None:
        return "\N{EN DASH}"
    zone = service().settings.timezone
    return format_datetime(moment.astimezone(zone), "short", locale=get_locale())


def seconds(milliseconds: int | None) -> str:
    """A duration as people read it, such as `850 ms` or `2.3 s`."""
    if milliseconds is None:
        return "\N{EN DASH}"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{format_decimal(milliseconds / 1000, '#,##0.0', get_locale())} s"


def number(value: int) -> str:
    """A whole number as people write it."""
    return str(format_decimal(value, locale=get_locale()))


def percent(share: float | None) -> str:
    """A share from 0 to 1 in whole percent; never 100 where it is less."""
    return "\N{EN DASH}" if share is None else f"{int(share * 100 + 1e-6)} %"


def sure_kind(confidence: float) -> str:
    """The kind of badge for a confidence."""
    return "good" if confidence >= 0.8 else "notice" if confidence >= 0.5 else "trouble"


def _wanted(given: Mapping[str, str]) -> Wanted:
    """The list that the fields of the page ask for."""
    zone = service().settings.timezone
    plain = {name: value for name, value in given.items() if name not in _OF_THE_PAGE}
    found = visible_part(history_query.read(plain, zone, PAGE_SIZE))
    since, until = _period(given)
    filters = replace(found.filters, since=_midnight(since, zone), until=_midnight(until, zone))
    return replace(found, filters=filters)


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None


def _period(given: Mapping[str, str]) -> tuple[date | None, date | None]:
    """The first day of the list, and the one after its last."""
    first, last = _day(given.get("from")), _day(given.get("to"))
    if (days := _DAYS.get(given.get("period", ""))) and not (first or last):
        today = datetime.now(service().settings.timezone).date()
        return today - timedelta(days=days - 1), None
    return first, last + timedelta(days=1) if last else None


def _day(written: str | None) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        abort(422, f"{written} is no day; write it as 2026-03-31.")


def _page(wanted: Wanted, before: str | None) -> tuple[HistoryPage, int | None]:
    """The page, and the question before which the page before it ends; None for the first page."""
    read, filters, order = service().history.page, wanted.filters, wanted.order
    if before is None:
        page = read(filters, wanted.cursor, wanted.limit, order)
        return page, page.entries[0].id if wanted.cursor and page.entries else None
    if not before.isascii() or not before.isdigit() or len(before) > 15:
        abort(422, "before must be the number of a question.")
    backwards = Order(order.by, not order.ascending)
    page = read(filters, int(before), wanted.limit, backwards)
    entries = page.entries[::-1]
    there_is_more = page.next_cursor is not None
    last = entries[-1].id if entries else None
    return HistoryPage(entries, last), entries[0].id if there_is_more else None


def _link(given: Mapping[str, str], **place: int | None) -> str:
    return _address("reviewing.listed", {**_without_place(given), **place})


def _without_place(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in {"cursor", "before"}}


def _sort_link(given: Mapping[str, str], order: Order, by: Sort) -> str:
    """Where the head of a column leads: to its order, or if that is it, the other way round."""
    usual = by is Sort.CONFIDENCE
    ascending = not order.ascending if order.by is by else usual
    kept = {name: value for name, value in _without_place(given).items() if name not in {"sort", "order"}}
    order_now = {"sort": by.value, "order": "asc" if ascending else "desc"}
    return _address("reviewing.listed", {**kept, **order_now})


def _address(endpoint: str, parameters: Mapping[str, object]) -> str:
    values: Mapping[str, Any] = parameters
    return url_for(endpoint, **values)


def _options() -> dict[str, list[tuple[str, str]]]:
    """The choices of each field."""
    return {
        "status": [("", gettext("Any")), *statuses().items()],
        "channel": [("", gettext("Any")), *((name, name) for name in ("web", "slack", "http", "cli"))],
        "period": [
            ("", gettext("Any time")),
            ("today", gettext("Today")),
            ("7", gettext("Last 7 days")),
            ("30", gettext("Last 30 days")),
            ("90", gettext("Last 90 days")),
        ],
        "feedback": [
            ("", gettext("Any")),
            ("wrong", gettext("Marked wrong")),
            ("right", gettext("Marked right")),
            ("none", gettext("None yet")),
        ],
        "confidence_below": [
            ("", gettext("Any")),
            *(
                (str(share), gettext("Below %(percent)s", percent=percent(share)))
                for share in (0.9, 0.8, 0.5)
            ),
        ],
        "min_ms": [
            ("", gettext("Any")),
            *((str(ms), gettext("At least %(time)s", time=seconds(ms))) for ms in (1000, 5000, 15000, 60000)),
        ],
        "method": [
            ("", gettext("Any")),
            *methods().items(),
        ],
    }
