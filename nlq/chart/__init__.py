"""Charts as Vega-Lite specifications, chosen by the shape of an answer. Pure, but for `nlq.chart.image`."""

from nlq.chart.choose import chart
from nlq.chart.number import period_before

__all__ = ["chart", "period_before"]
