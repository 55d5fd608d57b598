"""Prompting: catalogue, links and draft -> the messages for the model, from the templates in `prompts/`.

The system message depends on the catalogue alone, so that every question finds it in the prompt cache.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from nlq.catalog import Catalog
from nlq.linking.words import stems
from nlq.plan.choices import NONE, Choices
from nlq.plan.draft import Draft
from nlq.plan.expressions import text

_EXAMPLE_KPIS = 5


@dataclass(frozen=True)
class Example:
    """A question and the reply that it should get."""

    question: str
    reply: str


@dataclass(frozen=True)
class Prompt:
    """The two messages of a model call."""

    system: str
    user: str


def system(catalog: Catalog) -> str:
    """The static part: what is asked of the model, the catalogue, and examples made from it."""
    return _templates().get_template("system.txt").render(catalog=catalog, examples=list(_examples(catalog)))


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
    if len(catalog.kpis) > 1:
        one, other = catalog.kpis[-2:]
        yield Example(
            f"What was the ratio of {one.label} to {other.label} in 2025?",
            _reply(sql=_ratio(one.name, other.name)),
        )


def _ratio(one: str, other: str) -> str:
    sums = (f"sum(value) FILTER (WHERE kpi = {text(name)})" for name in (one, other))
    since, before = "timestamp >= DATE '2025-01-01'", "timestamp < DATE '2026-01-01'"
    return f"SELECT {' / '.join(sums)} AS ratio FROM nlq.kpi_values WHERE {since} AND {before}"  # noqa: S608


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
