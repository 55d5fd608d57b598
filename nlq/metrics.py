"""What is counted and measured of a running process, in the form that Prometheus reads."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from nlq.history import Record

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120)


class Metrics:
    """The metrics of one service. Nothing in them says who asked, or what."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._ended = Histogram(
            "nlq_question_seconds",
            "Questions by channel and how they ended, and their whole time",
            ("channel", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "nlq_stage_seconds",
            "Time of the stages of questions",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._turned_away = Counter(
            "nlq_questions_turned_away", "Questions that have to come back", ("why",), registry=self._registry
        )
        self._tokens = Counter("nlq_model_tokens", "Tokens of the model", ("kind",), registry=self._registry)

    def ended(self, channel: str, record: Record) -> None:
        """Count a question that ended."""
        self._ended.labels(channel, record.status.value).observe(record.execution_time_ms / 1000)
        for stage, milliseconds in record.stages.items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        self._tokens.labels("prompt").inc(record.prompt_tokens or 0)
        self._tokens.labels("cached").inc(record.cached_tokens or 0)
        self._tokens.labels("completion").inc(record.completion_tokens or 0)

    def turned_away(self, why: str) -> None:
        """Count a question that was not taken."""
        self._turned_away.labels(why).inc()

    def watch(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        """Read each of `gauges`, name -> (what it is, its value now), whenever the metrics are read."""
        for name, (what, value) in gauges.items():
            Gauge(name, what, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """All of them now, in Prometheus's text format."""
        return generate_latest(self._registry)
