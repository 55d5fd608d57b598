"""The command line: over a stand-in of the service, and over a real PostgreSQL where it has none between."""

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nlq import cli
from nlq.answer import Column, Status, Table
from nlq.cli import cells
from nlq.embedded import weights
from nlq.errors import DatabaseUnavailable, ModelUnavailable
from nlq.history import History, Record, open_pool
from nlq.question import Question
from nlq.settings import Settings
from tests import stand_in
from tests.postgres import Database
from tests.stand_in import ANSWERED, CONVERSATION, StandInService

ESCAPE = "\x1b]0;owned\x07"


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in this process; nothing of this machine's environment configures it."""
    for name in ("NLQ_DATABASE_URL", "NLQ_READER_URL", "NLQ_WRITER_URL", "NLQ_MODEL", "NLQ_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NLQ_TIMEZONE", "UTC")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, written.out, written.err)

    return run


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> StandInService:
    """The service that commands build, instead of a model and a database."""
    service = stand_in.service(
        {
            "down": DatabaseUnavailable("The database is down."),
            "hostile": replace(ANSWERED, text=f"A{ESCAPE}", table=_one_cell(f"B{ESCAPE}")),
        }
    )

    monkeypatch.setitem(sys.modules, "nlq.service", stand_in.module(service))
    return service


def _one_cell(value: str) -> Table:
    return Table((Column("name", "text"),), ((value,),))


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


def test_an_answer_is_a_sentence_a_table_and_how_it_was_read(run: Run, service: StandInService) -> None:
    ended = run("ask", "Conversion by region")
    assert ended.status == 0
    lines = [line.rstrip() for line in ended.out.splitlines() if line.strip()]
    assert lines[0] == ANSWERED.text
    assert lines[1].split() == ["region", "month", "sales", "conversion", "rate"]
    assert lines[-3].split() == ["North", "America", "2026-09-01", "3.10"]
    assert lines[-2].split() == ["APAC", "2026-09-01", "-"]
    assert lines[-1] == f"Read as: {ANSWERED.interpretation}"
    assert service.pipeline.asked[0].channel == "cli"


def test_the_sql_is_shown_on_demand(run: Run, service: StandInService) -> None:
    assert stand_in.SQL not in run("ask", "Conversion by region").out
    assert stand_in.SQL in run("ask", "Conversion by region", "--sql").out


def test_json_is_the_answer_of_the_http_interface(run: Run, service: StandInService) -> None:
    body = json.loads(run("ask", "Conversion by region", "--json").out)
    assert (body["id"], body["status"], body["row_count"]) == (42, "answered", 3)
    assert body["rows"][0] == ["EMEA", "2026-09-01", 3.42]


def test_csv_is_the_rows_alone(run: Run, service: StandInService) -> None:
    rows = list(csv.reader(io.StringIO(run("ask", "Conversion by region", "--csv").out)))
    assert rows[0] == ["region", "month", "sales_conversion_rate"]
    assert rows[1:] == [
        ["EMEA", "2026-09-01", "3.42"],
        ["North America", "2026-09-01", "3.1"],
        ["APAC", "2026-09-01", ""],
    ]


def test_a_follow_up_continues_its_conversation(run: Run, service: StandInService) -> None:
    run("ask", "And in APAC?", "--conversation", str(CONVERSATION))
    assert service.pipeline.asked[0].conversation_id == CONVERSATION


@pytest.mark.parametrize(
    ("question", "status", "sentence"),
    [
        ("too slow", 1, "The model did not answer in time"),
        ("the weather", 3, "Ask me about KPIs"),
        ("which cost is best", 3, "Which cost do you mean?"),
    ],
)
def test_what_was_not_answered_says_so_also_to_a_script(
    run: Run, service: StandInService, question: str, status: int, sentence: str
) -> None:
    ended = run("ask", question)
    assert ended.status == status
    assert sentence in ended.out
    as_csv = run("ask", question, "--csv")
    assert (as_csv.status, as_csv.out) == (status, "")
    assert sentence in as_csv.err


