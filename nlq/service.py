"""Puts the service together from its settings, and starts the embedded parts where they serve."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.conninfo import conninfo_to_dict

import schema
from nlq import access, examples, llm, seal, secrets
from nlq.access import EVERYTHING, UNRESTRICTED, Scope
from nlq.admission import Admission
from nlq.cancellation import Cause
from nlq.catalog import Catalog, refine
from nlq.catalog.refine import Refinement
from nlq.clock import Clock
from nlq.conversations import Conversations
from nlq.dashboard import Dashboards
from nlq.database import Limits, Reader
from nlq.errors import DatabaseUnavailable, NlqError, Overloaded, SettingsError
from nlq.feedback import FeedbackStore, VerifiedQuestions
from nlq.history import History, open_pool
from nlq.history_list import HistoryList
from nlq.intake import Intake
from nlq.knowledge import Knowledge, KnowledgeSource, ScopedKnowledge
from nlq.linking.nearness import Encoder, Nearness
from nlq.metrics import Metrics
from nlq.overview import Overview, overview
from nlq.pipeline import Pipeline
from nlq.question import Question
from nlq.replay import Replay
from nlq.retention import Retention
from nlq.review import Review
from nlq.safekeeping import Safekeeping
from nlq.settings import Settings
from nlq.spool import Spool
from nlq.upkeep import Upkeep

if TYPE_CHECKING:
    from nlq.embedded.model import ModelEndpoint
    from nlq.embedded.progress import Report

_ANYBODY = Question("")
_MOST_VERIFIED, _MOST_EXAMPLES = 3, 6
_SHIPPED_CATALOG = Path(schema.__file__).parent / "catalog.yml"


@dataclass(frozen=True)
class Readiness:
    """Whether a question asked now would be answered, and a sentence for the operator."""

    database: bool
    model: bool
    detail: str

    @property
    def ok(self) -> bool:
        """Everything that a question needs can be reached."""
        return self.database and self.model


@dataclass(frozen=True)
class Service:
    """The parts of a running service that channels call."""

    settings: Settings
    pipeline: Pipeline
    history: HistoryList
    review: Review
    dashboards: Dashboards
    upkeep: Upkeep
    conversations: Conversations

    @property
    def metrics(self) -> Metrics:
        """What is counted and measured."""
        return self.pipeline.intake.metrics

    def start(self) -> None:
        """Begin with what a service does beside questions, for as long as the process lives."""
        self.upkeep.start()

    def tidy(self) -> None:
        """Do once what `start` does again and again, where the database can be reached."""
        with suppress(DatabaseUnavailable):
            self.upkeep.once()

    def stop(self) -> None:
        """End the questions that run, so that they are answered and written down before the process ends."""
        self.pipeline.running.cancel_all(Cause.SHUTDOWN)

    @property
    def replay(self) -> Replay:
        """Shows answers of the history again."""
        return Replay(self.pipeline)

    def catalog(self, asker: Question = _ANYBODY) -> Catalog:
        """What who asks `asker` can ask about, as it is now."""
        return self.pipeline.knowledge(self.scope(asker)).catalog

    def scope(self, asker: Question) -> Scope:
        """The rows that who asks `asker` may see."""
        return self.pipeline.access.scope(asker)

    def overview(self, asker: Question) -> Overview:
        """The last months of each KPI, as `asker` may see them."""
        known = self.pipeline.knowledge(self.scope(asker))
        return overview(self.pipeline.reader, known.catalog, known.scope, self.pipeline.clock.today())

    def examples(self, asker: Question) -> list[str]:
        """Questions that `asker` could begin with: verified ones, and some made from the catalogue."""
        scope = self.scope(asker)
        known = self.pipeline.knowledge(scope)
        verified = self.pipeline.verified(known) if scope == EVERYTHING else ()
        asked = [one.verified.question for one in verified if one.verified.plan or one.verified.sql]
        return list(dict.fromkeys([*asked[:_MOST_VERIFIED], *examples.questions(known.catalog)]))[
            :_MOST_EXAMPLES
        ]

    def ready(self) -> Readiness:
        """Whether a question asked now would be answered."""
        database, problem = self._database_ready()
        model = _model_ready(self.settings)
        said = [] if database else [problem]
        said += [] if model else ["The embedded language model does not answer; it is being started again."]
        return Readiness(database, model, " ".join(said) or "Ready.")

    def no_room(self, coming: int) -> Overloaded | None:
        """What a question is told that comes beside `coming` others; None where there is room for it."""
        return self.pipeline.intake.admission.room.refusal(coming)

    def rest(self, resting: bool) -> None:
        """Begin no step of a question that computes, while it is so: others need the processor."""
        computing = self.pipeline.intake.computing
        computing.close() if resting else computing.open()

    def _database_ready(self) -> tuple[bool, str]:
        try:
            self.pipeline.knowledge(EVERYTHING)
            self.history.page(limit=1)
        except NlqError as error:
            return False, str(error)
        if not self.pipeline.reader.ready():
            return False, "The database cannot be reached as the reader."
        return not self.pipeline.reader.sees_nothing(), (
            "The database shows rows to scopes only; set NLQ_ACCESS to the access file."
        )


def build(settings: Settings, clock: Clock | None = None) -> Service:
    """The service for `settings`, whose reader and writer URLs are set; `clock` says what today is.

    Raises:
        SettingsError: a URL is missing, or the catalogue file cannot be used.
        ModelUnavailable: the model's provider is not installed or not known.
    """
    if not settings.reader_url or not settings.writer_url:
        raise SettingsError(
            "Set NLQ_READER_URL and NLQ_WRITER_URL to the URLs of the two roles; nlq db roles prints the SQL "
            "that makes them."
        )
    reader = _reader(settings)
    pool = open_pool(settings.writer_url)
    history = HistoryList(pool)
    store = FeedbackStore(pool, settings.timezone)
    verified = VerifiedQuestions(store, settings.fiscal_year_start)
    prepare = (lambda known: _warm(settings, known)) if settings.embedded_weights else None
    refinement = _refinement(settings)

    def source(scope: Scope) -> KnowledgeSource:
        return _source(reader, refinement, scope, prepare if scope == EVERYTHING else None)

    model = llm.connect(settings)
    clock = clock or Clock(settings.timezone)
    who = access.read(settings.access_file) if settings.access_file else UNRESTRICTED
    knowledge = ScopedKnowledge(source)
    written = History(pool)
    safekeeping = Safekeeping(written, _spool(settings), reader.ready)
    hidden = secrets.of(settings)
    secrets.keep_from_logs(hidden)
    intake = Intake(Admission(settings), safekeeping, settings.question_timeout_s, secrets=hidden)
    encoder = _encoder() if settings.embedded_weights else None
    pipeline = Pipeline(settings, clock, knowledge, model, reader, written, intake, verified, who, encoder)
    intake.metrics.watch(_gauges(intake, model, safekeeping.spool))
    upkeep = Upkeep(written, safekeeping, intake.running, Retention(pool), settings.history_keep_days)
    review = Review(history, store, verified, reader, who)
    return Service(settings, pipeline, history, review, Dashboards(pool), upkeep, Conversations(pool))


@contextmanager
def embedded(settings: Settings, report: "Report") -> Iterator[Settings]:
    """Start what `settings` do not name, ready for the first question; yield the settings completed.

    A database that is embedded is upgraded, and gets the demo data or its newer weeks unless it holds
    other data.

    Raises:
        NlqError: a part cannot be started; the message says why.
    """
    with ExitStack() as stack:
        if not settings.database_url and not settings.reader_url:
            settings = stack.enter_context(_embedded_database(settings, report))
        if settings.embedded_model:
            settings = stack.enter_context(_embedded_model(settings, report))
            _prepare_model(settings, report)
        yield settings


@contextmanager
def _embedded_database(settings: Settings, report: "Report") -> Iterator[Settings]:
    from nlq.embedded.keeping import kept
    from nlq.embedded.postgres import EmbeddedPostgres
    from nlq.embedded.progress import Step
    from schema import migrate
    from schema.demo.load import load
    from schema.roles import Roles

    report(Step("Starting the embedded PostgreSQL"))
    database = EmbeddedPostgres(settings.home)
    with database as urls, kept(database, urls):
        migrate.upgrade(urls.owner, Roles(), filter_rows=settings.access_file is not None)
        try:
            load(urls.owner, Clock(settings.timezone).today())
        except NlqError as foreign:
            report(Step(f"The demo data was left out: {foreign}"))
        yield dataclasses.replace(
            settings, database_url=urls.owner, reader_url=urls.reader, writer_url=urls.writer
        )


@contextmanager
def _embedded_model(settings: Settings, report: "Report") -> Iterator[Settings]:
    from nlq.embedded import model, weights
    from nlq.embedded.keeping import kept
    from nlq.embedded.machine import free_memory
    from nlq.embedded.progress import Step, silent

    found = weights.obtain(settings, weights.choose(settings, report, free_memory()), report)
    report(Step(f"Starting the embedded model {found.name}"))
    server = model.running(settings.home, found)
    with server as endpoint:
        complete = dataclasses.replace(
            settings,
            model=endpoint.model,
            openai_base_url=endpoint.base_url,
            openai_api_key=endpoint.api_key,
            embedded_weights=found.identity,
            model_calls=min(settings.model_calls, model.SLOTS),
        )
        with kept(server, endpoint, lambda: _prepare_model(complete, silent)):
            yield complete


def _prepare_model(settings: Settings, report: "Report") -> None:
    """Warm the model for the catalogue as it is; without a database that can wait."""
    if not settings.reader_url:
        return
    reader = _reader(settings, max_connections=1)
    try:
        known = _source(reader, _refinement(settings), EVERYTHING)()
    except NlqError as error:
        from nlq.embedded.progress import Step

        report(Step(f"The model is not prepared yet: {error}"))
        return
    finally:
        reader.close()
    _warm(settings, known, report)


def _reader(settings: Settings, max_connections: int = 4) -> Reader:
    assert settings.reader_url is not None  # noqa: S101 - the caller looked
    key = seal.keeper(settings.writer_url or "") if settings.access_file else None
    return Reader(settings.reader_url, Limits.of(settings), max_connections=max_connections, key=key)


def _source(
    reader: Reader, refinement: Refinement, scope: Scope, prepare: Callable[[Knowledge], object] | None = None
) -> KnowledgeSource:
    def fetch(sql: LiteralString) -> list[dict[str, Any]]:
        return reader.fetch(sql, scope=scope)

    return KnowledgeSource(fetch, refinement, scope, prepare)


def _warm(settings: Settings, known: Knowledge, report: "Report | None" = None) -> None:
    from nlq.embedded import model
    from nlq.embedded.progress import silent

    identity = settings.embedded_weights or ""
    model.warm(_endpoint(settings), settings.home, identity, known.static_prompt, report or silent)
    Nearness(known.catalog, _encoder()).warm()


def _encoder() -> Encoder:
    from nlq.embedded.encoder import encoder

    return encoder()


def _endpoint(settings: Settings) -> "ModelEndpoint":
    from nlq.embedded.model import ModelEndpoint

    return ModelEndpoint(settings.openai_base_url or "", settings.openai_api_key or "", settings.model or "")


def _model_ready(settings: Settings) -> bool:
    if not settings.embedded_weights:
        return True
    from nlq.embedded import model

    return model.healthy(_endpoint(settings))


def _gauges(intake: Intake, model: llm.ChatLlm, spool: Spool) -> dict[str, tuple[str, Callable[[], float]]]:
    endpoint = model.endpoint
    return {
        "nlq_questions_running": ("Questions under way", lambda: intake.admission.room.inside),
        "nlq_model_calls_running": ("Calls of the model under way", lambda: endpoint.gate.inside),
        "nlq_model_calls_waiting": ("Calls that wait for the model", lambda: endpoint.gate.waiting),
        "nlq_model_breaker": (
            "The model is asked (0), tried (1) or left alone (2)",
            lambda: endpoint.breaker.state,
        ),
        "nlq_spool_entries": ("What waits for the history's database", lambda: spool.size()[0]),
        "nlq_spool_bytes": ("Its size", lambda: spool.size()[1]),
    }


def _spool(settings: Settings) -> Spool:
    """The spool for the history of this database: what waits for one must not get into another."""
    place = conninfo_to_dict(settings.writer_url or "")
    database = repr([place.get(part) for part in ("host", "hostaddr", "port", "dbname")])
    name = hashlib.sha256(database.encode()).hexdigest()[:16]
    return Spool(settings.home / "spool" / name, settings.spool_bytes)


def _refinement(settings: Settings) -> Refinement:
    return refine.read(settings.catalog_file or _SHIPPED_CATALOG)
