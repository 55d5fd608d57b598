"""`nlq model`: the embedded model's weights."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from nlq import settings as settings_module
from nlq.cli import output

app = typer.Typer(help="The embedded model's weights.", no_args_is_help=True)


@app.command()
def fetch(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A model of `nlq model list`, a .gguf file or its URL.", show_default="NLQ_MODEL"
        ),
    ] = None,
) -> None:
    """Fetch the weights and check them, so that the first start need not; print their file."""
    from nlq.embedded import progress, weights

    settings = settings_module.load()
    with progress.on_terminal() as report:
        path = weights.fetch(dataclasses.replace(settings, model=name or settings.model), report)
    print(path)


@app.command("list")
def listed() -> None:
    """List the models that can be fetched by name."""
    from nlq.embedded import weights

    models = settings_module.load().home / "models"
    lines = [
        (
            model.name,
            f"{model.size / 1e6:,.0f} MB",
            f"{model.memory / 1e6:,.0f} MB",
            _here(models / model.file),
        )
        for model in weights.KNOWN.values()
    ]
    output.print_table(("name", "download", "memory", "fetched"), lines, frozenset({1, 2}))


def _here(file: Path) -> str:
    return "yes" if file.exists() else "no"
