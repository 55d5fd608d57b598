"""The evaluation: what counts as right, what the worlds promise, and that a report hides nothing."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nlq import settings as settings_module
from nlq.answer import Status
from nlq.clock import fixed
from nlq.embedded.progress import silent
from nlq.errors import SettingsError
from nlq.evaluation import baselines, worlds
from nlq.evaluation.compare import Result, matches
from nlq.evaluation.figures import figures
from nlq.evaluation.judge import Outcome, Reply, gold_results
from nlq.evaluation.report import Evaluation, as_dict, as_markdown
from nlq.evaluation.run import Examination, asking, examine
from nlq.evaluation.sets import Case, Turn, read
from nlq.service import Service, build, embedded
from schema.worlds import fill, load, readings
from tests.command_line import Run
from tests.postgres import Database
from tests.scripted import Script, scripted_model
from tests.test_end_to_end import HOME

DEVELOPMENT = worlds.names("development")
LEAST_WITHOUT_MODEL = 28
"""Cases of the hospital that must be right without a model; the evaluation tells the others."""
ASKED, LEAST = 30, 24
"""Questions of the hospital that the embedded model is asked, and how many must be right."""

EAST_AND_WEST = Result(("region", "sum"), (("East", Decimal("10.5")), ("West", 20)))


# What counts as right


def given(*rows: tuple[Any, ...], columns: Sequence[str] | None = None) -> Result:
    return Result(tuple(columns or [f"c{i}" for i in range(len(rows[0]))]), rows)


@pytest.mark.parametrize(
    "answer",
    [
        given(("East", 10.5), ("West", 20.0)),
        given(("west", 20), ("East", Decimal("10.50"))),
        given((20, "t", "West"), (10.5, "t", "East")),
        given(("East", 10.5), ("West", 20), (None, 3)),
        given(("East", 10.509), ("West", 19.99)),
    ],
    ids=["the same", "other order and case", "more columns", "a group without a name", "rounded"],
)
def test_the_same_rows_are_right_in_any_layout(answer: Result) -> None:
    assert matches(EAST_AND_WEST, answer)


@pytest.mark.parametrize(
    "answer",
    [
        given(("East", 10.5)),
        given(("East", 10.5), ("West", 20), ("North", 1)),
        given(("East", 20), ("West", 10.5)),
        given(("East", 10.5), ("West", 20.03)),
        given((10.5,), (20,)),
        given(("East", 10.5), ("West", None)),
        Result(("region", "sum"), ()),
    ],
    ids=["a row missing", "a row too many", "swapped", "too far off", "no names", "no number", "no rows"],
)
def test_other_rows_are_wrong(answer: Result) -> None:
    assert not matches(EAST_AND_WEST, answer)


def test_two_numbers_side_by_side_are_as_good_as_two_rows() -> None:
    side_by_side = given(("East", 1, 2), ("West", 3, 4), columns=("region", "before", "after"))
    below = given(("East", 2025, 1), ("East", 2026, 2), ("West", 2025, 3), ("West", 2026, 4))
    assert matches(side_by_side, below)
    assert matches(given(("East", 1), ("East", 2), ("West", 3), ("West", 4)), side_by_side)


def test_columns_of_time_are_left_out() -> None:
    gold = Result(("region", "month", "sum"), (("East", 1, 5), ("East", 2, 6)))
    assert matches(gold, given(("2026-01", "East", 5), ("2026-02", "East", 6)))


def test_the_order_matters_where_the_question_asks_for_one() -> None:
    turned = given(("West", 20), ("East", 10.5))
    assert matches(EAST_AND_WEST, turned)
    assert not matches(EAST_AND_WEST, turned, ordered=True)


def test_only_a_difference_may_have_the_other_sign() -> None:
    assert matches(given((5,), columns=("difference",)), given((-5,)))
    assert not matches(given((5,), columns=("change",)), given((-5,)))


def test_small_numbers_are_compared_as_far_as_they_are_written() -> None:
    gold = given((Decimal("0.041234"),))
    assert matches(gold, given((Decimal("0.0412"),)))
    assert matches(gold, given((0.04,)))
    assert not matches(gold, given((Decimal("0.0431"),)))


# Question sets


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {question: Why}", "entry 1 needs a question, and either sql or expect"),
        ("- {sql: SELECT 1}", "entry 1 needs a question"),
        ("- {question: A, sql: SELECT 1, expect: refused}", "either sql or expect"),
        ("- {question: A, sql: SELECT 1}\n- {question: A, sql: SELECT 1, tag: x}", "entry 2 has tag"),
        ("- {question: A", "not valid YAML"),
        ("- {question: A, expect: rejected}", "entry 1: 'rejected' is not a valid Status"),
        ("- just text", "entry 1 is no mapping"),
        ("question: A", "a list of questions"),
    ],
)
def test_a_question_set_with_a_mistake_is_refused_and_the_entry_named(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "set.yml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"set\.yml") as refused:
        read(file)
    assert said in str(refused.value)


def test_a_question_set_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yml cannot be read"):
        read(tmp_path / "absent.yml")


def test_a_conversation_has_the_tags_of_all_its_turns(tmp_path: Path) -> None:
    file = tmp_path / "set.yml"
    file.write_text(
        "- tags: [follow-up]\n  turns:\n"
        "  - {question: A, sql: SELECT 1, tags: [total]}\n"
        "  - {question: B, expect: [refused, clarify], tags: [total, odd]}\n"
    )
    (case,) = read(file)
    assert case.tags == ("follow-up", "total", "odd")
    assert [turn.expect for turn in case.turns] == [{Status.ANSWERED}, {Status.REFUSED, Status.CLARIFY}]


# Worlds


def test_a_world_has_the_same_readings_in_every_process() -> None:
    code = (
        "import hashlib, schema.worlds as w\n"
        "print(hashlib.sha256(repr(list(w.readings(w.load('hospital')))).encode()).hexdigest())"
    )
    environ = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    here = hashlib.sha256(repr(list(readings(load("hospital")))).encode()).hexdigest()
    assert other.stdout.strip() == here


def test_the_tests_worlds_are_kept_apart_from_those_of_development() -> None:
    assert not set(DEVELOPMENT) & set(worlds.names("test"))


@pytest.mark.parametrize("name", DEVELOPMENT)
def test_every_statement_by_hand_runs_and_returns_rows(migrated: Database, name: str) -> None:
    fill(migrated.owner_url, load(name))
    every = [case for kind in ("questions", "refusals", "conversations") for case in worlds.cases(name, kind)]
    found = gold_results(migrated.owner_url, every)
    assert found
    assert [statement for statement, result in found.items() if not result.rows] == []


def test_a_statement_by_hand_that_fails_is_named_by_its_question(migrated: Database) -> None:
    case = Case((Turn("How much?", ("SELECT nothing",)),), ())
    with pytest.raises(SettingsError, match="'How much\\?' fails"):
        gold_results(migrated.owner_url, [case])


def test_statements_by_hand_cannot_change_the_data(migrated: Database) -> None:
    case = Case((Turn("How much?", ("DELETE FROM teams RETURNING 1",)),), ())
    with pytest.raises(SettingsError, match="read-only"):
        gold_results(migrated.owner_url, [case])


# Figures and the report


def outcome(case: int = 1, *, right: bool = True, ms: int = 10, gold: bool = True, **facts: Any) -> Outcome:
    reply = Reply(**{"status": Status.ANSWERED, "text": "", "total_ms": ms, "llm_ms": 0, **facts})
    turn = Turn(f"Question {case}?", ("SELECT 1",) if gold else (), tags=("t",))
    return Outcome("nlq", "w", "questions", case, 1, ("t",), turn, reply, right)


def test_a_case_is_right_only_if_all_its_turns_are() -> None:
    own = figures([outcome(1), outcome(1, right=False), outcome(2)])
    assert (own.cases, own.cases_right, own.turns, own.turns_right) == (2, 1, 3, 2)


def test_a_wrong_answer_without_a_warning_is_wrong_and_confident() -> None:
    own = figures(
        [
            outcome(1, right=False),
            outcome(2, right=False, warnings=("Read as revenue.",)),
            outcome(3, right=False, status=Status.FAILED),
            outcome(4, right=False, gold=False),
        ]
    )
    assert (own.wrong_and_confident, own.failed) == (2, 1)


def test_an_answerable_question_that_is_refused_or_asked_back_is_held_back() -> None:
    own = figures(
        [
            outcome(1, right=False, status=Status.REFUSED),
            outcome(2, right=False, status=Status.CLARIFY),
            outcome(3, gold=False, status=Status.REFUSED),
        ]
    )
    assert (own.held_back, own.answerable) == (2, 2)


def test_times_are_told_by_median_and_by_the_slowest_twentieth() -> None:
    own = figures([outcome(n, ms=n) for n in range(1, 101)])
    assert (own.median_ms, own.p95_ms) == (50.5, 95)


# A whole run


@pytest.fixture
def hospital(migrated: Database) -> Database:
    """The hospital's database."""
    fill(migrated.owner_url, load("hospital"))
    return migrated


