"""Starts, for as long as a command needs them, the parts that the settings do not name."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from nlq.settings import Settings


@contextmanager
def everything(settings: Settings) -> Iterator[Settings]:
    """Database and model; yields the settings with their URLs. Shows on a terminal what is being done."""
    from nlq.embedded import progress
    from nlq.service import embedded

    with ExitStack() as stack:
        with progress.on_terminal() as report:
            complete = stack.enter_context(embedded(settings, report))
        yield complete


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The database alone; yields the settings with its URLs."""
    if settings.database_url or settings.reader_url or settings.writer_url:
        yield settings
        return
    from nlq.embedded.postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.home) as urls:
        yield dataclasses.replace(
            settings, database_url=urls.owner, reader_url=urls.reader, writer_url=urls.writer
        )
