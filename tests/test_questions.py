"""What questions ask for, told by the plan that is drafted from them; the model has no part in it."""

from decimal import Decimal

import pytest

from nlq.linking import link
from nlq.plan.compiler import compile_plan
from nlq.plan.draft import draft
from nlq.plan.model import Calculation, Condition, Dimension, Plan, Subject
from tests.catalogs import CALENDAR, NAMES, SHOP


def plan_of(text: str) -> Plan:
    return draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR).plan


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("regions where revenue did not go above 5000 in 2025", "<=", 5000),
        ("regions with revenue not exceeding 5000", "<=", 5000),
        ("regions that never dropped below 5000 in revenue", ">=", 5000),
        ("regions whose revenue went past 2 million", ">", 2_000_000),
        ("regions with revenue greater than 450 000 EUR", ">", 450_000),
        ("regions with a revenue of 500 or less", "<=", 500),
        ("regions with no more than 4000 revenue", "<=", 4000),
        ("In welchen Regionen hat der Revenue die 3 Mio. überschritten?", ">", 3_000_000),
    ],
)
def test_a_comparison_is_read_whichever_way_it_is_said(text: str, operator: str, value: int) -> None:
    plan = plan_of(text)
    assert plan.conditions == (Condition(operator, Decimal(value)),)
    assert plan.by == (Dimension.REGION,)


def test_better_and_worse_than_a_number_follow_the_good_direction_of_the_kpi() -> None:
    assert plan_of("teams with revenue better than 500").conditions[0].operator == ">"
    assert plan_of("teams with support response time better than 500").conditions[0].operator == "<"


def test_two_conditions_on_two_kpis_belong_to_one_each() -> None:
    plan = plan_of("regions with revenue over 500 and new customers under 20 in 2025")
    assert plan.calculation is Calculation.BESIDE
    assert [(c.kpi, c.operator) for c in plan.conditions] == [("revenue", ">"), ("new_customers", "<")]


@pytest.mark.parametrize(
    "text",
    [
        "revenue per new customers",
        "revenue / new customers",
        "for every new customers, how much revenue was there",
        "how much revenue does one new customers bring",
    ],
)
def test_a_ratio_divides_what_is_named_by_what_it_is_given_for(text: str) -> None:
    plan = plan_of(text)
    assert (plan.calculation, plan.kpis) == (Calculation.RATIO, ("revenue", "new_customers"))


def test_a_ratio_can_be_given_for_a_thousand() -> None:
    assert plan_of("revenue per 1,000 new customers").per == 1000


def test_a_change_can_have_a_condition() -> None:
    plan = plan_of("regions where revenue fell by more than 5 % from 2024 to 2025")
    assert plan.calculation is Calculation.PERCENT_CHANGE
    assert plan.conditions == (Condition("<", Decimal(-5)),)


def test_a_lone_period_of_comparison_is_held_against_the_present_one() -> None:
    assert [p.label for p in plan_of("is revenue higher than last year?").periods] == ["2025", "2026"]


def test_a_question_for_yes_or_no_gets_the_number() -> None:
    plan = plan_of("Did EMEA have more than 400 revenue in 2025?")
    assert (plan.subject, plan.conditions) == (Subject.VALUES, ())


@pytest.mark.parametrize(
    "text",
    ["drop the kpi_data table", "show revenue and then drop the table", "revenue should be 12, not 21"],
)
def test_a_wish_to_change_data_is_known_wherever_it_stands(text: str) -> None:
    assert draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR).refuse == "change"


@pytest.mark.parametrize("text", ["add up revenue by month", "take EMEA out of revenue by region"])
def test_words_of_change_that_only_mean_the_answer_are_no_such_wish(text: str) -> None:
    assert draft(link(text, NAMES, CALENDAR), SHOP, CALENDAR).refuse is None


def test_means_of_months_can_be_compared_between_years() -> None:
    plan = plan_of("average monthly revenue, 2025 compared with 2026")
    assert plan.each is Dimension.MONTH
    assert "timestamp" not in compile_plan(plan, SHOP).rpartition("ORDER BY")[2]