@pytest.fixture
def model() -> Iterator[Script]:
    """A model that knows nothing."""
    with scripted_model() as script:
        yield script


def settings_of(database: Database, base_url: str) -> settings_module.Settings:
    return settings_module.load(
        {
            "NLQ_READER_URL": database.reader_url,
            "NLQ_WRITER_URL": database.writer_url,
            "NLQ_MODEL": "scripted",
            "OPENAI_BASE_URL": base_url,
            "NLQ_TIMEZONE": "UTC",
        }
    )


def today() -> date:
    return load("hospital").today


def examination_of(database: Database, **sets: Sequence[Case]) -> Examination:
    numbered = {name: list(enumerate(cases, start=1)) for name, cases in sets.items()}
    return Examination(
        "hospital", numbered, gold_results(database.owner_url, [c for s in sets.values() for c in s])
    )


def test_most_questions_are_right_without_a_model_and_each_is_in_the_history_and_each_miss_in_the_report(
    hospital: Database, model: Script
) -> None:
    service = build(settings_of(hospital, model.base_url), fixed(today()))
    sets = {name: worlds.cases("hospital", name) for name in ("questions", "refusals")}
    told: list[str] = []
    outcomes = tuple(examine("nlq", asking(service), examination_of(hospital, **sets), told.append))
    asked = [case.turns[0].question for cases in sets.values() for case in cases]
    wrong = [o.turn.question for o in outcomes if not o.right]
    assert len(asked) - len(wrong) >= LEAST_WITHOUT_MODEL, wrong
    assert wrong, "without a model some are wrong; else this test shows nothing"

    kept = service.history.page(limit=1000).entries
    assert [entry.question for entry in reversed(kept)] == asked
    assert all(entry.execution_time_ms is not None for entry in kept)
    assert all(entry.successful == (entry.status == "answered") for entry in kept)

    evaluation = Evaluation("scripted", ("hospital",), "a machine", "today", outcomes)
    report = as_markdown(evaluation)
    headings = [line.partition(": ")[2] for line in report.splitlines() if line.startswith("### ")]
    assert headings == wrong
    told_wrong = [line for line in told if line.startswith("WRONG")]
    assert len(told_wrong) == len(wrong)
    again = json.loads(json.dumps(as_dict(evaluation), default=str))
    assert [o["question"] for o in again["outcomes"] if not o["right"]] == wrong


