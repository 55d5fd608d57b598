"""`nlq eval`: how many questions about made-up companies are answered right, and how fast."""

import dataclasses
import json as json_module
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nlq import settings as settings_module
from nlq.cli import parts
from nlq.cli.output import note
from nlq.errors import SettingsError
from nlq.settings import Settings

if TYPE_CHECKING:
    from nlq.embedded.progress import Report
    from nlq.evaluation.judge import Outcome
    from nlq.evaluation.run import Examination, Numbered
    from nlq.evaluation.worlds import WorldDatabase


class SetName(StrEnum):
    """A set of a world."""

    QUESTIONS = "questions"
    REFUSALS = "refusals"
    CONVERSATIONS = "conversations"


class BaselineName(StrEnum):
    """A way of asking the model without this service."""

    DDL = "ddl"
    LANGCHAIN = "langchain"


@dataclasses.dataclass(frozen=True)
class _Choice:
    """Which cases to ask, and which systems."""

    sets: tuple[SetName, ...]
    tag: str | None
    limit: int | None
    baselines: tuple[BaselineName, ...]


def evaluate(
    world: Annotated[list[str] | None, typer.Option(help="A folder of schema/worlds.")] = None,
    use: Annotated[
        Literal["development", "test"], typer.Option(help="Which worlds, where none is named.")
    ] = "development",
    sets: Annotated[
        list[SetName] | None, typer.Option("--set", help="A set of the worlds.", show_default="all")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only cases with this tag.")] = None,
    limit: Annotated[int | None, typer.Option(help="The first cases of each set.", min=1)] = None,
    model: Annotated[
        str | None,
        typer.Option(help="As NLQ_MODEL; small is the smaller embedded one.", show_default="NLQ_MODEL"),
    ] = None,
    baseline: Annotated[
        list[BaselineName] | None, typer.Option(help="Also ask the model without this service.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report that people read here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all that was measured here.")] = None,
) -> None:
    """Ask questions with known answers about made-up companies, and count what is right."""
    from nlq.evaluation import report as reports
    from nlq.evaluation import worlds

    began = datetime.now(UTC)
    _require_folders(report, json)
    parts.hush_retries()
    settings = _with_model(settings_module.load(), model)
    chosen = tuple(world or worlds.names(use))
    if not chosen:
        raise SettingsError(f"No world of schema/worlds is kept for {use}.")
    choice = _Choice(tuple(sets or SetName), tag, limit, tuple(baseline or ()))
    model_name, outcomes = _measured(chosen, settings, choice)
    if not outcomes:
        raise SettingsError("No case of these worlds is in these sets and has this tag.")
    found = reports.Evaluation(model_name, chosen, _machine(), began.isoformat(timespec="seconds"), outcomes)
    if report:
        report.write_text(reports.as_markdown(found), encoding="utf-8")
    if json:
        text = json_module.dumps(reports.as_dict(found), ensure_ascii=False, indent=1, default=str)
        json.write_text(text + "\n", encoding="utf-8")
    print(reports.summary(found))


def _require_folders(*files: Path | None) -> None:
    """Refuse a file that could not be written at the end of a long run."""
    for file in files:
        if file and not file.parent.is_dir():
            raise SettingsError(f"There is no folder {file.parent} to write {file.name} in.")


def _machine() -> str:
    return f"{os.cpu_count()} CPUs, {platform.machine()}"


def _with_model(settings: Settings, model: str | None) -> Settings:
    if model != "small":
        return dataclasses.replace(settings, model=model or settings.model)
    from nlq.embedded.weights import SMALL

    return dataclasses.replace(settings, model=SMALL.name, openai_api_key=None, openai_base_url=None)


def _measured(
    chosen: Sequence[str], settings: Settings, choice: _Choice
) -> tuple[str, tuple["Outcome", ...]]:
    """The model's name and all outcomes; the model runs from the first world to the last."""
    from nlq.embedded import progress
    from nlq.evaluation.worlds import databases

    outcomes: list[Outcome] = []
    name = ""
    with ExitStack() as stack:
        report = stack.enter_context(progress.on_terminal())
        filled = stack.enter_context(
            databases(chosen, settings, lambda sentence: report(progress.Step(sentence)))
        )
        for database in filled:
            name, own = _examined(database, choice, report, stack)
            outcomes += own
    return name, tuple(outcomes)


def _examined(
    database: "WorldDatabase", choice: _Choice, report: "Report", stack: ExitStack
) -> tuple[str, list["Outcome"]]:
    """Examine the service, then the baselines, in one world; `stack` keeps the model running."""
    from nlq.clock import fixed
    from nlq.evaluation.run import asking, examine
    from nlq.service import build, embedded

    examination = _examination(database, choice)
    complete = stack.enter_context(embedded(database.settings, report))
    service = build(complete, fixed(database.world.today))
    outcomes = list(examine("nlq", asking(service), examination, note))
    outcomes += _baselines(complete, database, choice, examination)
    return service.pipeline.model.name, outcomes


def _baselines(
    complete: Settings, database: "WorldDatabase", choice: _Choice, examination: "Examination"
) -> Iterator["Outcome"]:
    if not choice.baselines:
        return
    from nlq.evaluation.baselines import baseline
    from nlq.evaluation.run import examine

    single = examination.single_questions()
    for name in choice.baselines:
        yield from examine(name.value, baseline(name.value, complete, database.world.today), single, note)


def _examination(database: "WorldDatabase", choice: _Choice) -> "Examination":
    """The chosen cases; their SQL by hand is run first, so that a mistake in it shows at once."""
    from nlq.evaluation.judge import gold_results
    from nlq.evaluation.run import Examination
    from nlq.evaluation.worlds import cases

    sets: dict[str, list[Numbered]] = {}
    for name in choice.sets:
        numbered = enumerate(cases(database.world.name, name.value), start=1)
        kept = [(number, case) for number, case in numbered if choice.tag in (None, *case.tags)]
        sets[name.value] = kept[: choice.limit]
    gold = gold_results(database.owner_url, [case for kept in sets.values() for _, case in kept])
    return Examination(database.world.name, sets, gold)
