"""The history that no outage of its database tears a hole in: what cannot be written now waits on disk."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import psycopg
from filelock import FileLock, Timeout

from nlq.answer import Method, Status
from nlq.errors import DatabaseUnavailable
from nlq.history import History, Record, Started
from nlq.question import Question, SlackPlace
from nlq.spool import Spool, SpoolFull

_OUTAGE_S = 3.0
"""Seconds for which a database that was not reached is not tried again to end a question."""
RESERVE = 64
"""Ids that a service holds ready for questions that it cannot write down at once."""

_log = logging.getLogger(__name__)


class Safekeeping:
    """Starts and finishes questions in the history, or else in the spool, and delivers the spool later.

    A question has a key of its own from the beginning, under which the history knows it: what is delivered
    again, after a crash between delivering and forgetting, changes nothing.
    """

    def __init__(self, history: History, spool: Spool, can_answer: Callable[[], bool]) -> None:
        """Write to `history`; a question may begin without it if it `can_answer`, from a replica for one."""
        self.spool = spool
        self._history, self._can_answer = history, can_answer
        self._reserve: list[int] = []
        self._reserving = Lock()
        self._down_until = 0.0

    def start(self, question: Question) -> Started:
        """Write `question` down, before any work.

        Raises:
            UnknownConversation: the conversation that it names does not exist; nothing was written.
            DatabaseUnavailable: it can neither be written down nor kept, or not be answered anyway.
        """
        key = uuid.uuid4()
        try:
            return self._history.start(question, key)
        except DatabaseUnavailable as error:
            self._down_until = time.monotonic() + _OUTAGE_S
            if not (self._reserve and self._can_answer()):
                raise
            return self._kept(question, key, error)

    def finish(self, started: Started, record: Record) -> None:
        """Complete a question, now or later.

        Raises:
            DatabaseUnavailable: it can neither be completed nor kept; it says what to do.
        """
        if self._finished(started, record):
            return
        entry = {"record": asdict(record), "finished_at": datetime.now(UTC).isoformat()}
        try:
            self._keep("finish", started, entry)
        except SpoolFull as full:
            _log.error("the end of question %s is lost: %s", started.query_id, full)
            raise DatabaseUnavailable(
                f"The answer cannot be entered in the history and is kept back. {full}"
            ) from full

    def _finished(self, started: Started, record: Record) -> bool:
        if time.monotonic() < self._down_until:
            return False
        try:
            return self._history.finish(started.query_id, record)
        except DatabaseUnavailable:
            self._down_until = time.monotonic() + _OUTAGE_S
            _log.warning("the history's database cannot be reached; what belongs there waits on disk")
            return False

    def reserve(self) -> None:
        """Get ids for an outage, unless enough of them are there.

        Raises:
            DatabaseUnavailable: there is an outage.
        """
        with self._reserving:
            if len(self._reserve) < RESERVE / 2:
                self._reserve += self._history.new_ids(RESERVE - len(self._reserve))

    def deliver(self) -> None:
        """Write to the history what waits, in order; one process at a time does so.

        Raises:
            DatabaseUnavailable: the rest has to wait on.
        """
        if not self.spool.entries():
            return
        try:
            with FileLock(self.spool.folder / "lock", timeout=0):
                for path, entry in self.spool.read():
                    try:
                        self._deliver(entry)
                        self.spool.remove(path)
                    except (psycopg.Error, LookupError, TypeError, ValueError) as error:
                        aside = self.spool.refuse(path)
                        _log.error("the history refused what had waited, %s: %r", aside, error)
        except Timeout:
            return

    def _kept(self, question: Question, key: uuid.UUID, outage: DatabaseUnavailable) -> Started:
        """Start `question` without its database, under an id that was reserved."""
        with self._reserving:
            query_id = self._reserve.pop(0)
        started = Started(query_id, question.conversation_id or uuid.uuid4(), key)
        entry = {"question": asdict(question), "asked_at": datetime.now(UTC).isoformat()}
        try:
            self._keep("start", started, entry)
        except SpoolFull as full:
            raise DatabaseUnavailable(f"{outage} {full}") from full
        return started

    def _keep(self, what: str, started: Started, entry: Mapping[str, Any]) -> None:
        name = f"{time.time_ns():020d}-{what}-{started.key}"
        self.spool.add(name, {"what": what, "started": asdict(started), **entry})

    def _deliver(self, entry: Mapping[str, Any] | None) -> None:
        if entry is None:
            raise ValueError("the entry is damaged")
        started = _started(entry["started"])
        if entry["what"] == "start":
            self._history.enter(started, _question(entry["question"]), _moment(entry["asked_at"]))
        else:
            self._history.complete(started, _record(entry["record"]), _moment(entry["finished_at"]))


def _started(values: Mapping[str, Any]) -> Started:
    ids = {name: uuid.UUID(values[name]) for name in ("conversation_id", "key")}
    return Started(values["query_id"], **ids)


def _question(values: Mapping[str, Any]) -> Question:
    known = values["conversation_id"]
    return replace(
        Question(**values),
        conversation_id=uuid.UUID(known) if known else None,
        groups=tuple(values["groups"]),
        slack=SlackPlace(**values["slack"]) if values["slack"] else None,
    )


def _record(values: Mapping[str, Any]) -> Record:
    method = values["method"]
    return replace(
        Record(**values), status=Status(values["status"]), method=Method(method) if method else None
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