def test_a_conversation_is_asked_as_one(hospital: Database, model: Script) -> None:
    service = build(settings_of(hospital, model.base_url), fixed(today()))
    spend = (
        "SELECT sum(value) FROM kpi_data JOIN kpi_definitions k ON k.id = kpi_id WHERE k.name = 'Drug Spend'"
    )
    turns = (
        Turn("drug spend in 2025", (f"{spend} AND year = 2025",)),
        Turn("and in 2024?", (f"{spend} AND year = 2024",)),
    )
    examination = examination_of(hospital, conversations=[Case(turns, ())])
    outcomes = list(examine("nlq", asking(service), examination, lambda line: None))
    assert [o.right for o in outcomes] == [True, True]
    assert len({o.reply.conversation_id for o in outcomes}) == 1


def test_the_command_measures_writes_its_files_and_leaves_no_database_behind(
    run: Run, model: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
    monkeypatch.setenv("NLQ_MODEL", "scripted")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    report, measured = tmp_path / "report.md", tmp_path / "measured.json"
    files = ("--report", str(report), "--json", str(measured))
    ended = run("eval", "--world", "hospital", "--set", "questions", "--limit", "2", *files)
    assert ended.status == 0
    assert "nlq questions: 2 of 2 right" in ended.out
    assert "## By system and set" in report.read_text()
    facts = json.loads(measured.read_text())
    assert (facts["model"], len(facts["outcomes"])) == ("scripted", 2)
    assert list(temporary.iterdir()) == []


def test_a_world_that_does_not_exist_is_named(run: Run) -> None:
    ended = run("eval", "--world", "atlantis")
    assert ended.status == 1
    assert "no world atlantis" in ended.err


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(
    run: Run, tmp_path: Path
) -> None:
    ended = run("eval", "--world", "hospital", "--report", str(tmp_path / "absent" / "report.md"))
    assert ended.status == 1
    assert "There is no folder" in ended.err


# Baselines


def answered_by(name: Any, database: Database, model: Script, reply: str) -> Reply:
    model.replies = [reply]
    ask = baselines.baseline(name, settings_of(database, model.base_url), today())
    return ask("How many teams are there?", None)


def test_the_ddl_baseline_runs_the_sql_of_a_code_block(hospital: Database, model: Script) -> None:
    reply = answered_by("ddl", hospital, model, "Here:\n```sql\nSELECT count(*) FROM teams;\n```\nDone.")
    assert reply.result is not None
    assert (reply.status, reply.result.rows, reply.completion_tokens) == (Status.ANSWERED, ((6,),), 9)
    system = model.requests[-1]["messages"][0]["content"]
    assert "CREATE TABLE kpi_data" in system
    assert today().isoformat() in system


def test_the_langchain_baseline_shows_tables_with_sample_rows(hospital: Database, model: Script) -> None:
    reply = answered_by("langchain", hospital, model, "SQLQuery: SELECT count(*) FROM teams\nSQLResult: 6")
    assert reply.result is not None
    assert (reply.status, reply.result.rows) == (Status.ANSWERED, ((6,),))
    (message,) = model.requests[-1]["messages"]
    assert "3 rows from teams table:\nid\tname\tdepartment" in message["content"]
    assert "How many teams are there?\nSQLQuery: " in message["content"]


def test_a_baseline_whose_sql_fails_or_would_write_is_wrong(hospital: Database, model: Script) -> None:
    for sql in ("SELECT * FROM nowhere", "DELETE FROM teams", "I do not know"):
        reply = answered_by("ddl", hospital, model, sql)
        assert (reply.status, reply.result) == (Status.FAILED, None)
        assert reply.error
    with psycopg.connect(hospital.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM teams").fetchone() == (6,)


def test_a_baseline_takes_the_worlds_day_for_today(hospital: Database, model: Script) -> None:
    reply = answered_by("ddl", hospital, model, "SELECT CURRENT_DATE, now()::date")
    assert reply.result is not None
    assert reply.result.rows == ((today(), today()),)


def test_a_missing_langchain_is_named(
    hospital: Database, model: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_classic.chains", None)
    with pytest.raises(SettingsError, match="langchain-classic"):
        answered_by("langchain", hospital, model, "")


def test_baselines_are_asked_only_questions_of_one_turn_that_have_an_answer() -> None:
    plain = Case((Turn("A", ("SELECT 1",)),), ())
    refused = Case((Turn("B", (), frozenset({Status.REFUSED})),), ())
    several = Case((plain.turns[0], plain.turns[0]), ())
    sets = {"questions": [(1, plain), (2, refused), (3, several)]}
    assert Examination("w", sets, {}).single_questions().sets == {"questions": [(1, plain)]}


# The real model


@pytest.fixture
def with_model(hospital: Database) -> Iterator[Service]:
    """The service over the hospital's database with the embedded model."""
    environ = {
        "NLQ_HOME": str(HOME),
        "NLQ_READER_URL": hospital.reader_url,
        "NLQ_WRITER_URL": hospital.writer_url,
        "NLQ_TIMEZONE": "UTC",
    }
    with embedded(settings_module.load(environ), silent) as complete:
        yield build(complete, fixed(today()))


@pytest.mark.model
def test_the_embedded_model_answers_most_questions_of_a_company_right(
    hospital: Database, with_model: Service
) -> None:
    examination = examination_of(hospital, questions=worlds.cases("hospital", "questions")[:ASKED])
    outcomes = list(examine("nlq", asking(with_model), examination, lambda line: None))
    wrong = [o.turn.question for o in outcomes if not o.right]
    assert len(outcomes) == ASKED
    assert ASKED - len(wrong) >= LEAST, wrong
