"""The demo company is believable, the same every time, and never mixed with other data."""

from datetime import date, timedelta

import psycopg
import pytest

from nlq.errors import NlqError
from schema.demo.load import load
from tests.catalogs import TODAY
from tests.postgres import Database


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_it_is_a_company_of_some_size_with_gaps_and_anomalies(migrated: Database) -> None:
    report = load(migrated.owner_url, TODAY)
    assert (report.teams, report.regions) == (8, 6)
    assert report.kpis >= 12
    assert report.anomalies >= 60
    assert rows(migrated, "SELECT count(DISTINCT department) FROM teams") == [(3,)]
    assert rows(migrated, "SELECT count(*) > 0 FROM kpi_data WHERE team_id IS NULL OR region_id IS NULL") == [
        (True,)
    ]
    first, last, mondays = rows(
        migrated,
        "SELECT min(timestamp)::date, max(timestamp)::date, bool_and(extract(isodow FROM timestamp) = 1)"
        " FROM kpi_data",
    )[0]
    assert mondays is True
    assert isinstance(first, date)
    assert first <= TODAY - timedelta(days=3 * 365)
    assert last == date(2026, 11, 23)


def test_the_calendar_columns_agree_with_the_timestamp(migrated: Database) -> None:
    load(migrated.owner_url, TODAY)
    wrong = (
        "SELECT count(*) FROM kpi_data WHERE (year, quarter, month, week) IS DISTINCT FROM"
        " (extract(year FROM timestamp)::int, extract(quarter FROM timestamp)::int,"
        " extract(month FROM timestamp)::int, extract(week FROM timestamp)::int)"
    )
    assert rows(migrated, wrong) == [(0,)]


def test_it_holds_the_sample_rows_of_the_schema_page(migrated: Database) -> None:
    load(migrated.owner_url, TODAY)
    assert rows(migrated, "SELECT name, department FROM teams ORDER BY id LIMIT 3") == [
        ("Ecommerce", "Sales"),
        ("Social Media", "Marketing"),
        ("Customer Support", "Operations"),
    ]
    assert rows(migrated, "SELECT name FROM kpi_definitions ORDER BY id LIMIT 3") == [
        ("sales_conversion_rate",),
        ("customer_acquisition_cost",),
        ("support_response_time",),
    ]


def test_a_later_week_only_adds_rows_and_the_same_week_none(migrated: Database) -> None:
    everything = "SELECT id, kpi_id, team_id, region_id, value, timestamp FROM kpi_data ORDER BY id"
    load(migrated.owner_url, TODAY)
    before = rows(migrated, everything)
    assert load(migrated.owner_url, TODAY).readings == 0
    added = load(migrated.owner_url, TODAY + timedelta(days=7)).readings
    after = rows(migrated, everything)
    assert after[: len(before)] == before
    assert len(after) == len(before) + added > len(before)


def test_a_database_with_other_data_is_left_as_it_is(migrated: Database) -> None:
    with psycopg.connect(migrated.owner_url) as connection:
        connection.execute("INSERT INTO teams (name) VALUES ('Ours')")
    with pytest.raises(NlqError, match="other data"):
        load(migrated.owner_url, TODAY)
    assert rows(migrated, "SELECT name FROM teams") == [("Ours",)]
    assert rows(migrated, "SELECT count(*) FROM kpi_definitions") == [(0,)]
