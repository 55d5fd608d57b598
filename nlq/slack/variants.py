"""Other ways to cut an answer, offered in menus under it: another period, another grouping. Pure."""

from collections.abc import Mapping
from typing import Any

from nlq.catalog import Catalog
from nlq.errors import InvalidPlan
from nlq.linking.points import Calendar
from nlq.plan.check import read
from nlq.plan.chips import Chip, chips
from nlq.plan.edit import Edit, Slot, edited
from nlq.plan.model import Plan
from nlq.slack.blocks import GROUPING, NO_VARIANTS, PERIOD, Variants

_SLOTS = {PERIOD: Slot.PERIODS, GROUPING: Slot.BY}
_UNGROUPED = "no grouping"


def offered(plan: Mapping[str, Any] | None, catalog: Catalog, calendar: Calendar) -> Variants:
    """What the menus offer for an answer with `plan`; nothing where it has none."""
    if plan is None:
        return NO_VARIANTS
    try:
        found = {chip.slot: chip for chip in chips(read(plan), catalog, calendar)}
    except (ValueError, LookupError):
        return NO_VARIANTS
    groupings = _options(found.get(Slot.BY))
    return Variants(
        _options(found.get(Slot.PERIODS)), {**groupings, **({"": _UNGROUPED} if groupings else {})}
    )


def changed(plan: Mapping[str, Any] | None, change: Mapping[str, str], catalog: Catalog) -> Plan:
    """The plan with what was picked from a menu.

    Raises:
        InvalidPlan: there is no plan, or it cannot be changed so.
    """
    if plan is None:
        raise InvalidPlan("This answer cannot be changed by a menu; please ask in words.")
    edits = [Edit(_SLOTS[name], (value,) if value else ()) for name, value in change.items()]
    try:
        return edited(read(plan), edits, catalog)
    except ValueError as error:
        raise InvalidPlan(f"The answer cannot be changed so: {error}.") from error


def _options(chip: Chip | None) -> dict[str, str]:
    """The values that can be picked, each with what the menu shows."""
    choices = chip.choices if chip else ()
    return {",".join(c.values): f"{c.text} ({c.hint})" if c.hint else c.text for c in choices if not c.chosen}
