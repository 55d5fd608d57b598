"""`nlq ask`: one question, answered in the terminal, as JSON or as CSV."""

import getpass
import uuid
from typing import Annotated, Any

import typer

from nlq import settings as settings_module
from nlq.cli import output, parts
from nlq.question import Question, check_text

_EXIT_CODES = {"answered": 0, "failed": 1, "refused": 3, "clarify": 3}


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    conversation: Annotated[
        uuid.UUID | None, typer.Option(help="Continue this conversation: its id is in the --json answer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    """Ask a question.

    Exit status: 0 answered, 1 failed, 2 wrong use, 3 refused or asked back.
    """
    if as_json and as_csv:
        raise typer.BadParameter("Use either --json or --csv.")
    settings = settings_module.load()
    text = check_text(question, settings.max_question_chars)
    answer = _answer(settings, Question(text, conversation, channel="cli", user=_user()))
    if as_json:
        output.print_json(answer)
    elif as_csv:
        output.print_csv(answer)
    else:
        output.print_answer(answer)
    raise typer.Exit(_EXIT_CODES[answer["status"]])


def _answer(settings: settings_module.Settings, question: Question) -> dict[str, Any]:
    from nlq.answer import as_json
    from nlq.service import build

    with parts.everything(settings) as complete:
        return as_json(build(complete).pipeline.ask(question))


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user without a name
        return None
