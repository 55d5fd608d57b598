"""What the web needs of the service; `nlq.service` provides it, tests stand in for it."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from flask import current_app

from nlq.access import Scope
from nlq.answer import Answer
from nlq.cancellation import Cancellation
from nlq.catalog import Catalog
from nlq.conversations import Conversation
from nlq.dashboard import Dashboard, Grain
from nlq.errors import Overloaded
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
from nlq.verified import Fitted

EXTENSION = "nlq"
"""Key of the service in `app.extensions`."""


class Pipeline(Protocol):
    """Answers questions."""

    @property
    def running(self) -> Running:
        """The questions that are being worked on."""

    def ask(
        self,
        question: Question,
        on_stage: Callable[[str], None] | None = None,
        on_started: Callable[[Started], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Answer `question`, telling `on_started` its id, then `on_stage` each stage as it begins."""

    def run_plan(
        self,
        plan: Plan,
        question: Question,
        on_stage: Callable[[str], None] | None = None,
        on_started: Callable[[Started], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Answer with `plan` as a question that continues, and comes from, where `question` says."""

    def calendar(self) -> Calendar:
        """What periods are relative to."""


class History(Protocol):
    """Reads what was asked."""

    def page(
        self, filters: Filters = ..., cursor: int | None = ..., limit: int = ..., order: Order = ...
    ) -> HistoryPage:
        """Up to `limit` questions that pass `filters`, in `order`, from those after `cursor` on."""

    def all(self, filters: Filters = ..., order: Order = ...) -> Iterator[HistoryEntry]:
        """All questions that pass `filters`, in `order`."""

    def get(self, query_id: int) -> HistoryEntry | None:
        """The question `query_id`, or None if there is none."""


class Review(Protocol):
    """Takes and shows what reviewers say about answers."""

    def give(self, feedback: Feedback, catalog: Catalog, groups: tuple[str, ...] = ...) -> FeedbackEntry:
        """Check `feedback`, try its correction out, write it down, and use it if it is approved."""

    def run(self, wanted: Fitted, catalog: Catalog, viewer: Question) -> Ran:
        """Run a plan or SQL over the rows that `viewer` may see."""

    def of(self, query_id: int) -> tuple[FeedbackEntry, ...]:
        """The feedback on one question, oldest first."""


class Conversations(Protocol):
    """The conversations of the page."""

    def page(
        self, user: str | None, text: str | None = ..., after: Conversation | None = ..., limit: int = ...
    ) -> tuple[Conversation, ...]:
        """Conversations of `user` in which `text` was said, the last asked in first."""

    def get(self, conversation_id: uuid.UUID) -> Conversation:
        """The conversation; raises `UnknownConversation`."""

    def rename(self, conversation_id: uuid.UUID, user: str | None, name: str) -> None:
        """Call a conversation of `user` by `name`."""

    def delete(self, conversation_id: uuid.UUID, user: str | None) -> None:
        """Show a conversation of `user` to nobody any more."""


class Replay(Protocol):
    """Shows answers of the history again."""

    def again(self, entry: HistoryEntry, viewer: Question) -> Answer:
        """The answer to `entry` from the rows as they are now, and that `viewer` may see."""


class Dashboards(Protocol):
    """Counts questions."""

    def of(self, since: datetime, until: datetime, grain: Grain) -> Dashboard:
        """The figures of the questions asked from `since` until before `until`, cut into parts."""


class Readiness(Protocol):
    """Whether a question asked now would be answered."""

    @property
    def ok(self) -> bool:
        """Everything that a question needs can be reached."""

    @property
    def database(self) -> bool:
        """The database can be reached."""

    @property
    def model(self) -> bool:
        """The model can be reached."""

    @property
    def detail(self) -> str:
        """A sentence for the person who operates the service."""


class Service(Protocol):
    """The parts of a running service that the web calls."""

    @property
    def pipeline(self) -> Pipeline:
        """Answers questions."""

    @property
    def history(self) -> History:
        """Reads what was asked."""

    @property
    def review(self) -> Review:
        """Takes and shows feedback."""

    @property
    def dashboards(self) -> Dashboards:
        """Counts questions."""

    @property
    def settings(self) -> Settings:
        """The settings that the service was built from."""

    @property
    def metrics(self) -> Metrics:
        """What is counted and measured."""

    def start(self) -> None:
        """Begin with what a service does beside questions."""

    def stop(self) -> None:
        """End the questions that run."""

    @property
    def conversations(self) -> Conversations:
        """The conversations of the page."""

    @property
    def replay(self) -> Replay:
        """Shows answers of the history again."""

    def catalog(self, asker: Question = ...) -> Catalog:
        """What who asks `asker` can ask about, as it is now."""

    def scope(self, asker: Question) -> Scope:
        """The rows that who asks `asker` may see."""

    def overview(self, asker: Question) -> Overview:
        """The last months of each KPI, as `asker` may see them."""

    def examples(self, asker: Question) -> list[str]:
        """Questions that `asker` could begin with: verified ones, and some made from the catalogue."""

    def ready(self) -> Readiness:
        """Whether a question asked now would be answered."""

    def no_room(self, coming: int) -> Overloaded | None:
        """What a question is told that comes beside `coming` others; None where there is room for it."""

    def rest(self, resting: bool) -> None:
        """Begin no step of a question that computes, while it is so: others need the processor."""


def service() -> Service:
    """The service of the application that handles this request."""
    found: Service = current_app.extensions[EXTENSION]
    return found
