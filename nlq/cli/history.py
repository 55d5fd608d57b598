"""`nlq history`: what was asked and how it went."""

import uuid
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nlq import settings as settings_module
from nlq.cli import output, parts
from nlq.errors import NlqError

if TYPE_CHECKING:
    from nlq.history_list import HistoryEntry

app = typer.Typer(help="What was asked and how it went.", invoke_without_command=True)

_HEADS = ("id", "asked", "status", "ms", "channel", "user", "question")
_RIGHT = frozenset({0, 3})
_MOST = 1000


@app.callback()
def listed(
    context: typer.Context,
    status: Annotated[
        Literal["answered", "clarify", "refused", "failed", "running"] | None,
        typer.Option(help="How it went."),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="web, slack, cli or http.")] = None,
    user: Annotated[str | None, typer.Option(help="Who asked.")] = None,
    text: Annotated[str | None, typer.Option(help="A piece of the question.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Asked at this time or later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Asked before this time.")] = None,
    conversation: Annotated[uuid.UUID | None, typer.Option(help="Of this conversation.")] = None,
    feedback: Annotated[
        Literal["right", "wrong", "none"] | None, typer.Option(help="What the newest feedback says.")
    ] = None,
    method: Annotated[
        Literal["plan", "sql", "verified"] | None, typer.Option(help="How it was answered.")
    ] = None,
    sort: Annotated[
        Literal["time", "duration", "confidence"],
        typer.Option(help="Newest, slowest or least sure first."),
    ] = "time",
    before: Annotated[int | None, typer.Option(help="Continue after this id.", min=1)] = None,
    limit: Annotated[int, typer.Option(help="How many questions at most.", min=1, max=_MOST)] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print all that is known, as JSON.")] = False,
) -> None:
    """List questions."""
    if context.invoked_subcommand is not None:
        return
    from nlq.history_list import Filters, Order, Sort

    settings = settings_module.load()
    zone = settings.timezone
    filters = Filters(
        status=status,
        channel=channel,
        user=user,
        text=text,
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
        conversation_id=conversation,
        feedback=feedback,
        method=method,
    )
    order = Order(Sort(sort), ascending=sort == "confidence")
    with parts.history(settings) as history:
        page = history.page(filters, before, limit, order)
    if json:
        output.print_json([vars(entry) for entry in page.entries])
    elif not page.entries:
        output.note("There are no such questions.")
    else:
        output.print_table(_HEADS, [_line(entry, zone) for entry in page.entries], _RIGHT)
    if page.next_cursor:
        output.note(f"There are more: repeat the command with --before {page.next_cursor}.")


@app.command()
def show(query_id: Annotated[int, typer.Argument(metavar="ID", help="The question's id.", min=1)]) -> None:
    """Print all that is known about one question, as JSON."""
    with parts.history(settings_module.load()) as history:
        entry = history.get(query_id)
    if entry is None:
        raise NlqError(f"There is no question with the id {query_id}.")
    output.print_json(vars(entry))


@app.command()
def redact(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="The questions' ids.")] = None,
    user: Annotated[str | None, typer.Option(help="All questions of this person.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Asked before this time.")] = None,
    approved: Annotated[
        bool, typer.Option("--approved", help="Also those with an approved answer, which is then forgotten.")
    ] = False,
) -> None:
    """Empty what was said, and by whom; times, durations and how it went stay."""
    from nlq.retention import Retention, Which

    if not (ids or user or until):
        raise typer.BadParameter("Say which questions: their ids, --user or --until.")
    settings = settings_module.load()
    before = until.replace(tzinfo=settings.timezone) if until else None
    with parts.writer(settings) as pool:
        count = Retention(pool).redact(Which(ids or None, user, before, keep_approved=not approved))
    output.note(f"{count} questions were redacted.")


@app.command()
def expire(
    days: Annotated[int, typer.Option(help="Delete what was asked longer ago.", min=1, show_default=False)],
) -> None:
    """Delete old questions with all that hangs on them, as the database's owner; approved ones stay."""
    from nlq.retention import expire as delete

    with parts.owned_database(settings_module.load()) as (_, owner_url):
        count = delete(owner_url, datetime.now(UTC) - timedelta(days=days))
    output.note(f"{count} questions were deleted.")


def _line(entry: "HistoryEntry", zone: tzinfo) -> list[str]:
    asked = entry.timestamp.astimezone(zone).strftime("%Y-%m-%d %H:%M") if entry.timestamp else None
    took = entry.execution_time_ms
    cells = (entry.id, asked, entry.status, took, entry.channel, entry.user, entry.question)
    return ["-" if cell is None else str(cell) for cell in cells]
