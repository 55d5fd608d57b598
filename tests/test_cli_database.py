"""The command line over a real PostgreSQL: the history, tables, roles and demo data."""

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from nlq.answer import Status
from nlq.history import History, Record, open_pool
from nlq.question import Question
from tests.command_line import Ended, Run
from tests.postgres import Database


@pytest.fixture
def owned(migrated: Database, monkeypatch: pytest.MonkeyPatch, run: Run) -> Database:
    """A migrated database that the settings name with all three URLs."""
    monkeypatch.setenv("NLQ_DATABASE_URL", migrated.owner_url)
    monkeypatch.setenv("NLQ_READER_URL", migrated.reader_url)
    monkeypatch.setenv("NLQ_WRITER_URL", migrated.writer_url)
    return migrated


@pytest.fixture
def asked(owned: Database) -> list[int]:
    """The ids of two questions in the history of `owned`: one answered, one that is still running."""
    with open_pool(owned.writer_url, size=1) as pool:
        history = History(pool)
        first = history.start(Question("Sales in EMEA?", channel="web", user="ada"))
        history.finish(first.query_id, Record(Status.ANSWERED, 1840, sql="SELECT 1", row_count=1))
        second = history.start(Question("Costs?", channel="cli"))
    return [first.query_id, second.query_id]


def test_the_history_lists_questions_newest_first(run: Run, asked: list[int]) -> None:
    lines = [line.split() for line in run("history").out.splitlines() if line.strip()]
    assert lines[2][0] == str(asked[1])
    assert lines[2][3:] == ["running", "-", "cli", "-", "Costs?"]
    assert lines[3][3:] == ["answered", "1840", "web", "ada", "Sales", "in", "EMEA?"]


@pytest.mark.parametrize(
    "options",
    [
        ("--status", "answered"),
        ("--channel", "web"),
        ("--user", "ada"),
        ("--text", "sales in"),
    ],
)
def test_the_history_can_be_filtered(run: Run, asked: list[int], options: tuple[str, ...]) -> None:
    entries = json.loads(run("history", "--json", *options).out)
    assert [entry["id"] for entry in entries] == asked[:1]


def test_the_history_is_sorted_and_filtered_by_how_it_went(run: Run, asked: list[int]) -> None:
    assert [entry["id"] for entry in json.loads(run("history", "--json", "--sort", "duration").out)] == asked[
        :1
    ]
    assert run("history", "--feedback", "wrong").err == "There are no such questions.\n"
    assert len(json.loads(run("history", "--json", "--feedback", "none").out)) == 2


def test_the_history_is_filtered_by_time_and_conversation(run: Run, asked: list[int]) -> None:
    entries = json.loads(run("history", "--json", "--since", "2020-01-01").out)
    assert [entry["id"] for entry in entries] == asked[::-1]
    assert datetime.fromisoformat(entries[0]["timestamp"]) <= datetime.now(UTC)
    of_first = run("history", "--json", "--conversation", entries[1]["conversation_id"])
    assert [entry["id"] for entry in json.loads(of_first.out)] == asked[:1]
    assert run("history", "--until", "2020-01-01").err == "There are no such questions.\n"


def test_the_history_goes_on_where_a_page_ended(run: Run, asked: list[int]) -> None:
    first = run("history", "--json", "--limit", "1")
    assert f"--before {asked[1]}" in first.err
    second = run("history", "--json", "--limit", "1", "--before", str(asked[1]))
    assert [entry["id"] for entry in json.loads(second.out)] == asked[:1]
    assert second.err == ""


def test_one_question_is_shown_with_all_that_is_known(run: Run, asked: list[int]) -> None:
    entry = json.loads(run("history", "show", str(asked[0])).out)
    assert (entry["question"], entry["sql"], entry["successful"]) == ("Sales in EMEA?", "SELECT 1", True)
    missing = run("history", "show", "999")
    assert (missing.status, missing.err) == (1, "There is no question with the id 999.\n")


