"""`nlq ask`: one question, answered in the terminal, as JSON or as CSV."""

import getpass
import uuid
from typing import Annotated

import typer

from nlq import settings as settings_module
from nlq.answer import Answer, Status, as_json
from nlq.cli import output, parts
from nlq.question import Question, check_text
from nlq.settings import Settings

_EXIT_STATUS = {Status.ANSWERED: 0, Status.FAILED: 1, Status.REFUSED: 3, Status.CLARIFY: 3}


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    conversation: Annotated[
        uuid.UUID | None, typer.Option(help="Continue this conversation: its id is in the --json answer.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL too.")] = False,
) -> None:
    """Ask a question.

    Exit status: 0 answered, 1 failed, 2 wrong use, 3 refused or asked back.
    """
    if json + csv + sql > 1:
        raise typer.BadParameter("Use only one of --json, --csv and --sql.")
    settings = settings_module.load()
    parts.hush_retries()
    text = check_text(question, settings.max_question_chars)
    answer = _answer(settings, Question(text, conversation, channel="cli", user=_user()))
    if json:
        output.print_json(as_json(answer))
    elif csv:
        output.print_csv(answer)
    else:
        output.print_answer(answer, with_sql=sql)
    raise typer.Exit(_EXIT_STATUS[answer.status])


def _answer(settings: Settings, question: Question) -> Answer:
    from nlq.service import build

    with parts.everything(settings) as complete:
        service = build(complete)
        service.tidy()
        with output.working("Working on it"):
            return service.pipeline.ask(question)


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user without a name
        return None
