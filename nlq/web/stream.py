"""An answer as server-sent events: `stage` for each stage, then `answer`; `problem` if there is none."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from flask import Response, request, stream_with_context

from nlq.answer import as_json
from nlq.question import Question
from nlq.web import problems
from nlq.web.ports import Pipeline

MIMETYPE = "text/event-stream"
_KEEP_ALIVE_S = 15
"""Proxies close connections on which nothing is sent for long; a comment keeps this one open."""


@dataclass(frozen=True)
class _Stage:
    data: dict[str, Any]


@dataclass(frozen=True)
class _Answer:
    data: dict[str, Any]


_Event = _Stage | _Answer | Exception


def response(pipeline: Pipeline, question: Question) -> Response:
    """Answer `question` in a thread and stream what happens.

    The question is worked on to its end also if nobody listens any more, so that the history is complete.

    Raises:
        Exception: what the pipeline raised before its first stage, to be answered without a stream.
    """
    events: SimpleQueue[_Event] = SimpleQueue()
    Thread(target=_work, args=(pipeline, question, events), name="question", daemon=True).start()
    first = events.get()
    if isinstance(first, Exception):
        raise first
    return Response(
        stream_with_context(_lines(first, events)),
        mimetype=MIMETYPE,
        headers={"X-Accel-Buffering": "no"},  # nginx passes events on as they come
    )


def _work(pipeline: Pipeline, question: Question, events: SimpleQueue[_Event]) -> None:
    try:
        answer = pipeline.ask(question, lambda stage: events.put(_Stage({"stage": stage})))
        events.put(_Answer(as_json(answer)))
    except Exception as error:
        events.put(error)


def _lines(first: _Stage | _Answer, events: SimpleQueue[_Event]) -> Iterator[str]:
    event: _Event | None = first
    while isinstance(event, _Stage | None):
        yield _line("stage", event.data) if event else ": working\n\n"
        event = _next(events)
    if isinstance(event, _Answer):
        yield _line("answer", event.data)
    else:
        yield _line("problem", problems.describe(event).as_json(request.path))


def _next(events: SimpleQueue[_Event]) -> _Event | None:
    try:
        return events.get(timeout=_KEEP_ALIVE_S)
    except Empty:
        return None


def _line(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
