"""What a comparing plan sets side by side: periods, members of a dimension, or KPIs. Pure."""

from nlq.period import Period
from nlq.plan.model import Calculation, Dimension, Filter, Plan

_PAIRS = {Calculation.RATIO, Calculation.PERCENT_RATIO, Calculation.BESIDE}


def sides(plan: Plan) -> tuple[tuple[str, Period | Filter], ...]:
    """The two or more things that a comparing plan compares, with their labels, the base first."""
    if plan.calculation in _PAIRS or (plan.calculation is Calculation.CORRELATION and len(plan.kpis) > 1):
        return tuple((kpi, Filter(Dimension.KPI, (kpi,))) for kpi in plan.kpis)
    if Dimension.PERIOD in plan.by:
        ordered = sorted(plan.periods, key=lambda p: (p.start is not None, p.start))
        return tuple((period.label, period) for period in ordered)
    for found in plan.filters:
        if found.dimension in plan.by and len(found.values) > 1 and not found.exclude:
            ones = [(value, Filter(found.dimension, (value,))) for value in found.values]
            return tuple(reversed(ones))
    if Dimension.KPI in plan.by:
        return tuple(reversed([(kpi, Filter(Dimension.KPI, (kpi,))) for kpi in plan.kpis]))
    return ()


def compared_dimension(plan: Plan) -> Dimension:
    """The dimension whose members a comparing plan sets side by side."""
    first = sides(plan)[0][1]
    return first.dimension if isinstance(first, Filter) else Dimension.PERIOD
