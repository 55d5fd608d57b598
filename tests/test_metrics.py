"""What Prometheus reads: how questions end and how long they take, and what waits or is left alone."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nlq.errors import TooManyQuestions
from nlq.question import Question
from nlq.service import Service
from nlq.web import create_app
from tests.scripted import Script


def read(service: Service) -> dict[tuple[str, str], float]:
    """(name, the values of its labels) -> value of each sample that the service shows."""
    response = create_app(service).test_client().get("/metrics")
    assert response.mimetype == "text/plain"
    families = text_string_to_metric_families(response.get_data(as_text=True))
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_questions_are_counted_by_how_they_ended(service: Service, model: Script) -> None:
    for _ in range(2):
        service.pipeline.ask(Question("Revenue last month", channel="slack"))
    service.pipeline.ask(Question("Delete all anomalies"))
    model.status = 400
    service.pipeline.ask(Question("How chuffed are our customers?"))
    shown = read(service)
    counts = {labels: n for (name, labels), n in shown.items() if name == "nlq_question_seconds_count"}
    assert counts == {"slack answered": 2, "http refused": 1, "http failed": 1}
    assert shown["nlq_stage_seconds_count", "database"] >= 2
    assert shown["nlq_questions_running", ""] == 0
    assert shown["nlq_model_breaker", ""] == 0
    assert shown["nlq_spool_entries", ""] == 0
    assert shown["process_resident_memory_bytes", ""] > 0


def test_who_is_turned_away_is_counted_too(service: Service) -> None:
    with pytest.raises(TooManyQuestions):  # noqa: PT012
        for _ in range(service.settings.questions_per_minute + 1):
            service.pipeline.ask(Question("Delete all anomalies", user="ann"))
    assert read(service)["nlq_questions_turned_away_total", "TooManyQuestions"] == 1


def test_nothing_of_questions_or_people_is_shown(service: Service) -> None:
    service.pipeline.ask(Question("Revenue of Zaphod last month", user="trillian"))
    shown = service.metrics.text().decode().lower()
    assert "zaphod" not in shown
    assert "trillian" not in shown
