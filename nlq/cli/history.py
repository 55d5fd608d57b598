"""`nlq history`: what was asked and how it went."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlq import settings as settings_module
from nlq.cli import output, parts
from nlq.errors import NlqError

if TYPE_CHECKING:
    from nlq.history import Filters, HistoryEntry, HistoryPage

app = typer.Typer(help="What was asked and how it went.", invoke_without_command=True)

_HEADS = ("id", "asked", "status", "ms", "channel", "user", "question")
_RIGHT = frozenset({0, 3})
_MOST = 1000


@app.callback()
def listed(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="answered, clarify, refused, failed or running.")] = None,
    channel: Annotated[str | None, typer.Option(help="web, slack, cli or http.")] = None,
    user: Annotated[str | None, typer.Option(help="Who asked.")] = None,
    text: Annotated[str | None, typer.Option(help="A piece of the question.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Asked at this time or later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Asked before this time.")] = None,
    before: Annotated[int | None, typer.Option(help="Continue below this id.", min=1)] = None,
    limit: Annotated[int, typer.Option(help="How many questions at most.", min=1, max=_MOST)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List questions, newest first."""
    if context.invoked_subcommand is not None:
        return
    from nlq.history import Filters

    zone = settings_module.load().timezone
    filters = Filters(
        status=status,
        channel=channel,
        user=user,
        text=text,
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
    )
    page = _page(filters, before, limit)
    if as_json:
        output.print_json([vars(entry) for entry in page.entries])
        return
    output.print_table(_HEADS, [_line(entry) for entry in page.entries], _RIGHT)
    if page.next_cursor:
        output.note(f"There are more: nlq history --before {page.next_cursor}")


@app.command()
def show(query_id: Annotated[int, typer.Argument(metavar="ID", help="The question's id.", min=1)]) -> None:
    """Print all that is known about one question, as JSON."""
    from nlq.service import build

    with parts.database(settings_module.load()) as settings:
        entry = build(settings).history.get(query_id)
    if entry is None:
        raise NlqError(f"There is no question with the id {query_id}.")
    output.print_json(vars(entry))


def _page(filters: "Filters", before: int | None, limit: int) -> "HistoryPage":
    from nlq.service import build

    with parts.database(settings_module.load()) as settings:
        return build(settings).history.page(filters, before, limit)


def _line(entry: "HistoryEntry") -> list[str]:
    asked = entry.timestamp.astimezone().strftime("%Y-%m-%d %H:%M") if entry.timestamp else None
    cells: list[Any] = [
        entry.id,
        asked,
        entry.status,
        entry.execution_time_ms,
        entry.channel,
        entry.user,
        entry.question,
    ]
    return ["-" if cell is None else str(cell) for cell in cells]
