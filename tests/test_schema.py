"""Promises of the schema and its migrations, kept on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from nlq.errors import DatabaseUnavailable, NlqError, SettingsError
from schema import migrate
from schema.migrate import downgrade, upgrade
from tests import page
from tests.conftest import ROLES
from tests.dependencies import ROOT
from tests.postgres import Database, Server

NEWEST = max(path.name for path in (ROOT / "schema/migrations/versions").glob("0*.py"))[:4]
READINGS = [
    "INSERT INTO kpi_data (kpi_id, team_id, region_id, value, timestamp, year, quarter, month, week)"
    " SELECT k, k, NULLIF(k, 3), k * 1.5, '2026-03-02', 2026, 1, 3, 10 FROM generate_series(1, 3) k",
    "INSERT INTO anomalies (kpi_data_id, description, severity)"
    " VALUES (1, 'Fell', 'high'), (NULL, 'Odd', 'low')",
    "INSERT INTO query_history (query_text, execution_time_ms) VALUES ('Sales?', 12)",
]


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def all_of(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def relations(url: str) -> set[object]:
    """The names of all tables, views and indexes in the schemas public and nlq."""
    query = "SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'nlq')"
    return {name for (name,) in all_of(url, query)}


@pytest.fixture
def page_catalogue(postgres_server: Server) -> dict[str, list[tuple[object, ...]]]:
    """The catalogue that the page's own statements make."""
    with postgres_server.fresh_database() as name:
        url = postgres_server.url(name)
        run(url, *page.table_statements(), *page.index_statements())
        return page.catalogue(url)


@pytest.fixture
def company(database: str) -> str:
    """The URL of a database that the page's statements filled before this service came."""
    run(database, *page.table_statements(), *page.sample_statements(), *READINGS)
    return database


def test_the_page_names_four_indexes_and_six_tables() -> None:
    assert len(page.index_statements()) == 4
    assert len(page.table_statements()) == 6


def test_an_empty_database_gets_exactly_the_tables_of_the_page(
    database: str, page_catalogue: dict[str, list[tuple[object, ...]]]
) -> None:
    assert upgrade(database, ROLES) == ()
    assert page.catalogue(database) == page_catalogue


def test_a_companys_tables_are_adopted_with_every_row_untouched(
    company: str, page_catalogue: dict[str, list[tuple[object, ...]]]
) -> None:
    before = page.rows(company)
    assert upgrade(company, ROLES) == ()
    assert page.rows(company) == before
    assert all(before.values())
    assert page.catalogue(company) == page_catalogue


def test_what_is_missing_is_added_to_adopted_tables(
    company: str, page_catalogue: dict[str, list[tuple[object, ...]]]
) -> None:
    run(
        company,
        "ALTER TABLE teams DROP COLUMN department",
        "DROP TABLE anomalies",
        *page.index_statements()[:1],
    )
    upgrade(company, ROLES)
    assert page.catalogue(company) == page_catalogue
    assert all_of(company, "SELECT count(*) FROM teams WHERE department IS NULL") == [(3,)]


def test_a_missing_column_that_every_row_must_fill_is_asked_for(company: str) -> None:
    run(company, "ALTER TABLE kpi_data DROP COLUMN year")
    before = page.catalogue(company)
    with pytest.raises(NlqError, match=r"public\.kpi_data has rows but no column year"):
        upgrade(company, ROLES)
    assert page.catalogue(company) == before
    assert migrate.current(company) is None


def test_a_second_upgrade_changes_nothing(company: str) -> None:
    upgrade(company, ROLES)
    before = (page.rows(company), page.catalogue(company), relations(company))
    assert upgrade(company, ROLES) == ()
    assert (page.rows(company), page.catalogue(company), relations(company)) == before


def test_two_upgrades_at_once_run_one_after_the_other(company: str) -> None:
    with ThreadPoolExecutor() as both:
        assert list(both.map(lambda _: upgrade(company, ROLES), range(2))) == [(), ()]
    assert migrate.current(company) == NEWEST


def test_the_history_keeps_exactly_its_five_columns(migrated: Database) -> None:
    query = (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = 'query_history' ORDER BY ordinal_position"
    )
    names = [name for (name,) in all_of(migrated.owner_url, query)]
    assert names == ["id", "query_text", "timestamp", "execution_time_ms", "successful"]


def test_down_from_an_empty_start_leaves_nothing(database: str) -> None:
    upgrade(database, ROLES)
    downgrade(database, ROLES)
    assert relations(database) == set()
    assert all_of(database, "SELECT to_regnamespace('nlq')") == [(None,)]
    assert migrate.current(database) is None


