"""The command line `nlq`.

Commands import what they need when they run: the model's and the database's libraries take seconds to
load, and `nlq --help` or a mistyped option should not wait for them.
"""

import sys

import typer

from nlq.cli import ask, db, history, model, serve
from nlq.errors import InvalidQuestion, NlqError, SettingsError, UnknownConversation

FAILED = 1
WRONG_USE = 2

app = typer.Typer(
    name="nlq",
    help="Ask about your KPIs in plain words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(ask.ask)
app.command()(serve.serve)
app.add_typer(db.app, name="db")
app.add_typer(history.app, name="history")
app.add_typer(model.app, name="model")


def main() -> None:
    """Run the command of this process's arguments; an error of ours is one sentence on standard error."""
    try:
        app()
    except NlqError as error:
        print(error, file=sys.stderr)
        wrong_use = isinstance(error, InvalidQuestion | SettingsError | UnknownConversation)
        sys.exit(WRONG_USE if wrong_use else FAILED)
    except BrokenPipeError:  # the reader of a pipe, such as head, has left
        sys.stderr.close()
        sys.exit(FAILED)
