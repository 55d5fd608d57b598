"""Charts as pictures: a Vega-Lite specification to PNG or SVG, light or dark."""

from collections.abc import Mapping
from typing import Any, Literal

import vl_convert

from nlq.chart.theme import THEMES

Locale = Literal["en-US", "de-DE"]
"""How numbers and dates are written."""

_VEGA_LITE: Literal["6.4"] = "6.4"
_SCALE = 2.0
"""Pixels of a PNG for each unit of the specification, so that it is sharp on dense displays."""


def png(spec: Mapping[str, Any], theme: str = "light", locale: Locale = "en-US") -> bytes:
    """`spec` as a PNG picture. Nothing is loaded from anywhere: the rows stand in the specification.

    Args:
        spec: as `nlq.chart.chart` makes it.
        theme: `light` or `dark`.
        locale: how numbers and dates are written.
    """
    return vl_convert.vegalite_to_png(
        dict(spec),
        vl_version=_VEGA_LITE,
        scale=_SCALE,
        config=dict(THEMES[theme]),
        format_locale=locale,
        time_format_locale=locale,
        allowed_base_urls=[],
    )


def svg(spec: Mapping[str, Any], theme: str = "light", locale: Locale = "en-US") -> str:
    """`spec` as an SVG document; see `png`."""
    return vl_convert.vegalite_to_svg(
        dict(spec),
        vl_version=_VEGA_LITE,
        config=dict(THEMES[theme]),
        format_locale=locale,
        time_format_locale=locale,
        allowed_base_urls=[],
    )
