"""A stand-in for the service behind the channels: canned answers, and a record of what was asked."""

import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from nlq import examples
from nlq import settings as settings_module
from nlq.access import EVERYTHING as ALL_ROWS
from nlq.access import Scope
from nlq.answer import CHOICE_COLUMNS, Answer, Column, Method, Status, Table, Timing
from nlq.cancellation import Cancellation, Cause
from nlq.catalog import Aggregation, Catalog, Kpi, Region, Team
from nlq.conversations import Conversation
from nlq.dashboard import Asked, Dashboard, Grain, Part
from nlq.errors import Overloaded, UnknownConversation, UnknownQuestion, UnsafeSql
from nlq.feedback import Feedback, FeedbackEntry
from nlq.history import Started
from nlq.history_list import Filters, HistoryEntry, HistoryPage, Order
from nlq.linking.points import Calendar
from nlq.metrics import Metrics
from nlq.overview import Overview
from nlq.plan.model import Plan
from nlq.question import Question
from nlq.review import Ran
from nlq.running import Running
from nlq.settings import Settings
from nlq.verified import Fitted, Runnable

CONVERSATION = uuid.UUID("0b0e7c1e-6d5a-4f7e-9a70-000000000001")
SQL = "SELECT region, avg(value) AS sales_conversion_rate\nFROM nlq.kpi_values\nGROUP BY region"
HOSTILE = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"

ANSWERED = Answer(
    id=42,
    conversation_id=CONVERSATION,
    status=Status.ANSWERED,
    question="",
    text="EMEA had the highest sales conversion rate in the third quarter of 2026: 3.42 %.",
    timing=Timing(total_ms=1840, llm_ms=1610, sql_ms=12),
    table=Table(
        (Column("region", "text"), Column("month", "date"), Column("sales_conversion_rate", "number")),
        (
            ("EMEA", date(2026, 9, 1), Decimal("3.42")),
            ("North America", date(2026, 9, 1), Decimal("3.1")),
            ("APAC", date(2026, 9, 1), None),
        ),
    ),
    sql=SQL,
    interpretation="Average of Sales conversion rate (%) by region, 1 July to 30 September 2026.",
    attempts=1,
    model="stand-in",
    method=Method.PLAN,
    plan={"kpis": ["sales_conversion_rate"]},
)
CLARIFY = replace(
    ANSWERED,
    id=43,
    status=Status.CLARIFY,
    text="Which cost do you mean?",
    table=Table(
        CHOICE_COLUMNS,
        (
            ("Customer acquisition cost", "Tell me which cost is best (Customer acquisition cost)"),
            ("Cost per ticket", "Tell me which cost is best (Cost per ticket)"),
        ),
    ),
    sql=None,
    interpretation=None,
    method=None,
    plan=None,
)
REFUSED = replace(
    CLARIFY, id=44, status=Status.REFUSED, text="Ask me about KPIs, not the weather.", table=None
)
FAILED = replace(
    REFUSED, id=45, status=Status.FAILED, text="The model did not answer in time; please ask again."
)

ENTRY = HistoryEntry(
    id=42,
    question="Conversion rate by region",
    timestamp=datetime(2026, 10, 5, 9, 30, tzinfo=UTC),
    execution_time_ms=1840,
    successful=True,
    conversation_id=CONVERSATION,
    channel="web",
    user=None,
    status="answered",
    method="plan",
    reason=None,
    error=None,
    sql=SQL,
    plan={"kpis": ["sales_conversion_rate"]},
    interpretation="Average by region",
    answer_text="EMEA had the highest.",
    warnings=[],
    attempts=1,
    model="stand-in",
    prompt_tokens=900,
    completion_tokens=31,
    row_count=3,
    truncated=False,
    stages={"llm": 1610, "database": 12},
    finished_at=datetime(2026, 10, 5, 9, 30, 2, tzinfo=UTC),
)

EVERYTHING = Filters()
ANYBODY = Question("")
NEWEST = Order()

CATALOG = Catalog(
    kpis=(
        Kpi("sales_conversion_rate", "Sales conversion rate", unit="%", aggregation=Aggregation.AVERAGE),
        Kpi("customer_acquisition_cost", "Customer acquisition cost", unit="USD"),
        Kpi("nps", "NPS", unit="score", aggregation=Aggregation.AVERAGE),
    ),
    teams=(Team("Ecommerce", "Sales"), Team("Customer Support", "Operations")),
    regions=(Region("North America", "USA"), Region("EMEA", "Germany")),
    severities=("low", "high"),
    first_month=(2023, 10),
    last_month=(2026, 9),
)


