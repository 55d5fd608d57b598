"""An answer as server-sent events: `started`, a `stage` for each, then `answer`, or `problem` instead."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol

from flask import Response, request, stream_with_context

from nlq.answer import Answer, as_json
from nlq.cancellation import Cancellation, Cause
from nlq.history import Started
from nlq.trace import OnStage, OnStarted
from nlq.web import problems

MIMETYPE = "text/event-stream"
_KEEP_ALIVE_S = 15
"""Proxies close connections on which nothing is sent for long; a comment keeps this one open."""


@dataclass(frozen=True)
class _Event:
    name: str
    data: dict[str, Any]


_STAGES = ("started", "stage")
"""Events that others follow."""


class Work(Protocol):
    """Answers a question, telling what happens as it happens."""

    def __call__(
        self, on_stage: OnStage | None, on_started: OnStarted | None, cancellation: Cancellation, /
    ) -> Answer:
        """The answer."""


def response(work: Work, cancellation: Cancellation, watched: AbstractContextManager[None]) -> Response:
    """Do `work` in a thread and stream what happens; when the stream ends, so does the question.

    `watched` lasts as long as the stream.

    Raises:
        Exception: what the pipeline raised before the question began, to be answered without a stream.
    """
    events: SimpleQueue[_Event | Exception] = SimpleQueue()
    with ExitStack() as stack:
        stack.callback(cancellation.cancel, Cause.GONE)
        stack.enter_context(watched)
        Thread(target=_work, args=(work, cancellation, events), name="question", daemon=True).start()
        first = events.get()
        if isinstance(first, Exception):
            raise first
        streamed = Response(
            stream_with_context(_lines(first, events)),
            mimetype=MIMETYPE,
            headers={"X-Accel-Buffering": "no"},  # nginx passes events on as they come
        )
        streamed.call_on_close(stack.pop_all().close)
    return streamed


def _work(work: Work, cancellation: Cancellation, events: "SimpleQueue[_Event | Exception]") -> None:
    def tell_started(started: Started) -> None:
        ids = {"id": started.query_id, "conversation_id": str(started.conversation_id)}
        events.put(_Event("started", ids))

    def tell_stage(stage: str) -> None:
        events.put(_Event("stage", {"stage": stage}))

    try:
        answer = work(tell_stage, tell_started, cancellation)
        events.put(_Event("answer", as_json(answer)))
    except Exception as error:
        events.put(error)


def _lines(first: _Event, events: "SimpleQueue[_Event | Exception]") -> Iterator[str]:
    event: _Event | Exception | None = first
    while event is None or (isinstance(event, _Event) and event.name in _STAGES):
        yield _line(event) if event else ": working\n\n"
        event = _next(events)
    if isinstance(event, Exception):
        event = _Event("problem", problems.describe(event).as_json(request.path))
    yield _line(event)


def _next(events: "SimpleQueue[_Event | Exception]") -> _Event | Exception | None:
    try:
        return events.get(timeout=_KEEP_ALIVE_S)
    except Empty:
        return None


def _line(event: _Event) -> str:
    return f"event: {event.name}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"