def test_a_question_back_lists_its_choices(run: Run, service: StandInService) -> None:
    assert "  - Cost per ticket" in run("ask", "which cost is best").out.splitlines()


@pytest.mark.parametrize("question", ["", "?!", "x" * 1001, "sales\x00by region"])
def test_a_bad_question_is_one_sentence_and_starts_no_work(
    run: Run, service: StandInService, question: str
) -> None:
    ended = run("ask", question)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("The question ")
    assert ended.err.count("\n") == 1
    assert service.pipeline.asked == []


def test_an_error_is_one_sentence_on_standard_error(run: Run, service: StandInService) -> None:
    assert run("ask", "is it down?") == Ended(1, "", "The database is down.\n")


def test_ctrl_c_ends_without_a_word(run: Run, service: StandInService) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    service.pipeline.at_stage = interrupt
    assert run("ask", "Sales?") == Ended(130, "", "")


def test_data_cannot_steer_the_terminal(run: Run, service: StandInService) -> None:
    out = run("ask", "a hostile answer").out
    assert "A\N{REPLACEMENT CHARACTER}" in out
    assert "B\N{REPLACEMENT CHARACTER}" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "Sales?", "--json", "--csv"),
        ("ask", "Sales?", "--conversation", "yesterday"),
        ("history", "--status", "great"),
        ("history", "--limit", "0"),
        ("serve", "--port", "99999"),
    ],
)
def test_wrong_use_is_told_apart_from_failure(
    run: Run, service: StandInService, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).status == 2
    assert service.pipeline.asked == []


def test_numbers_of_a_column_have_equally_many_decimals_and_years_no_commas() -> None:
    columns = (Column("year", "integer"), Column("previous_year", "number"), Column("share", "number"))
    rows = ((2026, Decimal("1234567.5"), 0.12345), (2025, Decimal("12.25"), None))
    assert cells.written(Table(columns, rows)) == [
        ["2026", "1,234,567.50", "0.1235"],
        ["2025", "12.25", "-"],
    ]


def test_moments_are_shown_without_what_is_zero() -> None:
    moments = (datetime(2026, 11, 9), datetime(2026, 11, 9, 14), datetime(2026, 11, 9, 14, 5, 7))
    table = Table((Column("detected_at", "timestamp"),), tuple((moment,) for moment in moments))
    assert cells.written(table) == [["2026-11-09"], ["2026-11-09 14:00"], ["2026-11-09 14:05:07"]]


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
    run: Run, monkeypatch: pytest.MonkeyPatch, service: StandInService, arguments: tuple[str, ...]
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


def test_fetch_prints_the_file_of_the_model_that_was_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str | None] = []

    def fetch(settings: Settings, report: object) -> str:
        wanted.append(settings.model)
        return "/models/it.gguf"

    monkeypatch.setattr(weights, "fetch", fetch)
    monkeypatch.setenv("NLQ_MODEL", "from-environment")
    assert run("model", "fetch").out == "/models/it.gguf\n"
    assert run("model", "fetch", weights.SMALL.name).out == "/models/it.gguf\n"
    assert wanted == ["from-environment", weights.SMALL.name]


def test_a_model_that_cannot_be_fetched_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(settings: Settings, report: object) -> Any:
        raise ModelUnavailable("The model cannot be fetched.\nTry again.")

    monkeypatch.setattr(weights, "fetch", fetch)
    assert run("model", "fetch") == Ended(1, "", "The model cannot be fetched. Try again.\n")


def test_the_models_that_can_be_fetched_are_listed(run: Run) -> None:
    out = run("model", "list").out
    assert all(name in out for name in weights.KNOWN)


def test_a_setting_that_cannot_be_used_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLQ_PORT", "many")
    ended = run("serve")
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith("NLQ_PORT is 'many'")
