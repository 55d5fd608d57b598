"""The reader on a hot standby, the writer on its primary: nothing that answers a question needs to write."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nlq import settings as settings_module
from nlq.answer import Status
from nlq.question import Question
from nlq.service import Service, build
from schema import migrate
from tests.conftest import ROLES
from tests.postgres import READER_PASSWORD, WRITER_PASSWORD, Server, hot_standby, running_server
from tests.scripted import scripted_model

ROWS = """
INSERT INTO teams (name) VALUES ('Ecommerce');
INSERT INTO regions (name) VALUES ('EMEA'), ('APAC');
INSERT INTO kpi_definitions (name, unit, category) VALUES ('revenue', 'USD', 'sales');
INSERT INTO kpi_data (kpi_id, team_id, region_id, value, timestamp, year, quarter, month)
    SELECT 1, 1, region, region * 100, '2026-10-05', 2026, 4, 10 FROM generate_series(1, 2) AS region;
"""


@pytest.fixture(scope="module")
def standby() -> Iterator[tuple[Server, Server, str]]:
    """A primary with a filtered company, its standby, and the name of the database."""
    with running_server() as primary, primary.fresh_database() as name:
        migrate.upgrade(primary.url(name), ROLES, filter_rows=True)
        with psycopg.connect(primary.url(name)) as owner:
            owner.execute(ROWS)
        with hot_standby(primary) as replica:
            yield primary, replica, name


@pytest.fixture
def service(standby: tuple[Server, Server, str], tmp_path: Path) -> Iterator[Service]:
    primary, replica, name = standby
    (tmp_path / "access.yml").write_text(
        "{scopes: {europe: {regions: [EMEA]}}, users: {ann: europe, boss: all}}"
    )
    with scripted_model() as model:
        environ = {
            "NLQ_READER_URL": replica.url(name, "nlq_reader", READER_PASSWORD),
            "NLQ_WRITER_URL": primary.url(name, "nlq_writer", WRITER_PASSWORD),
            "NLQ_ACCESS": str(tmp_path / "access.yml"),
            "NLQ_MODEL": "scripted",
            "OPENAI_BASE_URL": model.base_url,
            "NLQ_TIMEZONE": "UTC",
        }
        service = build(settings_module.load(environ))
        yield service
        service.pipeline.reader.close()


def test_questions_are_answered_from_the_standby_within_their_scope(
    service: Service, standby: tuple[Server, Server, str]
) -> None:
    _, replica, name = standby
    with psycopg.connect(replica.url(name)) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    assert service.ready().ok
    for user, total in (("boss", 300), ("ann", 100), ("stranger", None)):
        answer = service.pipeline.ask(Question("Revenue in October 2026", user=user))
        if total is None:
            assert answer.status is Status.REFUSED
        else:
            assert answer.table is not None
            assert answer.table.rows == ((total,),)


def test_the_history_is_kept_on_the_primary(service: Service) -> None:
    answer = service.pipeline.ask(Question("Revenue by region in October 2026", user="boss"))
    entry = service.history.get(answer.id)
    assert entry is not None
    assert (entry.status, entry.row_count) == ("answered", 2)
