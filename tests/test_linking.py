"""The words of a question are linked to the names that they mean, and to no others."""

import pytest

from nlq.linking import Links, link
from nlq.linking.lexicon import Kind
from tests.catalogs import CALENDAR, NAMES


def linked(text: str) -> Links:
    return link(text, NAMES, CALENDAR)


def names(text: str) -> set[tuple[Kind, str]]:
    return {(mention.kind, value) for mention in linked(text).mentions for value in mention.values}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sales conversion rate in EMEA", {(Kind.KPI, "sales_conversion_rate"), (Kind.REGION, "EMEA")}),
        (
            "conversion rate in north america",
            {(Kind.KPI, "sales_conversion_rate"), (Kind.REGION, "North America")},
        ),
        (
            "CAC of the social media team",
            {(Kind.KPI, "customer_acquisition_cost"), (Kind.TEAM, "Social Media")},
        ),
        ("turnover in Germany", {(Kind.KPI, "revenue"), (Kind.COUNTRY, "Germany")}),
        ("e-commerce revenue", {(Kind.TEAM, "Ecommerce"), (Kind.KPI, "revenue")}),
        ("revenue of the sales department", {(Kind.KPI, "revenue"), (Kind.DEPARTMENT, "Sales")}),
        ("sales_conversion_rate", {(Kind.KPI, "sales_conversion_rate")}),
    ],
)
def test_names_synonyms_parts_and_abbreviations_are_found_in_any_case(
    text: str, expected: set[tuple[Kind, str]]
) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("text", ["revenue DE", "German revenue", "revenue in Deutschland"])
def test_a_country_is_known_by_its_code_its_adjective_and_its_other_names(text: str) -> None:
    assert (Kind.COUNTRY, "Germany") in names(text)


def test_a_code_in_small_letters_is_no_country() -> None:
    assert not any(kind is Kind.COUNTRY for kind, _ in names("revenue de 2025"))


def test_a_word_that_only_one_name_has_stands_for_it_and_is_told() -> None:
    found = linked("revenue of the media guys")
    assert (Kind.TEAM, "Social Media") in {(m.kind, m.values[0]) for m in found.mentions}
    assert ("media", "Social Media") in found.corrections


def test_a_slip_of_the_pen_is_put_right_and_told() -> None:
    found = linked("total revnue in EMEA")
    assert (Kind.KPI, "revenue") in {(m.kind, m.values[0]) for m in found.mentions}
    assert found.corrections == (("revnue", "revenue"),)


def test_a_name_that_is_also_a_common_word_counts_only_as_it_is_written() -> None:
    assert (Kind.TEAM, "IT") in names("revenue of IT")
    assert (Kind.TEAM, "IT") not in names("revenue, is it good?")


def test_high_is_a_severity_only_beside_anomalies() -> None:
    assert (Kind.SEVERITY, "high") in names("high severity anomalies")
    assert names("how high is revenue") == {(Kind.KPI, "revenue")}


def test_names_after_except_are_left_out() -> None:
    found = linked("revenue by region except EMEA and APAC")
    assert {m.values[0] for m in found.mentions if m.excluded} == {"EMEA", "APAC"}


def test_what_is_left_out_ends_where_the_kpi_begins() -> None:
    found = linked("all regions except EMEA: revenue")
    assert {m.values[0]: m.excluded for m in found.mentions} == {"EMEA": True, "revenue": False}


def test_words_that_nothing_was_found_for_are_left_over() -> None:
    assert linked("revenue of the galaxy in 2026").leftovers == ("galaxy",)
    assert linked("What was our revenue in EMEA last quarter, please?").leftovers == ()


def test_loose_words_hint_at_the_kpi_whose_name_and_description_hold_them() -> None:
    found = linked("how fast do we respond to support requests")
    assert [mention.values for mention in found.mentions] == [("support_response_time",)]