def test_down_from_a_companys_tables_leaves_them_as_they_were(company: str) -> None:
    run(company, *page.index_statements()[:1])
    before = (page.rows(company), page.catalogue(company), relations(company))
    upgrade(company, ROLES)
    downgrade(company, ROLES)
    assert (page.rows(company), page.catalogue(company), relations(company)) == before
    assert "idx_kpi_data_kpi_id" in before[2]


def test_down_never_drops_a_row_and_up_finds_it_again(database: str) -> None:
    upgrade(database, ROLES)
    run(database, *page.sample_statements(), *READINGS)
    before = page.rows(database)
    downgrade(database, ROLES)
    assert page.rows(database) == before
    upgrade(database, ROLES)
    assert page.rows(database) == before


def test_down_leaves_a_table_that_something_else_needs(database: str) -> None:
    upgrade(database, ROLES)
    run(database, "CREATE VIEW my_teams AS SELECT name FROM teams")
    downgrade(database, ROLES)
    assert {"my_teams", "teams"} <= relations(database)
    assert "regions" not in relations(database)


def test_down_by_one_takes_only_the_schema_nlq(company: str) -> None:
    upgrade(company, ROLES)
    downgrade(company, ROLES, "0001")
    assert migrate.current(company) == "0001"
    assert {"idx_kpi_data_time", "kpi_data"} <= relations(company)
    assert "kpi_values" not in relations(company)
    assert upgrade(company, ROLES) == ()


def test_down_to_the_revision_before_feedback_keeps_verdicts_and_loses_approvals(company: str) -> None:
    upgrade(company, ROLES)
    run(company, "INSERT INTO nlq.feedback (query_id, verdict, approved) VALUES (1, 'right', true)")
    downgrade(company, ROLES, "0002")
    assert upgrade(company, ROLES) == ()
    assert all_of(company, "SELECT verdict, approved FROM nlq.feedback") == [("right", False)]


def test_down_on_a_database_that_was_never_upgraded_does_nothing(company: str) -> None:
    before = relations(company)
    downgrade(company, ROLES)
    assert relations(company) == before


def test_up_to_an_older_revision_leaves_the_roles_for_later(database: str) -> None:
    assert upgrade(database, ROLES, "0001") == ()
    assert migrate.current(database) == "0001"


def test_values_are_flattened_and_those_without_team_or_region_stay(company: str) -> None:
    run(company, "UPDATE kpi_data SET team_id = NULL WHERE id = 2")
    upgrade(company, ROLES)
    query = "SELECT kpi, unit, team, department, region, country, value::float FROM nlq.kpi_values ORDER BY 1"
    assert all_of(company, query) == [
        ("customer_acquisition_cost", "USD", None, None, "APAC", "Singapore", 3.0),
        ("sales_conversion_rate", "%", "Ecommerce", "Sales", "North America", "USA", 1.5),
        ("support_response_time", "minutes", "Customer Support", "Operations", None, None, 4.5),
    ]


def test_anomalies_are_flattened_and_one_without_a_reading_stays(company: str) -> None:
    upgrade(company, ROLES)
    query = "SELECT description, severity, kpi, team, year, week FROM nlq.kpi_anomalies ORDER BY anomaly_id"
    assert all_of(company, query) == [
        ("Fell", "high", "sales_conversion_rate", "Ecommerce", 2026, 10),
        ("Odd", "low", None, None, None, None),
    ]


def test_the_views_check_the_rights_of_who_asks(migrated: Database) -> None:
    query = "SELECT relname FROM pg_class WHERE relkind = 'v' AND reloptions = '{security_invoker=true}'"
    assert {name for (name,) in all_of(migrated.owner_url, query)} == {"kpi_values", "kpi_anomalies"}


def test_a_database_that_is_down_is_said_to_be() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        upgrade("postgresql://nobody@127.0.0.1:1/none", ROLES)


def test_an_unusable_url_is_said_to_be() -> None:
    with pytest.raises(SettingsError, match="NLQ_DATABASE_URL"):
        upgrade("not a url", ROLES)


def test_a_server_that_is_too_old_is_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "_OLDEST_POSTGRES", 99)
    with pytest.raises(NlqError, match="PostgreSQL 99 or newer is needed"):
        upgrade(database, ROLES)


def test_a_user_who_may_not_change_the_database_is_told_so(migrated: Database) -> None:
    with pytest.raises(NlqError, match="Use the owner of the database"):
        downgrade(migrated.writer_url, ROLES)
