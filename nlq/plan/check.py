"""Plans that people send: read strictly, and held against the catalogue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nlq.catalog import Catalog
from nlq.plan.model import Condition, Dimension, Plan, Subject, as_json, from_json

_OPERATORS = {">", "<", ">=", "<=", "="}
_MOST_ROWS = 100_000
_LONGEST_LABEL = 100
_LARGEST_PER = 1_000_000


def read(stored: Mapping[str, Any]) -> Plan:
    """The plan that `stored`, the JSON object of `nlq.plan.model.as_json`, says.

    Raises:
        ValueError: it is not such an object, or holds a value that no plan can have; says which.
    """
    known = {*vars(Plan())}
    if unknown := sorted(stored.keys() - known):
        raise ValueError(f"it has no {', '.join(unknown)[:100]}; it has {', '.join(vars(Plan()))}")
    try:
        plan = from_json(stored)
        if problem := _problem(plan, stored):
            raise ValueError(problem)
        return from_json(as_json(plan))
    except KeyError as missing:
        raise ValueError(f"{missing.args[0]} is missing") from None
    except (TypeError, ArithmeticError, AttributeError) as wrong:
        raise ValueError(f"a value has the wrong type ({wrong})") from None


def unknown_names(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """A sentence for each name in `plan` that `catalog` does not hold."""
    wanted = [("kpi", kpi) for kpi in plan.kpis]
    wanted += [(found.dimension.value, value) for found in plan.filters for value in found.values]
    return tuple(
        f'There is no {"KPI" if kind == "kpi" else kind} "{value}".'
        for kind, value in dict.fromkeys(wanted)
        if value not in catalog.held.get(kind, ())
    )


def _problem(plan: Plan, stored: Mapping[str, Any]) -> str:
    """What is wrong with a plan whose parts have the right names; empty for nothing."""
    if isinstance(stored["kpis"], str) or not all(isinstance(kpi, str) for kpi in plan.kpis):
        return "kpis must be a list of names"
    if plan.subject is Subject.VALUES and not plan.kpis:
        return "kpis must name at least one KPI"
    for found in plan.filters:
        if not found.values or not all(isinstance(value, str) for value in found.values):
            return "each of filters needs a list of names as its values"
    if not all(map(_is_comparison, plan.conditions)):
        return f"each of conditions needs a number, and one of {' '.join(sorted(_OPERATORS))}"
    for name, value in (("top", plan.top), ("window", stored.get("window", plan.window))):
        if value is not None and not (type(value) is int and 1 <= value <= _MOST_ROWS):
            return f"{name} must be a whole number from 1 to {_MOST_ROWS}"
    if not (type(stored.get("skip", 0)) is int and 0 <= plan.skip <= _MOST_ROWS):
        return f"skip must be a whole number from 0 to {_MOST_ROWS}"
    if plan.year_start not in range(1, 13):
        return "year_start must be a month from 1 to 12"
    if any(c.kpi is not None and c.kpi not in plan.kpis for c in plan.conditions):
        return "the kpi of a condition must be one of kpis"
    if not (type(stored.get("per", 1)) is int and 1 <= plan.per <= _LARGEST_PER):
        return f"per must be a whole number from 1 to {_LARGEST_PER}"
    if plan.each and not plan.each.is_time:
        return "each must be a unit of the calendar"
    if type(stored.get("count", False)) is not bool:
        return "count must be true or false"
    return _period_problem(plan)


def _is_comparison(condition: Condition) -> bool:
    value: Decimal = condition.value
    return condition.operator in _OPERATORS and value.is_finite() and abs(value.adjusted()) < 40


def _period_problem(plan: Plan) -> str:
    for period in plan.periods:
        if period.start and period.end and period.start >= period.end:
            return f"a period must start before {period.end}, its end"
        label = period.label
        if not (isinstance(label, str) and label.isprintable() and 0 < len(label) <= _LONGEST_LABEL):
            return f"the label of a period must be a text of 1 to {_LONGEST_LABEL} characters"
    if Dimension.PERIOD in plan.by and not plan.periods:
        return "by period needs periods"
    return ""
