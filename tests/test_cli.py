"""The command line, over a stand-in of the service behind it."""

import csv
import io
import json
import sys
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from nlq import cells
from nlq.answer import Column, Table
from nlq.embedded import weights
from nlq.errors import DatabaseUnavailable, ModelUnavailable
from nlq.settings import Settings
from tests import stand_in
from tests.command_line import Ended, Run
from tests.stand_in import ANSWERED, CONVERSATION, StandInService

ESCAPE = "\x1b]0;owned\x07"


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
    printed = run("ask", "which cost is best").out.splitlines()
    assert "  - Tell me which cost is best (Cost per ticket)" in printed


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
