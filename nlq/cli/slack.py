"""`nlq slack`: answers in Slack over Socket Mode, and what it takes to set the app up."""

import logging
import signal
import threading
from typing import Annotated

import typer

from nlq import settings as settings_module
from nlq.cli import parts
from nlq.cli.output import note
from nlq.errors import NlqError, SettingsError
from nlq.settings import Settings

_log = logging.getLogger("nlq.slack.socket")

app = typer.Typer(invoke_without_command=True)


@app.callback()
def slack(context: typer.Context) -> None:
    """Answer in Slack over Socket Mode until Ctrl-C or SIGTERM; no public address is needed."""
    if context.invoked_subcommand is None:
        settings = settings_module.load()
        if settings.slack.app_token is None:
            raise SettingsError(
                "Set NLQ_SLACK_APP_TOKEN to the app's token for Socket Mode, which begins with xapp-; "
                "docs/slack.md says where it is found."
            )
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        with parts.everything(settings) as complete:
            _serve(complete, stopped)


@app.command()
def manifest(
    url: Annotated[
        str | None,
        typer.Option(help="The service's public address. Leave it out for Socket Mode.", show_default=False),
    ] = None,
    name: Annotated[str, typer.Option(help="What the bot is called.")] = "KPIs",
    command: Annotated[str, typer.Option(help="The slash command.")] = "/kpi",
) -> None:
    """Print the manifest to make the app from, at https://api.slack.com/apps."""
    from nlq.slack import manifest as made

    if url is not None and not url.startswith("https://"):
        raise typer.BadParameter("Slack needs an address that begins with https://.", param_hint="--url")
    if not command.startswith("/") or len(command) < 2 or any(c.isspace() for c in command):
        raise typer.BadParameter("A command is a slash and a word.", param_hint="--command")
    print(made.as_yaml(made.manifest(url.rstrip("/") if url else None, name, command)), end="")


@app.command()
def key() -> None:
    """Print a new key for NLQ_SLACK_ENCRYPTION_KEY."""
    from cryptography.fernet import Fernet

    print(Fernet.generate_key().decode())


def _serve(settings: Settings, stopped: threading.Event) -> None:
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    from nlq.service import build
    from nlq.slack.app import build as build_slack
    from nlq.slack.sending import FAILURES, reason

    service = build(settings)
    service.start()
    running = build_slack(service)
    handler = SocketModeHandler(running.bolt, settings.slack.app_token, logger=_log)
    _log.disabled = True  # the sentence below says it once
    try:
        running.check()
        handler.connect()  # type: ignore[no-untyped-call]
    except FAILURES as error:
        raise NlqError(f"Slack cannot be reached with these tokens: {reason(error)}.") from error
    _log.disabled = False
    running.start()
    note("Ready: ask in Slack.")
    stopped.wait()
    handler.close()  # type: ignore[no-untyped-call]
    running.stop()
    note("Stopped.")
