"""A follow-up changes what it says and keeps the rest; a question that stands alone keeps nothing."""

from dataclasses import replace

import pytest

from nlq.linking import link
from nlq.plan.draft import draft
from nlq.plan.model import Plan, Subject
from tests.catalogs import CALENDAR, NAMES, SHOP


def asked(*questions: str) -> Plan:
    """The plan of the last of `questions`, each asked after the ones before it."""
    before: Plan | None = None
    for text in questions:
        base = before.periods[-1] if before and before.periods else None
        anomalies = before is not None and before.subject is Subject.ANOMALIES
        links = link(text, NAMES, CALENDAR, base, about_anomalies=anomalies)
        before = draft(links, SHOP, CALENDAR, before).plan
    assert before is not None
    return before


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("revenue in EMEA in Q3 2026", "and in APAC?", "revenue in APAC in Q3 2026"),
        ("revenue by region in 2026", "what about 2025?", "revenue by region in 2025"),
        ("revenue by region in 2026", "by month", "revenue by month in 2026"),
        ("revenue by team in 2026", "as a share", "share of revenue by team in 2026"),
        ("revenue by region in 2026", "same for new customers", "new customers by region in 2026"),
        ("revenue by region in 2026", "only the ones above 36", "regions with revenue above 36 in 2026"),
        ("revenue by region in 2026", "without EMEA", "revenue by region in 2026 without EMEA"),
        (
            "which region had the highest revenue in 2026?",
            "and the lowest?",
            "which region had the lowest revenue in 2026?",
        ),
        (
            "which region had the highest revenue in 2026?",
            "und die schlechteste?",
            "which region had the worst revenue in 2026?",
        ),
        ("how many anomalies were there in 2026?", "by severity", "anomalies by severity in 2026"),
        (
            "how many anomalies were there in 2026?",
            "only the high ones",
            "how many high severity anomalies were there in 2026?",
        ),
        ("revenue in EMEA in October 2026", "and the month before?", "revenue in EMEA in September 2026"),
        ("what does revenue mean?", "and open tickets?", "what does open tickets mean?"),
    ],
)
def test_a_follow_up_reads_like_the_whole_question(first: str, second: str, whole: str) -> None:
    assert replace(asked(first, second), measure="usual") == replace(asked(whole), measure="usual")  # type: ignore[arg-type]


def test_who_was_second_leaves_out_the_first() -> None:
    plan = asked("which region had the highest revenue in 2026?", "who was second?")
    assert (plan.skip, plan.top, plan.by) == (1, 1, asked("revenue by region").by)


def test_why_explains_the_number_before() -> None:
    plan = asked("revenue in EMEA in October 2026", "why?")
    assert plan.calculation == "contribution"
    assert [period.label for period in plan.periods] == ["September 2026", "October 2026"]


def test_a_question_that_stands_alone_keeps_nothing() -> None:
    assert asked("revenue in EMEA in Q3 2026", "How many anomalies were there last month?").filters == ()
