"""How long work tells that it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Step:
    """A sentence about the work; of a download also the bytes done, and in all if that is known."""

    text: str
    done: int | None = None
    total: int | None = None


Report = Callable[[Step], None]


def silent(step: Step) -> None:
    """A `Report` that says nothing."""


@contextmanager
def on_terminal(console: Console | None = None) -> Iterator[Report]:
    """A `Report` that shows sentences and a progress bar on `console`, by default standard error.

    Where that is no terminal, each sentence is printed once.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: Step) -> None:
            if step.done is None or (step.text not in tasks and not console.is_terminal):
                console.print(step.text, markup=False, highlight=False)
            if step.done is not None:
                if step.text not in tasks:
                    tasks[step.text] = progress.add_task(step.text)
                progress.update(tasks[step.text], completed=step.done, total=step.total)

        yield report
