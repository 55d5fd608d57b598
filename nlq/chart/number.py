"""The answer that is one number: shown big, and where its plan allows it, with the change from before."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from nlq.answer import Table, Value
from nlq.catalog import Direction, Kpi
from nlq.chart.shape import Number, Shape, is_number
from nlq.numbers import number as written
from nlq.numbers import percent as in_percent
from nlq.period import shifted
from nlq.plan.model import Calculation, Plan
from nlq.plan.sides import sides
from nlq.plan.words import period_words
from nlq.words import gettext

_COMPARED = {Calculation.DIFFERENCE, Calculation.PERCENT_CHANGE}


@dataclass(frozen=True)
class Change:
    """How a number changed, in words that need no more: `+0.12%`, `+3.6%`, `Q2 2026`."""

    difference: str
    percent: str | None
    against: str
    direction: str
    """`up`, `down` or `same`."""
    good: bool | None
    """Whether that is the good direction of the KPI; None where nothing changed or none is known."""


def period_before(plan: Plan | None, today: date) -> Plan | None:
    """The plan of the same number in the period before; None where there is none to compare with.

    Only a period that is over is compared: the part of one that has passed says nothing about all of it.
    """
    if plan is None or len(plan.periods) != 1 or len(plan.kpis) != 1:
        return None
    period = plan.periods[0]
    plain = replace(plan, kpis=(), filters=(), periods=(), measure=Plan().measure) == Plan()
    if not plain or period.grain is None or period.end is None or period.end > today:
        return None
    return replace(plan, periods=(shifted(period, period.grain, -1),))


def one_number(
    shape: Shape, plan: Plan | None, table: Table, before: tuple[str, Value] | None
) -> dict[str, Any] | None:
    """What the big number says: `text`, `label`, and `change` or None; None if it is empty.

    Args:
        shape: of `table`.
        plan: of which `table` is the result.
        table: one row.
        before: the label and the number of the period before, where they are known.
    """
    row = table.rows[0]
    shown, base = shape.numbers[-1], before
    if plan and plan.calculation in _COMPARED and len(shape.numbers) == 2:
        base = sides(plan)[0][0], row[shape.numbers[0].at]
    value = row[shown.at]
    if not is_number(value):
        return None
    label = ", ".join(str(row[dim.at]) for dim in shape.dims if row[dim.at] is not None)
    changed = _change(value, base, shape.kpi) if base and is_number(base[1]) else None
    return {
        "text": _text(value, shown, shape.kpi),
        "label": label,
        "change": vars(changed) if changed else None,
    }


def view(number: dict[str, Any]) -> dict[str, Any]:
    """Layers of text that show what `one_number` says."""
    layers = [_text_layer(number["text"], "value", 44, -14 if number["change"] else 0)]
    if number["label"]:
        layers.append(_text_layer(number["label"], "label", 16, 32))
    if change := number["change"]:
        sign = {"up": "\N{BLACK UP-POINTING TRIANGLE}", "down": "\N{BLACK DOWN-POINTING TRIANGLE}"}
        percent = f" ({change['percent']})" if change["percent"] else ""
        arrow = sign.get(change["direction"], "=")
        against = gettext("against %(period)s", period=change["against"])
        words = f"{arrow} {change['difference']}{percent} {against}"
        layers.append(_text_layer(words, "change", 15, 52 if number["label"] else 28))
    return {"layer": layers, "height": 140 if number["change"] and number["label"] else 110}


def _text_layer(text: str, name: str, size: int, dy: int) -> dict[str, Any]:
    mark = {"type": "text", "fontSize": size, "dy": dy, "fontWeight": 600 if size > 20 else 400}
    return {"mark": mark, "encoding": {"text": {"value": text}}, "name": name}


def _text(value: Value, shown: Number, kpi: Kpi | None) -> str:
    percent = shown.title.endswith("(%)")
    unitless = shown.title in {gettext("Ratio"), gettext("Correlation")}
    if kpi and not unitless and not (percent and kpi.unit != "%"):
        return written(value, kpi)
    text = written(value, digits=shown.decimals) if shown.fixed else written(value)
    return in_percent(text) if percent else text


def _change(value: Value, base: tuple[str, Value], kpi: Kpi | None) -> Change:
    against, one = period_words(base[0]), Decimal(str(base[1]))
    difference = Decimal(str(value)) - one
    direction = "same" if not difference else "up" if difference > 0 else "down"
    sign = "+" if difference > 0 else ""
    percent = f"{sign}{in_percent(written(100 * difference / abs(one), digits=1))}" if one else None
    good = None
    if kpi and difference:
        good = (difference > 0) is (kpi.direction is Direction.UP)
    return Change(f"{sign}{written(difference, kpi)}", percent, against, direction, good)
