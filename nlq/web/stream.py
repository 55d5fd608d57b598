"""An answer as server-sent events: `started`, a `stage` for each, then `answer`, or `problem` instead."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol

from flask import Response, request, stream_with_context

from nlq.answer import Answer, as_json
from nlq.cancellation import Cancellation
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


_Item = _Event | Answer | Exception
"""What is told: something that others follow, or the end."""


class Work(Protocol):
    """Answers a question, telling what happens as it happens."""

    def __call__(
        self, on_stage: OnStage | None, on_started: OnStarted | None, cancellation: Cancellation, /
    ) -> Answer:
        """The answer."""


def response(
    work: Work,
    cancellation: Cancellation,
    watched: AbstractContextManager[object],
    write: Callable[[Answer], dict[str, Any]] = as_json,
) -> Response:
    """Do `work` in a thread and stream what happens; what `watched` does at its end ends the stream.

    Args:
        work: answers the question.
        cancellation: ends it.
        watched: lasts as long as the stream.
        write: what the last event says of the answer; it is called in the context of the request.

    Raises:
        Exception: what the pipeline raised before the question began, to be answered without a stream.
    """
    events: SimpleQueue[_Item] = SimpleQueue()
    with ExitStack() as stack:
        stack.enter_context(watched)
        Thread(target=_work, args=(work, cancellation, events), name="question", daemon=True).start()
        first = events.get()
        if isinstance(first, Exception):
            raise first
        streamed = Response(
            stream_with_context(_lines(first, events, write)),
            mimetype=MIMETYPE,
            headers={"X-Accel-Buffering": "no"},  # nginx passes events on as they come
        )
        streamed.call_on_close(stack.pop_all().close)
    return streamed


def _work(work: Work, cancellation: Cancellation, events: "SimpleQueue[_Item]") -> None:
    def tell_started(started: Started) -> None:
        ids = {"id": started.query_id, "conversation_id": str(started.conversation_id)}
        events.put(_Event("started", ids))

    def tell_stage(stage: str) -> None:
        events.put(_Event("stage", {"stage": stage}))

    try:
        answer = work(tell_stage, tell_started, cancellation)
        events.put(answer)
    except Exception as error:
        events.put(error)


def _lines(
    first: _Item, events: "SimpleQueue[_Item]", write: Callable[[Answer], dict[str, Any]]
) -> Iterator[str]:
    item: _Item | None = first
    while item is None or isinstance(item, _Event):
        yield _line(item) if item else ": working\n\n"
        item = _next(events)
    if isinstance(item, Exception):
        yield _line(_Event("problem", problems.describe(item).as_json(request.path)))
    else:
        yield _line(_Event("answer", write(item)))


def _next(events: "SimpleQueue[_Item]") -> _Item | None:
    try:
        return events.get(timeout=_KEEP_ALIVE_S)
    except Empty:
        return None


def _line(event: _Event) -> str:
    return f"event: {event.name}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"
