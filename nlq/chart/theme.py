"""How charts look, light and dark: one Vega-Lite configuration each, for the page and for pictures."""

from collections.abc import Mapping
from typing import Any

_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', sans-serif"


def _theme(
    *, ground: str, text: str, muted: str, line: str, series: list[str], ramp: list[str]
) -> dict[str, Any]:
    return {
        "background": ground,
        "padding": {"left": 8, "top": 8, "right": 24, "bottom": 8},
        "font": _FONT,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "color": text,
            "fontSize": 14,
            "fontWeight": 600,
            "offset": 14,
            "subtitleColor": muted,
            "subtitleFontSize": 12,
            "subtitlePadding": 4,
        },
        "axis": {
            "labelColor": muted,
            "titleColor": muted,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": 500,
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
        },
        "axisX": {"grid": False},
        "axisQuantitative": {"grid": True, "domain": False, "ticks": False, "labelSeparation": 8},
        "legend": {
            "labelColor": text,
            "titleColor": muted,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "orient": "bottom",
            "columns": 4,
            "labelLimit": 180,
        },
        "header": {"labelColor": text, "labelFontSize": 12, "labelAnchor": "start"},
        "text": {"color": text, "fontSize": 12},
        "bar": {"color": series[0]},
        "line": {"color": series[0]},
        "area": {"color": series[0]},
        "point": {"color": series[0], "filled": True, "size": 40},
        "range": {"category": series, "heatmap": ramp, "ramp": ramp},
    }


THEMES: Mapping[str, Mapping[str, Any]] = {
    "light": _theme(
        ground="#ffffff",
        text="#1b1c20",
        muted="#5d5f68",
        line="#e4e4df",
        series=[
            *("#3f51c7", "#d97706", "#0f8a6d", "#c2417c", "#7c5cd6", "#2b8fc4", "#8a6d3b", "#6b7280"),
        ],
        ramp=["#eef0fd", "#b9c1f2", "#7d8ae0", "#3f51c7", "#232f86"],
    ),
    "dark": _theme(
        ground="#1a1c21",
        text="#ececef",
        muted="#a4a7b2",
        line="#30333b",
        series=[
            *("#8f9dff", "#f5b04c", "#46c9a4", "#f08ab6", "#b79dff", "#63bdf0", "#d2b27a", "#a4a7b2"),
        ],
        ramp=["#23263a", "#3b447f", "#5a67bd", "#8f9dff", "#d5daff"],
    ),
}
"""Configurations by the name of the theme; the colours of series keep 3:1 against their ground."""
