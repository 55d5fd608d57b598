"""Prompting: catalogue, links and draft -> the messages for the model, from the templates in `prompts/`.

The system message depends on the catalogue alone, so that every question finds it in the prompt cache.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from nlq.catalog import Catalog
from nlq.linking.vocabulary import FUNCTION_WORDS
from nlq.linking.words import stems
from nlq.plan.choices import NONE, Choices
from nlq.plan.draft import Draft
from nlq.plan.expressions import text

_EXAMPLE_KPIS = 5
_CHECKED_KPIS = 4
_FAR = 5
"""How far from the KPI of a yes, in the catalogue's order, the one of a no stands."""


@dataclass(frozen=True)
class Example:
    """A question and the reply that it should get."""

    question: str
    reply: str


@dataclass(frozen=True)
class Check:
    """A question, a KPI, and whether that is what the question is about."""

    question: str
    kpi: str
    reply: str


@dataclass(frozen=True)
class Prompt:
    """The two messages of a model call."""

    system: str
    user: str


def system(catalog: Catalog) -> str:
    """The static part: what is asked of the model, the catalogue, and examples made from it."""
    examples, checks = list(_examples(catalog)), list(_checks(catalog))
    return _templates().get_template("system.txt").render(catalog=catalog, examples=examples, checks=checks)


def prompt(
    static: str,
    question: str,
    draft: Draft,
    choices: Choices,
    error: str | None = None,
    verified: Sequence[tuple[str, str]] = (),
) -> Prompt:
    """The messages for one question.

    Args:
        static: `system` of the catalogue.
        question: what was asked.
        draft: what is known of it.
        choices: what the model is to choose.
        error: why the reply before could not be used.
        verified: questions like this one, each with the SQL that reviewers approved for it.
    """
    asked = [*choices.keys, *(["sql"] if choices.sql else [])]
    user = (
        _templates()
        .get_template("question.txt")
        .render(
            question=" ".join(question.split()),
            read=_read(draft),
            error=error,
            asked=" or ".join(asked),
            verified=[Example(" ".join(asked.split()), _reply(sql=sql)) for asked, sql in verified],
        )
    )
    return Prompt(static, user.strip())


def check(static: str, question: str, kpi: str) -> Prompt:
    """The messages that ask whether `kpi` measures what `question` asks for; the reply is yes or no."""
    user = _templates().get_template("check.txt").render(question=" ".join(question.split()), kpi=kpi)
    return Prompt(static, user.strip())


def _read(draft: Draft) -> str:
    """What is known already, short: it is evaluated anew for every question."""
    plan = draft.plan
    parts = [*plan.kpis, *(value for found in plan.filters for value in found.values)]
    parts += [period.label for period in plan.periods]
    parts += [f"by {dim.value}" for dim in plan.by]
    if draft.beyond:
        parts += [f"{p.start} to before {p.end}" for p in plan.periods]
    return "; ".join(parts)


def _examples(catalog: Catalog) -> Iterator[Example]:
    """Examples over the catalogue's own KPIs, asked for in the words of their descriptions."""
    for kpi in catalog.kpis[:_EXAMPLE_KPIS]:
        if kpi.description:
            yield Example(f"How about this: {_spoken(kpi.description)}?", _reply(kpi=kpi.name))
    yield Example("Will it rain tomorrow?", _reply(kpi=NONE))
    if not _names(catalog, "salary"):
        yield Example("What do people earn here?", _reply(kpi=NONE))
    yield Example("Sing me a song.", _reply(kpi=NONE))
    if catalog.kpis:
        kpi = catalog.kpis[-1]
        question = f"What was the standard deviation of {kpi.label} in 2025, by region?"
        yield Example(question, _reply(sql=_deviation(kpi.name)))


def _deviation(kpi: str) -> str:
    since, before = "timestamp >= DATE '2025-01-01'", "timestamp < DATE '2026-01-01'"
    where = f"kpi = {text(kpi)} AND {since} AND {before}"
    return f"SELECT region, stddev(value) AS deviation FROM nlq.kpi_values WHERE {where} GROUP BY region"  # noqa: S608


def _checks(catalog: Catalog) -> Iterator[Check]:
    """For some KPIs in turn: a question that it measures, and one that no KPI here does."""
    described = [kpi for kpi in catalog.kpis if kpi.description][:_CHECKED_KPIS]
    unmeasured = [question for question in _unmeasured() if not _overlaps(catalog, question)]
    for number, (kpi, question) in enumerate(zip(described, unmeasured, strict=False)):
        yield Check(f"How about this: {_spoken(kpi.description)}?", kpi.name, "yes")
        yield Check(question, catalog.kpis[(number + _FAR) % len(catalog.kpis)].name, "no")


def _overlaps(catalog: Catalog, question: str) -> bool:
    """Whether a word of `question` that says something is one of the catalogue's KPIs' too."""
    return any(_names(catalog, word) for word in stems(question) if word not in FUNCTION_WORDS)


@cache
def _unmeasured() -> tuple[str, ...]:
    """Questions that most companies have no KPI for."""
    return tuple((files("prompts") / "unmeasured.txt").read_text(encoding="utf-8").splitlines())


def _names(catalog: Catalog, word: str) -> bool:
    return any(word in stems(f"{kpi.name} {kpi.description}") for kpi in catalog.kpis)


def _spoken(description: str) -> str:
    first = description.split(". ")[0].strip(" .")
    return first[:1].lower() + first[1:]


def _reply(**chosen: str) -> str:
    return json.dumps(chosen, ensure_ascii=False, separators=(",", ":"))


@cache
def _templates() -> Environment:
    return Environment(  # noqa: S701 - the text is for a model, not for a browser
        loader=PackageLoader("prompts", ""), undefined=StrictUndefined, keep_trailing_newline=False
    )