@dataclass
class StandInPipeline:
    """Gives the canned answer whose key is in the question, else `ANSWERED`; each stage calls `at_stage`."""

    answers: Mapping[str, Answer | Exception]
    at_stage: Callable[[], object] = bool
    asked: list[Question] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    running: Running = field(default_factory=Running)

    def ask(
        self,
        question: Question,
        on_stage: Callable[[str], None] | None = None,
        on_started: Callable[[Started], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Record the question and give the canned answer; the only known conversation is `CONVERSATION`."""
        self.asked.append(question)
        if question.conversation_id not in {None, CONVERSATION}:
            raise UnknownConversation("There is no such conversation; leave it out to start a new one.")
        if on_started:
            on_started(Started(42, CONVERSATION))
        for stage in ("linking", "llm", "database"):
            if on_stage:
                on_stage(stage)
            self.at_stage()
        answer = next((a for key, a in self.answers.items() if key in question.text), ANSWERED)
        if isinstance(answer, Exception):
            raise answer
        return replace(answer, question=question.text)

    def run_plan(
        self,
        plan: Plan,
        question: Question,
        on_stage: Callable[[str], None] | None = None,
        on_started: Callable[[Started], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Record the plan, and answer as if the KPI's name were asked."""
        self.plans.append(plan)
        return self.ask(replace(question, text=plan.kpis[0]), on_stage, on_started, cancellation)

    def calendar(self) -> Calendar:
        """The calendar of the tests."""
        return Calendar(date(2026, 10, 5))


@dataclass
class StandInHistory:
    """Gives `entries`, and remembers how it was asked for."""

    entries: tuple[HistoryEntry, ...] = (ENTRY,)

    calls: list[tuple[Filters, int | None, int]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def page(
        self, filters: Filters = EVERYTHING, cursor: int | None = None, limit: int = 50, order: Order = NEWEST
    ) -> HistoryPage:
        """A page with `entries` that is followed by another."""
        self.calls.append((filters, cursor, limit))
        self.orders.append(order)
        return HistoryPage(self.entries, 42)

    def all(self, filters: Filters = EVERYTHING, order: Order = NEWEST) -> Iterator[HistoryEntry]:
        """`entries` alone."""
        self.calls.append((filters, None, 0))
        yield from self.entries

    def get(self, query_id: int) -> HistoryEntry | None:
        """That of `entries` which has this id."""
        return next((entry for entry in self.entries if entry.id == query_id), None)


@dataclass
class StandInConversations:
    """Knows `CONVERSATION`, and remembers what it was called."""

    name: str = "Conversion rate by region"

    def page(
        self,
        user: str | None,
        text: str | None = None,
        after: Conversation | None = None,
        limit: int = 30,
    ) -> tuple[Conversation, ...]:
        """The one conversation."""
        return (self.get(CONVERSATION),)

    def get(self, conversation_id: uuid.UUID) -> Conversation:
        """The one conversation."""
        if conversation_id != CONVERSATION:
            raise UnknownConversation("There is no such conversation; it may have been deleted.")
        return Conversation(CONVERSATION, self.name, None, datetime(2026, 10, 5, tzinfo=UTC), 1)

    def rename(self, conversation_id: uuid.UUID, user: str | None, name: str) -> None:
        """Remember the name."""
        self.name = name

    def delete(self, conversation_id: uuid.UUID, user: str | None) -> None:
        """Keep it: nobody looks."""


@dataclass
class StandInReplay:
    """Shows the same answer again."""

    answer: Answer = ANSWERED

    def again(self, entry: HistoryEntry, viewer: Question) -> Answer:
        """The answer as that of `entry`."""
        return replace(self.answer, id=entry.id, question=entry.question)


@dataclass
class StandInReview:
    """Takes any feedback on `ENTRY`, and remembers it."""

    given: list[Feedback] = field(default_factory=list)

    def give(self, feedback: Feedback, catalog: Catalog, groups: tuple[str, ...] = ()) -> FeedbackEntry:
        """Remember `feedback`; only `ENTRY` is known."""
        if feedback.query_id != ENTRY.id:
            raise UnknownQuestion(f"There is no question with the id {feedback.query_id}.")
        self.given.append(feedback)
        return FeedbackEntry(**vars(feedback), id=len(self.given), created_at=ENTRY.timestamp)

    def run(self, wanted: Fitted, catalog: Catalog, viewer: Question) -> Ran:
        """The rows of `ANSWERED`; other SQL than its is refused."""
        if wanted.sql not in {None, SQL}:
            raise UnsafeSql("Only SELECT is allowed.")
        assert ANSWERED.table is not None
        return Ran(Runnable(SQL, "Average by region", wanted.plan), ANSWERED.table, ANSWERED.text)

    def of(self, query_id: int) -> tuple[FeedbackEntry, ...]:
        """What was given on one question."""
        given = enumerate(self.given, start=1)
        return tuple(FeedbackEntry(**vars(one), id=n) for n, one in given if one.query_id == query_id)


@dataclass
class StandInDashboards:
    """Gives figures of one question a period."""

    def of(self, since: datetime, until: datetime, grain: Grain) -> Dashboard:
        """One question that was answered on the first day."""
        whole = Part(1, 1, 0, 0, 0, 0, 0, 1840, 1840)
        return Dashboard(whole, (replace(whole, starts=since.date()),), (), (), (Asked("web", 1, 1),))


@dataclass(frozen=True)
class StandInReadiness:
    """A readiness as tests set it."""

    ok: bool = True
    database: bool = True
    model: bool = True
    detail: str = "Ready."


@dataclass
class StandInService:
    """Everything that a channel needs, canned."""

    settings: Settings
    pipeline: StandInPipeline
    history: StandInHistory = field(default_factory=StandInHistory)
    review: StandInReview = field(default_factory=StandInReview)
    dashboards: StandInDashboards = field(default_factory=StandInDashboards)
    readiness: StandInReadiness = StandInReadiness()
    conversations: StandInConversations = field(default_factory=StandInConversations)
    replay: StandInReplay = field(default_factory=StandInReplay)
    known: Catalog | Exception = CATALOG
    metrics: Metrics = field(default_factory=Metrics)

    def start(self) -> None:
        """Nothing is to be done beside questions."""

    tidy = start

    def stop(self) -> None:
        """End the questions that run."""
        self.pipeline.running.cancel_all(Cause.SHUTDOWN)

    def catalog(self, asker: Question = ANYBODY) -> Catalog:
        """The catalogue that tests set, or the error."""
        if isinstance(self.known, Exception):
            raise self.known
        return self.known

    def scope(self, asker: Question) -> Scope:
        """Everybody sees all rows."""
        return ALL_ROWS

    def overview(self, asker: Question) -> Overview:
        """No numbers."""
        return Overview({}, None)

    def examples(self, asker: Question) -> list[str]:
        """Examples from the catalogue that tests set."""
        return examples.questions(self.catalog())

    def ready(self) -> StandInReadiness:
        """The readiness that tests set."""
        return self.readiness

    def no_room(self, coming: int) -> Overloaded | None:
        """None: there is always room."""
        return None

    def rest(self, resting: bool) -> None:
        """Nothing computes here."""


def service(
    answers: Mapping[str, Answer | Exception] | None = None,
    environ: Mapping[str, str] | None = None,
) -> StandInService:
    """A stand-in service that gives `answers`."""
    usual = {"which cost": CLARIFY, "weather": REFUSED, "too slow": FAILED}
    settings = settings_module.load(
        {"NLQ_TIMEZONE": "Europe/Berlin", "NLQ_SECRET_KEY": "of the tests", **(environ or {})}
    )
    return StandInService(settings, StandInPipeline({**usual, **(answers or {})}))


def module(service: StandInService, on_stop: Callable[[], object] = bool) -> types.ModuleType:
    """A module to take the place of `nlq.service`: it builds `service`; its parts end with `on_stop`."""

    @contextmanager
    def embedded(settings: Settings, report: object) -> Iterator[Settings]:
        try:
            yield settings
        finally:
            on_stop()

    found = types.ModuleType("nlq.service")
    vars(found).update(build=lambda settings: service, embedded=embedded)
    return found
