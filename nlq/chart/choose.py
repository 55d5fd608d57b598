"""Chooses the charts that suit an answer, the best one first, and writes their specification."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from nlq.answer import Table, Value, json_value
from nlq.catalog import Catalog
from nlq.chart import number as numbers
from nlq.chart.shape import Dim, Shape, heading, is_number, shape
from nlq.chart.views import View, Views
from nlq.plan.model import Dimension, Plan
from nlq.plan.words import kind_words, period_words
from nlq.words import gettext

Kinds = dict[str, Callable[[Views], View]]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 640
_MOST_BARS = 30
_MOST_SLICES = 8
_MOST_SERIES = 8
_MOST_GROUPED = 40
_MOST_CELLS = 1_200
_FORMATS = {Dimension.MONTH: "utc:'%Y-%m'", Dimension.DAY: "utc:'%Y-%m-%d'"}


def chart(
    plan: Plan | None,
    table: Table,
    catalog: Catalog,
    sentence: str,
    before: tuple[str, Value] | None = None,
) -> Mapping[str, Any] | None:
    """A Vega-Lite specification of `table`, the result of `plan`; None where no chart helps.

    Args:
        plan: None where a model wrote the SQL.
        table: the rows of the answer.
        catalog: what the plan's names mean.
        sentence: what the answer says; it describes the chart for people who do not see it.
        before: label and number of the period before, for an answer that is one number.

    `usermeta.nlq` has the `kind` of the chart; `views`, the other kinds that suit the answer, each the parts
    to put in the place of the specification's own; and for a `number` what it says (see
    `nlq.chart.number.one_number`). Colours and fonts are left to who draws it.
    """
    found = shape(plan, table, catalog) if table.rows else None
    if found is None or len(found.dims) > 2:
        return None
    base: dict[str, Any] = {
        "$schema": SCHEMA,
        "title": {"text": found.title, **({"subtitle": found.subtitle} if found.subtitle else {})},
        "description": sentence,
        "width": WIDTH,
    }
    if len(table.rows) == 1 and (len(found.numbers) == 1 or not found.dims):
        said = numbers.one_number(found, plan, table, before)
        meta = {"nlq": {"kind": "number", "views": {}, "number": said}}
        return {**base, "data": {"values": [{}]}, **numbers.view(said), "usermeta": meta} if said else None
    rows = _rows(found, table, catalog)
    kinds = _kinds(found, rows)
    if not kinds:
        return None
    if len(rows) > _MOST_BARS and next(iter(kinds)) == "bars" and len(found.dims) == 1:
        note = gettext("the first %(count)s of %(all)s", count=_MOST_BARS, all=len(rows))
        base["title"] = {"text": found.title, "subtitle": ", ".join(filter(None, (found.subtitle, note)))}
        rows = rows[:_MOST_BARS]
    made = Views(found, max(abs(row["value"]) for row in rows if row["value"] is not None))
    views = {kind: make(made) for kind, make in kinds.items()}
    first = next(iter(views))
    others = {kind: view for kind, view in views.items() if kind != first}
    meta = {"nlq": {"kind": first, "views": others}}
    return {**base, "data": _data(found, rows), **views[first], "usermeta": meta}


def as_kind(spec: Mapping[str, Any], kind: str | None) -> Mapping[str, Any]:
    """`spec` as another of its kinds; as it is where it has no such kind."""
    view = spec["usermeta"]["nlq"]["views"].get(kind)
    own = {"mark", "layer", "encoding", "height", "resolve"}
    return {**{key: part for key, part in spec.items() if key not in own}, **view} if view else spec


def _rows(shape: Shape, table: Table, catalog: Catalog) -> list[dict[str, Any]]:
    """The rows as `{d0, d1, value}`; several numbers of a row become several rows that `d1` tells apart."""
    rows = []
    for row in table.rows:
        dims = {f"d{at}": _name(row, dim, catalog) for at, dim in enumerate(shape.dims)}
        for number in shape.numbers:
            value = json_value(row[number.at]) if is_number(row[number.at]) else None
            series = {"d1": number.title} if len(shape.numbers) > 1 else {}
            rows.append({**dims, **series, "value": value})
    by_size = not shape.ranked and len(shape.dims) == 1 and len(shape.numbers) == 1
    if by_size and shape.dims[0].unit is None:
        rows.sort(key=lambda row: (row["value"] is None, -Decimal(str(row["value"] or 0))))
    return rows


def _name(row: Sequence[Value], dim: Dim, catalog: Catalog) -> str:
    value = row[dim.at]
    if dim.title == "KPI" and value in catalog.by_name:
        return catalog.by_name[str(value)].label
    if dim.kind is not None:
        return f"{value} ({kind_words(row[dim.kind])})"
    if dim.title == heading(Dimension.PERIOD):
        return period_words(str(value))
    return "\N{EN DASH}" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _data(shape: Shape, rows: list[dict[str, Any]]) -> dict[str, Any]:
    unit = shape.dims[0].unit if shape.dims else None
    parsed = {"format": {"parse": {"d0": _FORMATS[unit]}}} if unit in _FORMATS else {}
    return {"values": rows, **parsed}


def _kinds(shape: Shape, rows: list[dict[str, Any]]) -> Kinds:
    """The kinds that suit the shape, the best one first."""
    values = [row["value"] for row in rows if row["value"] is not None]
    if len(values) < 2 or len(shape.dims) + (len(shape.numbers) > 1) > 2:
        return {}
    if len(shape.dims) + (len(shape.numbers) > 1) == 2:
        return _of_two(shape, rows)
    if not shape.dims or (shape.mixed and shape.dims[0].title == "KPI"):
        return {}
    whole = shape.adds_up and min(values) >= 0 and len(rows) <= _MOST_SLICES
    if shape.changes:
        return {"columns": Views.columns, "bars": Views.bars}
    if shape.dims[0].unit and len(rows) > 2:
        return {"line": Views.line, "columns": Views.columns, "area": Views.area}
    if shape.dims[0].unit:
        return {"columns": Views.columns, "bars": Views.bars}
    upright: Kinds = {"columns": Views.columns} if len(rows) <= _MOST_BARS else {}
    ring: Kinds = {"donut": Views.donut} if whole else {}
    return {"bars": Views.bars, **upright, **ring}


def _of_two(shape: Shape, rows: list[dict[str, Any]]) -> Kinds:
    """The kinds that suit two dimensions, or one with several numbers."""
    first, series = ({row[d] for row in rows} for d in ("d0", "d1"))
    few, cells = len(series) <= _MOST_SERIES, len(first) * len(series)
    heat: Kinds = {"heat": Views.heat} if not shape.mixed and 1 < cells <= _MOST_CELLS else {}
    if shape.dims[0].unit and not (len(shape.dims) > 1 and shape.dims[1].unit):
        stacked: Kinds = {"area": Views.area} if shape.adds_up and not shape.mixed else {}
        several: Kinds = {"columns": Views.columns} if cells <= _MOST_GROUPED else {}
        lines: Kinds = {"line": Views.line} if few and len(first) > 1 else {}
        return {**lines, **several, **(stacked if few else {}), **heat}
    if shape.mixed:
        return {}
    grouped: Kinds = {"bars": Views.bars, "columns": Views.columns} if few and cells <= _MOST_GROUPED else {}
    return {**grouped, **heat} if len(shape.numbers) == 1 else grouped
