"""Edits of a plan: each gives what the same question, asked in words with the change in it, gives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.answer import Answer, Method, Status
from nlq.errors import InvalidPlan
from nlq.plan.check import read
from nlq.plan.chips import Chip, chips
from nlq.plan.compiler import compile_plan
from nlq.plan.describe import describe_plan
from nlq.plan.edit import Edit, edited
from nlq.plan.model import Calculation, Dimension, Filter, Plan, Subject
from nlq.plan.suggest import suggestions
from nlq.question import Question
from nlq.service import Service
from tests.catalogs import CALENDAR, SHOP

Q2, Q3, YEAR = "2026-04-01/2026-07-01", "2026-07-01/2026-10-01", "2026-01-01/2027-01-01"
LAST_YEAR, OCTOBER = "2025-01-01/2026-01-01", "2026-10-01/2026-11-01"

EDITS: dict[str, list[tuple[Edit, str]]] = {
    "What was our conversion rate in EMEA last quarter?": [
        (Edit("only.region", ("APAC",)), "What was our conversion rate in APAC last quarter?"),
        (
            Edit("only.region", ("EMEA", "APAC")),
            "What was our conversion rate in EMEA and APAC last quarter?",
        ),
        (
            Edit("kpis", ("customer_satisfaction_score",)),
            "What was our customer satisfaction score in EMEA last quarter?",
        ),
        (Edit("by", ("month",)), "What was our conversion rate in EMEA by month last quarter?"),
    ],
    "Revenue by region in 2026": [
        (Edit("periods", (LAST_YEAR,)), "Revenue by region in 2025"),
        (Edit("by", ("team",)), "Revenue by team in 2026"),
        (Edit("measure", ("average",)), "Average revenue by region in 2026"),
        (Edit("calculation", ("share",)), "Share of revenue by region in 2026"),
        (Edit("top", ("3",)), "Top 3 regions by revenue in 2026"),
        (Edit("calculation", ("above_average",)), "Regions with revenue above average in 2026"),
    ],
    "Top 3 teams by revenue in 2026": [
        (Edit("order", ("low",)), "Bottom 3 teams by revenue in 2026"),
        (Edit("top", ("5",)), "Top 5 teams by revenue in 2026"),
        (Edit("only.region", ("EMEA",)), "Top 3 teams by revenue in EMEA in 2026"),
        (Edit("top"), "Teams by revenue in 2026, highest first"),
    ],
    "Revenue by month in 2026": [
        (Edit("calculation", ("running_total",)), "Running total of revenue by month in 2026"),
        (
            Edit("calculation", ("change_from_previous",)),
            "Change of revenue from the previous month by month in 2026",
        ),
        (Edit("kpis", ("revenue", "orders")), "Revenue and orders by month in 2026"),
        (Edit("by", ("quarter",)), "Revenue by quarter in 2026"),
    ],
    "Compare revenue in Q2 2026 and Q3 2026": [
        (Edit("calculation", ("difference",)), "Difference of revenue between Q2 2026 and Q3 2026"),
        (Edit("periods", (Q3,)), "Revenue in Q3 2026"),
        (Edit("only.country", ("Germany",)), "Compare revenue in Germany in Q2 2026 and Q3 2026"),
    ],
    "Revenue in EMEA and APAC in 2026": [
        (Edit("except.team", ("Ecommerce",)), "Revenue in EMEA and APAC without Ecommerce in 2026"),
        (Edit("only.region", ("EMEA",)), "Revenue in EMEA in 2026"),
        (Edit("calculation", ("difference",)), "Difference of revenue between EMEA and APAC in 2026"),
    ],
    "Share of revenue by region in 2026": [
        (Edit("only.department", ("Sales",)), "Share of revenue by region of Sales in 2026"),
        (Edit("calculation"), "Revenue by region in 2026"),
    ],
    "How many anomalies by severity in 2026?": [
        (Edit("only.severity", ("high",)), "How many high severity anomalies by severity in 2026?"),
        (Edit("periods", (OCTOBER,)), "How many anomalies by severity in October 2026?"),
        (Edit("by", ("region",)), "How many anomalies by region in 2026?"),
        (Edit("by"), "How many anomalies in 2026?"),
    ],
    "Which regions had revenue over 1000000 in October 2026?": [
        (Edit("conditions"), "Revenue by region in October 2026"),
        (Edit("periods", (Q3,)), "Which regions had revenue over 1000000 in Q3 2026?"),
    ],
    "Median support response time by team in 2026": [
        (Edit("measure", ("max",)), "Maximum support response time by team in 2026"),
        (Edit("measure"), "Support response time by team in 2026"),
    ],
}
"""Ten answers, each with edits and the question that says the same in words."""
PAIRS = [(asked, edit, words) for asked, edits in EDITS.items() for edit, words in edits]


def ask(service: Service, text: str) -> Answer:
    answer = service.pipeline.ask(Question(text))
    assert answer.status is Status.ANSWERED, answer.text
    return answer


def test_there_are_thirty_edits_of_ten_answers() -> None:
    assert len(EDITS) >= 10
    assert len(PAIRS) >= 30


def test_every_edit_gives_what_the_question_in_words_gives(service: Service) -> None:
    catalog = service.catalog()
    wrong = []
    for asked, edit, words in PAIRS:
        plan = read(ask(service, asked).plan or {})
        got = service.pipeline.run_plan(edited(plan, [edit], catalog), Question(""))
        wanted = ask(service, words)
        if (got.table, got.text) != (wanted.table, wanted.text):
            wrong.append((asked, edit, words, got.interpretation, wanted.interpretation))
    assert not wrong


def test_an_edited_plan_is_recorded_as_a_question_of_its_conversation(service: Service) -> None:
    first = ask(service, "Revenue by region in 2026")
    plan = edited(read(first.plan or {}), [Edit("periods", (LAST_YEAR,))], service.catalog())
    second = service.pipeline.run_plan(plan, Question("", first.conversation_id, "web", "ann"))
    entry = service.history.get(second.id)
    assert entry is not None
    assert (entry.question, entry.conversation_id) == (second.interpretation, first.conversation_id)
    assert (entry.channel, entry.user, entry.successful, entry.attempts) == ("web", "ann", True, 0)
    assert second.method is Method.PLAN
    follow_up = service.pipeline.ask(Question("and in EMEA?", first.conversation_id))
    assert [period["label"] for period in (follow_up.plan or {})["periods"]] == ["2025"]


def test_a_plan_with_names_that_do_not_exist_is_refused_and_not_recorded(service: Service) -> None:
    with pytest.raises(InvalidPlan, match='no KPI "nothing"'):
        service.pipeline.run_plan(Plan(kpis=("nothing",)), Question(""))
    assert service.history.page().entries == ()


REVENUE = Plan(kpis=("revenue",), by=(Dimension.MONTH,))


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit("kpis", ("nothing",)), 'there is no KPI "nothing"'),
        (Edit("kpis"), "at least one KPI"),
        (Edit("only.region", ("Mars",)), 'there is no region "Mars"'),
        (Edit("only.month", ("May",)), "no filter on month"),
        (Edit("only.colour", ("red",)), "is not one of"),
        (Edit("colour", ("red",)), "is not one of"),
        (Edit("measure", ("loudest",)), "is not one of"),
        (Edit("measure", ("sum", "average")), "takes one value"),
        (Edit("periods", ("yesterday",)), "is no period such as"),
        (Edit("periods", ("2026-02-01/2026-01-01",)), "must start before"),
        (Edit("by", ("severity",)), "only anomalies"),
        (Edit("by", ("period",)), "several periods"),
        (Edit("calculation", ("difference",)), "cannot be worked out"),
        (Edit("conditions", ("> 3",)), "only be taken away"),
        (Edit("each", ("region",)), "unit of the calendar"),
        (Edit("top", ("0",)), "whole number from 1"),
        (Edit("top", ("many",)), "whole number from 1"),
    ],
)
def test_an_edit_that_does_not_fit_says_why(edit: Edit, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        edited(REVENUE, [edit], SHOP)


def test_what_no_longer_fits_goes_with_what_it_belonged_to() -> None:
    changing = replace(REVENUE, calculation=Calculation.CHANGE)
    assert edited(changing, [Edit("by", ("region",))], SHOP).calculation is Calculation.NONE
    top = edited(REVENUE, [Edit("by", ("region",)), Edit("top", ("3",)), Edit("by")], SHOP)
    assert (top.top, top.by) == (None, ())


def chip(plan: Plan, slot: str) -> Chip:
    return next(found for found in chips(plan, SHOP, CALENDAR) if found.slot == slot)


def test_chips_say_how_the_question_was_read() -> None:
    plan = replace(
        REVENUE, filters=(Filter(Dimension.REGION, ("EMEA",)), Filter(Dimension.TEAM, ("IT",), True))
    )
    said = {found.slot: found.text for found in chips(plan, SHOP, CALENDAR) if found.text}
    assert said == {
        "kpis": "Revenue",
        "measure": "total",
        "periods": "all time",
        "by": "month",
        "only.region": "EMEA",
        "except.team": "IT",
    }


def test_the_periods_beside_the_chosen_one_are_offered() -> None:
    plan = edited(REVENUE, [Edit("periods", (Q3,))], SHOP)
    offered = {choice.text: choice.hint for choice in chip(plan, "periods").choices}
    assert list(offered)[:3] == ["Q2 2026", "Q4 2026", "Q3 2025"]
    assert offered["October 2026"] == "last month"
    assert "all time" in offered


def test_only_calculations_that_the_rows_allow_are_offered() -> None:
    offered = {choice.text for choice in chip(REVENUE, "calculation").choices}
    assert "running total" in offered
    assert "difference" not in offered


PLANS = st.builds(
    Plan,
    subject=st.sampled_from([Subject.VALUES, Subject.ANOMALIES]),
    kpis=st.lists(st.sampled_from(sorted(SHOP.by_name)), min_size=1, max_size=2, unique=True).map(tuple),
    by=st.lists(
        st.sampled_from([Dimension.REGION, Dimension.TEAM, Dimension.MONTH]), max_size=2, unique=True
    ).map(tuple),
)


@given(plan=PLANS, data=st.data())
def test_every_choice_that_a_chip_offers_gives_a_plan_that_works(plan: Plan, data: st.DataObject) -> None:
    plan = edited(plan, [Edit("kpis", plan.kpis)], SHOP)
    for _ in range(4):
        found = data.draw(st.sampled_from([c for c in chips(plan, SHOP, CALENDAR) if c.choices]))
        choice = data.draw(st.sampled_from(found.choices))
        if found.slot == "kpis" or choice.values or found.removable:
            plan = edited(plan, [Edit(found.slot, choice.values)], SHOP)
            assert compile_plan(plan, SHOP)
            assert describe_plan(plan, SHOP)


@given(plan=PLANS)
def test_every_suggestion_changes_the_plan_and_works(plan: Plan) -> None:
    plan = edited(plan, [Edit("kpis", plan.kpis)], SHOP)
    for one in suggestions(plan, SHOP):
        changed = edited(plan, one.edits, SHOP)
        assert changed != plan
        assert compile_plan(changed, SHOP)


def test_suggestions_lead_on_from_one_number_and_from_a_ranking() -> None:
    quarter = edited(replace(REVENUE, by=()), [Edit("periods", (Q3,))], SHOP)
    found = [(one.kind, one.about) for one in suggestions(quarter, SHOP)]
    assert found == [("before", "Q2 2026"), ("by", "month"), ("by", "region"), ("by", "team")]
    by_region = edited(quarter, [Edit("by", ("region",))], SHOP)
    assert {"top", "share"} <= {one.kind for one in suggestions(by_region, SHOP)}
    assert suggestions(Plan(Subject.TEAMS), SHOP) == ()
