"""What data can do to a terminal: nothing."""

import csv
import io
import json
import unicodedata
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.answer import CHOICE_COLUMNS, Answer, Column, Method, Status, Table, Timing, as_json
from nlq.cli import output

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\u202egpj\r\b\x00"
ANSWER = Answer(
    id=1,
    conversation_id=uuid.uuid4(),
    status=Status.ANSWERED,
    question=HOSTILE,
    text=f"Sum {HOSTILE}",
    timing=Timing(1, 1, 1),
    table=Table((Column(f"c{HOSTILE}", "text"), Column("n", "number")), ((f"v{HOSTILE}", 1), ("=1+1", -2))),
    sql=f"SELECT '{HOSTILE}'",
    interpretation=HOSTILE,
    warnings=(HOSTILE,),
    method=Method.SQL,
)


def steers(text: str) -> bool:
    return any(unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\t" for c in text)


@pytest.mark.parametrize("status", [Status.ANSWERED, Status.CLARIFY])
def test_no_part_of_an_answer_steers_the_terminal(capsys: pytest.CaptureFixture[str], status: Status) -> None:
    choices = Table(CHOICE_COLUMNS, ((HOSTILE, HOSTILE),))
    table = choices if status is Status.CLARIFY else ANSWER.table
    output.print_answer(replace(ANSWER, status=status, table=table), with_sql=True)
    output.note(HOSTILE)
    printed = capsys.readouterr()
    assert "Sum" in printed.out
    assert not steers(printed.out + printed.err)


def test_json_says_the_same_without_steering(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json(as_json(ANSWER))
    printed = capsys.readouterr().out
    assert not steers(printed)
    assert json.loads(printed) == as_json(ANSWER)


def test_csv_is_safe_for_spreadsheets_and_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output.print_csv(ANSWER)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert rows[-1] == ["'=1+1", "-2"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.print_csv(ANSWER)
    assert not steers(capsys.readouterr().out)


@given(st.text())
def test_plain_text_keeps_its_letters_and_loses_its_powers(text: str) -> None:
    shown = output.plain(text)
    assert not steers(shown)
    assert len(shown) == len(text)
