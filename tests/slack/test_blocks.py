"""Whatever an answer holds, Slack takes it, and nothing in it is read as markup."""

import string
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nlq.answer import CHOICE_COLUMNS, Answer, Column, Method, Status, Table, Timing
from nlq.slack import blocks
from nlq.slack.blocks import Variants
from nlq.slack.text import cut, escape, mentions, typed
from tests.slack.block_kit import faults, texts

NASTY = [
    "<!channel>",
    "<@U0ANN>",
    "@here",
    "<https://evil.example|revenue>",
    "*bold*",
    "`x`",
    "&amp;",
    "\n",
    "",
]

_texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=60), st.text(min_size=400, max_size=3_000))
_cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    st.dates(),
    _texts,
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table of any size, its cells repeated so that large ones are made fast."""
    width = draw(st.integers(1, 25))
    columns = tuple(Column(draw(st.text(max_size=30)), "text") for _ in range(width))
    some = draw(st.lists(_cells, min_size=1, max_size=8))
    height = draw(st.sampled_from([0, 1, 2, 30, 99, 100, 300]))
    rows = tuple(tuple(some[(row + n) % len(some)] for n in range(width)) for row in range(height))
    return Table(columns, rows, draw(st.booleans()))


_choices = st.builds(
    Table,
    st.just(CHOICE_COLUMNS),
    st.tuples(_texts, _texts).flatmap(lambda row: st.sampled_from([0, 1, 30]).map(lambda n: (row,) * n)),
)
answers = st.builds(
    Answer,
    id=st.integers(1, 2**31),
    conversation_id=st.just(uuid.UUID(int=1)),
    status=st.sampled_from(Status),
    question=st.text(min_size=1, max_size=1_000),
    text=_texts,
    timing=st.just(Timing(1, 1, 1)),
    table=st.one_of(st.none(), tables(), _choices),
    sql=st.one_of(st.none(), _texts),
    interpretation=st.one_of(st.none(), _texts),
    warnings=st.lists(_texts, max_size=9),
    method=st.just(Method.PLAN),
)
_options = st.dictionaries(st.text(string.ascii_letters, max_size=40), _texts, max_size=130)


@settings(max_examples=60, deadline=None)
@given(answers, st.one_of(st.none(), st.just("U0ANN")), st.builds(Variants, _options, _options))
def test_slack_takes_every_answer(answer: Answer, to: str | None, variants: Variants) -> None:
    message = blocks.answered(answer, to=to, url="https://kpis.example.com/history/1", variants=variants)
    assert faults("message", list(message.blocks)) == []
    assert len(message.text) <= 2_000


@settings(max_examples=60, deadline=None)
@given(answers)
def test_nothing_in_an_answer_is_read_as_markup(answer: Answer) -> None:
    message = blocks.answered(answer, to="U0ANN")
    kinds = {item["type"] for item in _parts(list(message.blocks)) if "text" in item}
    assert "mrkdwn" not in kinds
    people = [item["user_id"] for item in _parts(list(message.blocks)) if item["type"] == "user"]
    assert people == ["U0ANN"]


@settings(max_examples=60, deadline=None)
@given(tables().filter(lambda table: len(table.rows) > 1))
def test_what_a_table_leaves_out_is_in_its_file(table: Table) -> None:
    answer = Answer(1, uuid.UUID(int=1), Status.ANSWERED, "?", "So.", Timing(1, 1, 1), table)
    message = blocks.answered(answer)
    (shown,) = [block for block in message.blocks if block["type"] == "table"]
    whole = len(shown["rows"]) == len(table.rows) + 1 and len(shown["rows"][0]) == len(table.columns)
    assert whole or any(file.name.endswith(".csv") for file in message.files)
    if any(file.name.endswith(".csv") for file in message.files):
        assert any("is in the file" in text for text in texts(list(message.blocks)))


def test_a_long_answer_is_cut_and_attached_whole() -> None:
    text = "So it is. " * 500
    message = blocks.said(text)
    (shown,) = texts(list(message.blocks))
    assert shown == cut(text, 2_000)
    assert [file.content.decode() for file in message.files] == [text]


def test_numbers_dates_and_gaps_read_like_on_the_page() -> None:
    columns = (
        Column("region", "text"),
        Column("month", "date"),
        Column("seen", "timestamp"),
        Column("x", "number"),
    )
    moment = datetime(2026, 3, 1, 14, tzinfo=UTC).replace(tzinfo=None)
    rows = (("EMEA", date(2026, 3, 1), moment, Decimal("1234.5")), ("APAC", None, None, Decimal("0.25")))
    answer = Answer(1, uuid.UUID(int=1), Status.ANSWERED, "?", "So.", Timing(1, 1, 1), Table(columns, rows))
    (table,) = [block for block in blocks.answered(answer).blocks if block["type"] == "table"]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        ["region", "month", "seen", "x"],
        ["EMEA", "2026-03-01", "2026-03-01 14:00", "1,234.50"],
        ["APAC", "-", "-", "0.25"],
    ]
    assert [column["align"] for column in table["column_settings"]] == ["left", "left", "left", "right"]


@given(st.text())
def test_escaped_text_holds_no_markup_and_is_read_back_as_it_was(text: str) -> None:
    assert "<" not in escape(text)
    assert typed(escape(text), "UBOT").split() == text.split()


def test_what_a_person_typed_is_found_behind_slacks_markup() -> None:
    text = "<@UBOT> revenue &amp; <#C1|sales> &lt; <https://x.example|costs> by <mailto:a@b.c|a@b.c>  now"
    assert typed(text, "UBOT") == "revenue & sales < costs by a@b.c now"
    assert mentions(text, "UBOT")
    assert not mentions(text, "UB")


def _parts(value: Any) -> list[dict[str, Any]]:
    """Every object with a type inside of blocks."""
    if isinstance(value, list):
        return [part for item in value for part in _parts(item)]
    if not isinstance(value, dict):
        return []
    inside = [part for item in value.values() for part in _parts(item)]
    return ([value] if "type" in value else []) + inside
