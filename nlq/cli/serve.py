"""`nlq serve`: the HTTP interface and the page, with the embedded parts where no others are named."""

import dataclasses
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nlq import settings as settings_module
from nlq import signing_in
from nlq.cli import parts
from nlq.cli.output import note

if TYPE_CHECKING:
    from types import FrameType

    from flask import Flask


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="NLQ_HOST")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", min=0, max=65535, show_default="NLQ_PORT")
    ] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from nlq.web import server

    signal.signal(signal.SIGTERM, _stop)
    settings = _listening_on(settings_module.load(), host, port)
    signing_in.check(settings.sign_in, settings.host)
    listener = server.listen(settings.host, settings.port)
    where = server.url(listener)
    try:
        with parts.everything(settings) as complete:
            import langchain_openai  # noqa: F401 - before the fork: a worker that dies is soon replaced

            server.serve(
                lambda: _application(complete),
                listener,
                lambda: note(f"Ready: {where}"),
                complete.max_questions,
            )
    except KeyboardInterrupt:
        note("Stopped.")


def _application(settings: settings_module.Settings) -> "Flask":
    from nlq.service import build
    from nlq.web import create_app

    service = build(settings)
    service.start()
    return create_app(service)


def _listening_on(
    settings: settings_module.Settings, host: str | None, port: int | None
) -> settings_module.Settings:
    return dataclasses.replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
    )


def _stop(_number: int, _frame: "FrameType | None") -> None:
    """Leave through every `finally` while the embedded parts start; later gunicorn listens to the signal."""
    sys.exit(0)
