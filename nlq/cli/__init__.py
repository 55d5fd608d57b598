"""The command line `nlq`.

Commands import what they need when they run: the model's and the database's libraries take seconds to
load, and `nlq --help` or a mistyped option should not wait for them.
"""

import sys
from collections.abc import Sequence

import typer

from nlq.cli import ask, db, evaluate, history, model, output, serve, slack, token
from nlq.errors import NlqError

app = typer.Typer(
    name="nlq",
    help="Ask about your KPIs in plain words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(ask.ask)
app.command()(serve.serve)
app.command()(token.token)
app.command("eval")(evaluate.evaluate)
app.add_typer(db.app, name="db")
app.add_typer(history.app, name="history")
app.add_typer(model.app, name="model")
app.add_typer(slack.app, name="slack")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of `arguments`, by default this process's, and end with its exit status.

    An error that a person can act on is one sentence on standard error and the status 1.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except NlqError as error:
        output.note(" ".join(str(error).split()))  # a server's message can have several lines
        sys.exit(1)
