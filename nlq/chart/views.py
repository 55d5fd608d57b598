"""The kinds of charts: each a mark and an encoding over the same rows `{d0, d1, value}`."""

from typing import Any

from nlq.chart.shape import Dim, Shape
from nlq.plan.model import Dimension
from nlq.words import gettext

View = dict[str, Any]
"""The part of a specification that makes its kind: mark, encoding, and what belongs to them."""

_TEMPORAL = {Dimension.MONTH: ("utcyearmonth", "%b %Y"), Dimension.DAY: ("utcyearmonthdate", "%d %b %Y")}
_LARGE = 10_000
_SHORT = "replace(format(datum.value, '~s'), 'G', 'B')"
"""Axis labels of large numbers: `1.2M`, and billions as `B`."""


class Views:
    """Makes the views of one answer."""

    def __init__(self, shape: Shape, largest: float) -> None:
        """Of an answer with `shape`; `largest` is the largest absolute number in it."""
        self._shape = shape
        self._large = largest >= _LARGE

    def line(self) -> View:
        """A line over time, one for each series."""
        mark = {"type": "line", "point": True, "strokeWidth": 2.5}
        return self._over_time(mark, {"scale": {"zero": False}})

    def area(self) -> View:
        """Areas over time, stacked where there are several."""
        return self._over_time({"type": "area", "opacity": 0.75, "line": True}, {})

    def columns(self) -> View:
        """Upright bars, side by side for each series."""
        view = self._over_time({"type": "bar", "cornerRadiusEnd": 2}, {"stack": None})
        if self._series is not None and not self._shape.mixed:
            view["encoding"]["xOffset"] = {"field": "d1", "sort": None}
            view["encoding"]["x"] = self._ordinal(0)
        return view

    def bars(self) -> View:
        """Lying bars, longest names readable, one below the other for each series."""
        encoding = {"y": self._name(0), "x": self._value(), "tooltip": self._tooltip()}
        if self._series is not None:
            encoding |= {"yOffset": {"field": "d1", "sort": None}, "color": self._color()}
            return {
                "mark": {"type": "bar", "cornerRadiusEnd": 2},
                "encoding": encoding,
                "height": {"step": 14},
            }
        beside = {
            "align": {"expr": "datum.value < 0 ? 'right' : 'left'"},
            "dx": {"expr": "datum.value < 0 ? -5 : 5"},
        }
        number = {"field": "value", "type": "quantitative", "format": self._shape.numbers[0].format}
        labels = {"mark": {"type": "text", **beside}, "encoding": {"text": number}}
        bar = {"mark": {"type": "bar", "cornerRadiusEnd": 3}}
        return {"layer": [bar, labels], "encoding": encoding, "height": {"step": 28}}

    def donut(self) -> View:
        """Parts of a whole, as a ring."""
        color = {**self._color("d0"), "title": self._shape.dims[0].title}
        theta = {"field": "value", "type": "quantitative", "stack": True}
        encoding = {"theta": theta, "color": color, "tooltip": self._tooltip()}
        order = {"field": "value", "type": "quantitative", "sort": "descending"}
        return {
            "mark": {"type": "arc", "innerRadius": 62},
            "encoding": {**encoding, "order": order},
            "height": 240,
        }

    def heat(self) -> View:
        """A cell for each pair of the two dimensions."""
        time_first = self._shape.dims[0].unit is not None
        across, down = ("d0", "d1") if time_first else ("d1", "d0")
        dims = {"d0": self._shape.dims[0], "d1": self._shape.dims[1]} if len(self._shape.dims) > 1 else {}
        across_title = dims[across].title if dims else None
        axis = {"labelAngle": -40, "labelOverlap": True}
        x = {"field": across, "type": "ordinal", "sort": None, "title": across_title, "axis": axis}
        y = {"field": down, "type": "nominal", "sort": None, "title": dims[down].title if dims else None}
        number = self._shape.numbers[0]
        legend = {"format": number.format}
        color = {"field": "value", "type": "quantitative", "title": number.title, "legend": legend}
        encoding = {"x": x, "y": y, "color": color, "tooltip": self._tooltip()}
        return {"mark": {"type": "rect"}, "encoding": encoding, "height": {"step": 26}}

    @property
    def _series(self) -> Dim | None:
        """What the second field of a row names: a dimension, or which of several numbers it is."""
        if len(self._shape.dims) > 1:
            return self._shape.dims[1]
        return Dim(-1, "") if len(self._shape.numbers) > 1 else None

    def _over_time(self, mark: View, value: View) -> View:
        y = {**self._value(), **value}
        encoding: View = {"x": self._time(), "y": y, "tooltip": self._tooltip()}
        view: View = {"mark": mark, "encoding": encoding, "height": 260}
        if self._series is not None:
            encoding["color"] = self._color()
        if self._series is not None and self._shape.mixed:
            encoding["row"] = {"field": "d1", "sort": None, "title": None, "header": {"labelOrient": "top"}}
            encoding["color"] = {**self._color(), "legend": None}
            view |= {"height": 130, "resolve": {"scale": {"y": "independent"}}}
        return view

    def _time(self) -> View:
        dim = self._shape.dims[0]
        if dim.unit not in _TEMPORAL:
            return self._ordinal(0)
        unit, format_ = _TEMPORAL[dim.unit]
        axis = {"format": format_, "labelOverlap": True, "grid": False}
        return {"field": "d0", "type": "temporal", "timeUnit": unit, "title": None, "axis": axis}

    def _ordinal(self, at: int) -> View:
        axis = {"labelAngle": 0, "labelOverlap": True} if self._shape.dims[0].unit else {"labelAngle": -35}
        return {"field": f"d{at}", "type": "ordinal", "sort": None, "title": None, "axis": axis}

    def _name(self, at: int) -> View:
        axis = {"labelLimit": 220, "ticks": False, "domain": False}
        return {"field": f"d{at}", "type": "nominal", "sort": None, "title": None, "axis": axis}

    def _value(self) -> View:
        number = self._shape.numbers[0]
        axis: View = {"labelExpr": _SHORT} if self._large else {"format": ",~f"}
        title = number.title if len(self._shape.numbers) == 1 else None
        if self._shape.mixed:
            title = None
        return {"field": "value", "type": "quantitative", "title": title, "axis": {**axis, "tickCount": 6}}

    def _color(self, field: str = "d1") -> View:
        series = self._series
        title = series.title if series and series.title else None
        return {"field": field, "type": "nominal", "sort": None, "title": title}

    def _tooltip(self) -> list[View]:
        fields: list[View] = []
        for at, dim in enumerate(self._shape.dims):
            field: View = {"field": f"d{at}", "type": "nominal", "title": dim.title}
            if at == 0 and dim.unit in _TEMPORAL:
                unit, format_ = _TEMPORAL[dim.unit]
                field |= {"type": "temporal", "timeUnit": unit, "format": format_}
            fields.append(field)
        if len(self._shape.numbers) > 1:
            fields.append({"field": "d1", "type": "nominal", "title": gettext("Of")})
        number = self._shape.numbers[0]
        title = gettext("Value") if len(self._shape.numbers) > 1 else number.title
        return [*fields, {"field": "value", "type": "quantitative", "title": title, "format": number.format}]
