"""Two companies' questions, answered without any model: what linking is sure of is right, whatever the names.

The model stands in as one that knows nothing, so each question that needs one counts as wrong here.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml

from nlq import settings as settings_module
from nlq.answer import Answer, as_json
from nlq.clock import fixed
from nlq.question import Question
from nlq.service import Service, build
from schema.demo.load import DemoReport, load
from tests.catalogs import TODAY
from tests.eval.run import gold_rows, matches
from tests.postgres import Database
from tests.scripted import scripted_model
from tests.worlds.hospital import load_world

SETS = Path(__file__).parent / "eval"
LEAST = 28
"""Questions of a set that must be right; what is right beyond them the evaluation tells."""


def service_for(database: Database, base_url: str) -> Service:
    environ = {
        "NLQ_READER_URL": database.reader_url,
        "NLQ_WRITER_URL": database.writer_url,
        "NLQ_MODEL": "scripted",
        "OPENAI_BASE_URL": base_url,
        "NLQ_TIMEZONE": "UTC",
    }
    return build(settings_module.load(environ), fixed(TODAY))


def right(answer: Answer, gold: str, connection: psycopg.Connection) -> bool:
    if gold in {"refused", "clarify"}:
        return answer.status.value == gold
    reply = as_json(answer)
    names = [column["name"] for column in reply["columns"]]
    return bool(reply["status"] == "answered" and matches(gold_rows(connection, gold), names, reply["rows"]))


@pytest.mark.parametrize(("name", "fill"), [("demo", load), ("hospital", load_world)])
def test_most_questions_are_right_without_a_model_and_each_is_in_the_history(
    migrated: Database, name: str, fill: Callable[[str, date], DemoReport]
) -> None:
    fill(migrated.owner_url, TODAY)
    questions = yaml.safe_load((SETS / f"{name}.yml").read_text(encoding="utf-8"))
    with scripted_model() as model, psycopg.connect(migrated.owner_url) as connection:
        service = service_for(migrated, model.base_url)
        wrong = []
        for text, gold in questions:
            answer = service.pipeline.ask(Question(text))
            if not right(answer, gold, connection):
                wrong.append(text)
        kept = service.history.page(limit=100).entries
    assert len(questions) == 40
    assert len(questions) - len(wrong) >= LEAST, wrong
    assert [entry.question for entry in reversed(kept)] == [text for text, _ in questions]
    assert all(entry.execution_time_ms is not None for entry in kept)
    assert all(entry.successful == (entry.status == "answered") for entry in kept)
