"""What codes are called on the pages: parts of plans, statuses, stages, kinds of charts."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask_babel import format_date, format_timedelta

from nlq.plan.chips import Chip, Choice
from nlq.plan.edit import EXCEPT, ONLY
from nlq.plan.suggest import Suggestion
from nlq.plan.words import period_words
from nlq.web.ports import service
from nlq.web.words import gettext
from nlq.words import N_

STAGES: Mapping[str, str] = {
    "linking": N_("Reading the question"),
    "prompting": N_("Reading the question"),
    "llm": N_("Asking the model"),
    "plan": N_("Writing the query"),
    "sql": N_("Checking the query"),
    "database": N_("Running the query"),
    "answer": N_("Writing the answer"),
}
STATUSES: Mapping[str, str] = {
    "answered": N_("Answered"),
    "clarify": N_("A question back"),
    "refused": N_("Not something this data can answer"),
    "failed": N_("That did not work"),
    "running": N_("Being worked on"),
}
METHODS: Mapping[str, str] = {
    "plan": N_("query plan"),
    "sql": N_("SQL written by the model"),
    "verified": N_("verified by a reviewer"),
}
CHARTS: Mapping[str, str] = {
    "line": N_("Line"),
    "area": N_("Area"),
    "columns": N_("Columns"),
    "bars": N_("Bars"),
    "donut": N_("Ring"),
    "heat": N_("Heat map"),
}
AGGREGATIONS: Mapping[str, str] = {
    "sum": N_("Readings add up"),
    "average": N_("Readings are averaged"),
    "last": N_("The latest reading counts"),
}
DIMENSIONS: Mapping[str, str] = {
    "kpi": N_("KPI"),
    "category": N_("category"),
    "team": N_("team"),
    "department": N_("department"),
    "region": N_("region"),
    "country": N_("country"),
    "severity": N_("severity"),
    "unit": N_("unit"),
    "year": N_("year"),
    "quarter": N_("quarter"),
    "month": N_("month"),
    "week": N_("week"),
    "day": N_("day"),
    "period": N_("period"),
}
_SLOTS = {
    "kpis": N_("KPI"),
    "measure": N_("Numbers"),
    "periods": N_("Period"),
    "by": N_("By"),
    "calculation": N_("Calculated"),
    "conditions": N_("Condition"),
    "each": N_("Average per"),
    "order": N_("Order"),
    "top": N_("First"),
}
_PARTS = {
    *(N_("total"), N_("average"), N_("median"), N_("lowest reading"), N_("highest reading"), N_("latest")),
    *(N_("number of readings"), N_("nothing more"), N_("share of the whole")),
    *(N_("change from the one before"), N_("percent change from the one before"), N_("running total")),
    *(N_("moving average"), N_("difference"), N_("percent change"), N_("above average only")),
    *(N_("below average only"), N_("ratio"), N_("ratio in percent"), N_("correlation")),
    *(N_("what changed most"), N_("by name"), N_("highest first"), N_("lowest first"), N_("best first")),
    *(N_("worst first"), N_("all time"), N_("all"), N_("the last 12 months")),
    *(N_("the one before"), N_("the one after"), N_("a year before"), N_("this month"), N_("last month")),
    *(N_("this quarter"), N_("last quarter"), N_("this year"), N_("last year")),
}
"""The words of `nlq.plan.chips` besides names of the data."""


def register(app: Flask) -> None:
    """Let the templates of `app` name codes, and say how long ago a moment was."""
    app.context_processor(
        lambda: {
            "statuses": STATUSES,
            "chart_kinds": CHARTS,
            "stage_words": {stage: gettext(words) for stage, words in STAGES.items()},
            "no_conversation": uuid.UUID(int=0),
            "max_chars": service().settings.max_question_chars,
        }
    )
    app.add_template_filter(ago)
    app.add_template_filter(day)


def ago(moment: datetime) -> str:
    """How long ago `moment` was, in the language of the reader."""
    return str(format_timedelta(moment - datetime.now(UTC), add_direction=True))


def day(moment: datetime) -> str:
    """The day of `moment`, in the language of the reader; its zone is that of the company's calendar."""
    return str(format_date(moment.date(), "long"))


def chip_words(chip: Chip) -> dict[str, Any]:
    """A chip as a template shows it: `key`, `text` and its choices in the language of the reader."""
    words = ", ".join(_part(text) for text in chip.text.split(", ")) if chip.text else ""
    named = chip.slot.startswith((ONLY, EXCEPT)) or chip.slot == "kpis"
    return {
        "slot": chip.slot,
        "key": _slot(chip.slot),
        "text": chip.text if named else words,
        "several": chip.several,
        "removable": chip.removable,
        "choices": [_choice(choice, named) for choice in chip.choices],
    }


def dimension_heads() -> dict[str, str]:
    """What the columns of dimensions are called, in the language of the reader."""
    words = {name: gettext(word) for name, word in DIMENSIONS.items()}
    return {name: word[:1].upper() + word[1:] for name, word in words.items()}


def suggestion_words(one: Suggestion) -> str:
    """What the button of a suggestion says."""
    about = gettext(DIMENSIONS.get(one.about, one.about)) if one.about else ""
    words = {
        "by": gettext("By %(what)s", what=about),
        "before": gettext("And in %(period)s?", period=period_words(one.about)),
        "share": gettext("As shares of the whole"),
        "change": gettext("With the change in percent"),
        "top": gettext("Only the top %(number)s", number=one.about),
        "whole": gettext("All of them"),
    }
    return words[one.kind]


def _slot(slot: str) -> str:
    if slot.startswith(EXCEPT):
        return gettext("Without")
    if slot.startswith(ONLY):
        word = gettext(DIMENSIONS[slot.removeprefix(ONLY)])
        return word[:1].upper() + word[1:]
    return gettext(_SLOTS[slot])


def _choice(choice: Choice, named: bool) -> dict[str, Any]:
    hint = gettext(choice.hint) if choice.hint else ""
    text = choice.text if named else _part(choice.text)
    return {"text": text, "values": choice.values, "chosen": choice.chosen, "hint": hint}


def _part(text: str) -> str:
    """A word of ours, or a period, in the language of the reader; a name of the data as it is."""
    if text in _PARTS:
        return gettext(text)
    return gettext(DIMENSIONS[text]) if text in DIMENSIONS else period_words(text)
