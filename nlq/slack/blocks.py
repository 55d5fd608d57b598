"""Answers as messages: a sentence, the table, how it was read, warnings, buttons, and files beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlq import cells, export
from nlq.answer import Answer, Status, Table
from nlq.slack.elements import MOST_CHARACTERS, actions, button, menu, note, paragraph, preformatted
from nlq.slack.message import Attachment, Block, Message
from nlq.slack.text import cut

RIGHT, WRONG, SQL, CSV, BROWSER = "right", "wrong", "sql", "csv", "browser"
CHOICE, PERIOD, GROUPING, AGAIN, EXAMPLE = "choice", "period", "grouping", "again", "example"
"""What buttons and menus are called in `action_id`; choices and examples have a number behind."""

_MOST_ROWS = 100
_MOST_COLUMNS = 20
_PREVIEW_ROWS = 20
_TABLE_CHARACTERS = 6_000
"""Slack takes 10,000 in a table, and about 13,000 in all blocks of a message."""
_CELL_CHARACTERS = 500
_WARNING_CHARACTERS = 400
_MOST_WARNINGS = 5
_MOST_CHOICES = 20

_KINDS: Mapping[Status, str] = {
    Status.CLARIFY: "A question back",
    Status.REFUSED: "Not something this data can answer",
    Status.FAILED: "That did not work",
}


@dataclass(frozen=True)
class Variants:
    """Other ways to cut the same answer: what a menu shows, by the value that comes back."""

    periods: Mapping[str, str]
    groupings: Mapping[str, str]


NO_VARIANTS = Variants({}, {})


def answered(
    answer: Answer,
    *,
    to: str | None = None,
    url: str | None = None,
    variants: Variants = NO_VARIANTS,
    chart: Attachment | None = None,
) -> Message:
    """The message for `answer`, whatever its status.

    Args:
        answer: what the pipeline gave.
        to: id of the person who is addressed, where others read along.
        url: address of the answer's own page.
        variants: what its menus offer.
        chart: a picture of it.
    """
    if answer.status is Status.ANSWERED:
        shown = [*_rows(answer.table), *_notes(answer), *_buttons(answer, url, variants)]
        files = [*([chart] if chart else []), *_rows_as_file(answer)]
    else:
        shown, files = [note(_KINDS[answer.status]), *_way_on(answer)], []
    message = said(answer.text, to)
    return Message(message.text, (*message.blocks, *shown), (*message.files, *files))


def said(text: str, to: str | None = None) -> Message:
    """A message that is one paragraph; what is too long for it goes into a file."""
    too_long = len(text) > MOST_CHARACTERS
    whole = (Attachment("answer.txt", "The whole answer", text.encode(errors="replace")),) if too_long else ()
    return Message(cut(text, MOST_CHARACTERS), (paragraph(text, to),), whole)


def statement(query_id: int, sql: str) -> Message:
    """The SQL of an answer."""
    return Message(f"The SQL of answer {query_id}", (preformatted(sql),))


def csv_attachment(query_id: int, table: Table) -> Attachment:
    """The rows of an answer as a file."""
    return Attachment(
        f"answer-{query_id}.csv", f"Answer {query_id} (CSV)", export.as_csv(table).encode(errors="replace")
    )


def _way_on(answer: Answer) -> list[Block]:
    """What to pick from where the answer asks back; another try where it failed."""
    if answer.status is Status.FAILED:
        return [actions(button(AGAIN, "Ask again", answer.question))]
    buttons = [
        button(f"{CHOICE}_{number}", choice.label, f"{answer.id}:{number}")
        for number, choice in enumerate(answer.choices[:_MOST_CHOICES])
    ]
    return [actions(*buttons)] if buttons else []


def _rows(table: Table | None) -> list[Block]:
    """The rows as a table block, or the first of them; none where the sentence says it all."""
    if table is None or (len(table.rows) < 2 and len(table.columns) < 3):
        return []
    if _fits(table):
        return [_block(table, _written(table))]
    size = f"{len(table.rows)} rows and {len(table.columns)} columns"
    return [_block(table, _preview(_written(table))), note(f"The whole table, {size}, is in the file.")]


def _rows_as_file(answer: Answer) -> list[Attachment]:
    table = answer.table
    return [csv_attachment(answer.id, table)] if table and table.rows and not _fits(table) else []


def _fits(table: Table) -> bool:
    """Whether a table block can show all of `table`."""
    if len(table.rows) >= _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        return False
    lengths = [len(cell) for row in _written(table) for cell in row]
    return max(lengths, default=0) <= _CELL_CHARACTERS and sum(lengths) <= _TABLE_CHARACTERS


def _written(table: Table) -> list[list[str]]:
    """Heads and rows as text."""
    return [[column.name.replace("_", " ") for column in table.columns], *cells.written(table)]


def _preview(rows: list[list[str]]) -> list[list[str]]:
    """The first rows and columns, of each cell as much as leaves room for the others."""
    first = [row[:_MOST_COLUMNS] for row in rows[: _PREVIEW_ROWS + 1]]
    longest = min(_TABLE_CHARACTERS // sum(map(len, first)), _CELL_CHARACTERS)
    return [[cut(cell, longest) for cell in row] for row in first]


def _block(table: Table, rows: Sequence[Sequence[str]]) -> Block:
    settings = [
        {"align": "right" if cells.is_numeric(column) else "left", "is_wrapped": True}
        for column in table.columns[:_MOST_COLUMNS]
    ]
    shown = [[{"type": "raw_text", "text": cell if cell.strip() else "-"} for cell in row] for row in rows]
    return {"type": "table", "column_settings": settings, "rows": shown}


def _notes(answer: Answer) -> list[Block]:
    read = [note(f"Read as: {answer.interpretation}")] if answer.interpretation else []
    return read + [note(f"⚠ {said}", _WARNING_CHARACTERS) for said in answer.warnings[:_MOST_WARNINGS]]


def _buttons(answer: Answer, url: str | None, variants: Variants) -> list[Block]:
    value = str(answer.id)
    first = [button(RIGHT, "✓ Right", value), button(WRONG, "✗ Wrong", value)]
    if answer.sql:
        first += [button(SQL, "Show SQL", value), button(CSV, "Download CSV", value)]
    if url:
        first.append(button(BROWSER, "Open in browser", value) | {"url": url})
    menus = [
        menu(name, placeholder, {f"{value}:{option}": shown for option, shown in options.items()})
        for name, placeholder, options in (
            (PERIOD, "Other period", variants.periods),
            (GROUPING, "Other grouping", variants.groupings),
        )
        if options
    ]
    return [actions(*first), *([actions(*menus)] if menus else [])]