@pytest.mark.parametrize("arguments", [("ask", "Sales?"), ("serve", "--port", "0"), ("history",)])
def test_a_database_without_its_roles_says_which_urls_to_set(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("NLQ_DATABASE_URL", "postgresql://owner@127.0.0.1:1/kpis")
    ended = run(*arguments)
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith("Set NLQ_READER_URL and NLQ_WRITER_URL too")
    assert "nlq db roles" in ended.err


def test_a_database_that_is_down_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLQ_DATABASE_URL", "postgresql://owner@127.0.0.1:1/kpis")
    monkeypatch.setenv("NLQ_READER_URL", "postgresql://reader@127.0.0.1:1/kpis")
    monkeypatch.setenv("NLQ_WRITER_URL", "postgresql://writer@127.0.0.1:1/kpis")
    for arguments in (("history",), ("db", "upgrade"), ("db", "init")):
        ended = run(*arguments)
        assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert "cannot be reached" in ended.err


def test_a_url_that_is_none_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLQ_DATABASE_URL", "nonsense")
    for command in ("roles", "upgrade"):
        assert "NLQ_DATABASE_URL must look like" in run("db", command).err
    monkeypatch.setenv("NLQ_READER_URL", "nonsense")
    monkeypatch.setenv("NLQ_WRITER_URL", "postgresql://writer@127.0.0.1:1/kpis")
    assert "NLQ_READER_URL is not a PostgreSQL URL" in run("history").err


def test_a_history_that_was_never_made_says_how_to_make_it(
    run: Run, owned: Database, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NLQ_WRITER_URL", database)
    ended = run("history")
    assert ended.status == 1
    assert "nlq db upgrade" in ended.err


def test_init_makes_the_tables_and_tells_what_to_do_next(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NLQ_DATABASE_URL", database)
    ended = run("db", "init")
    assert ended.status == 0
    assert "The tables are up to date." in ended.err
    assert "NLQ_READER_URL and NLQ_WRITER_URL" in ended.err
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('nlq.kpi_values') IS NOT NULL").fetchone() == (True,)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty `NLQ_HOME` that others can pass, so that the embedded database stays in it also for root."""
    with tempfile.TemporaryDirectory(prefix="nlq-home-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - it holds nothing
        monkeypatch.setenv("NLQ_HOME", folder)
        yield Path(folder)


def test_without_a_url_the_embedded_database_is_used_and_stopped(run: Run, home: Path) -> None:
    assert run("db", "init").err.startswith("The tables are up to date.")
    assert run("history").err == "There are no such questions.\n"
    assert not list((home / "postgres").glob("**/postmaster.pid"))


def test_the_history_of_a_fresh_home_is_empty(run: Run, home: Path) -> None:
    assert run("history") == Ended(0, "", "There are no such questions.\n")


def test_init_with_all_urls_says_that_questions_can_be_asked(run: Run, owned: Database) -> None:
    assert "nlq serve" in run("db", "init").err


def test_a_downgrade_asks_first_and_an_upgrade_brings_everything_back(
    run: Run, owned: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert run("db", "downgrade", "base").status == 1
    assert run("history").status == 0
    assert run("db", "downgrade", "base", "--yes").err == "The database is at base.\n"
    assert "nlq db upgrade" in run("history").err
    assert run("db", "upgrade").err == "The tables are up to date.\n"
    assert run("history").status == 0


def test_roles_prints_the_script_for_a_dba(run: Run, owned: Database) -> None:
    out = run("db", "roles").out
    assert 'CREATE ROLE "nlq_reader"' in out
    assert "reader's secret" not in out


def test_roles_of_the_embedded_database_need_no_script(run: Run) -> None:
    ended = run("db", "roles")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("Set NLQ_DATABASE_URL first")


def test_demo_data_is_loaded_once_and_never_beside_other_data(run: Run, owned: Database) -> None:
    assert "Written: 8 teams, 6 regions" in run("db", "demo").err
    assert "Written: nothing" in run("db", "demo").err
    with psycopg.connect(owned.owner_url) as connection:
        assert _count(connection) > 1000
        connection.execute("INSERT INTO teams (name) VALUES ('Ours')")
    ended = run("db", "demo")
    assert (ended.status, ended.out) == (1, "")


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM kpi_data").fetchone()
    assert row is not None
    return int(row[0])
