"""Errors as `application/problem+json` (RFC 9457), or as a page for people: never a traceback."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, json, render_template, request
from werkzeug.exceptions import HTTPException

from nlq.errors import (
    ComeBackLater,
    DatabaseUnavailable,
    InvalidFeedback,
    InvalidPlan,
    InvalidQuestion,
    ModelUnavailable,
    NlqError,
    Overloaded,
    TooManyQuestions,
    UnknownConversation,
    UnknownQuestion,
)

_KINDS: Mapping[type[NlqError], tuple[HTTPStatus, str, str]] = {
    InvalidQuestion: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-question", "The question cannot be used"),
    UnknownConversation: (HTTPStatus.NOT_FOUND, "unknown-conversation", "There is no such conversation"),
    InvalidFeedback: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-feedback", "The feedback cannot be used"),
    InvalidPlan: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-plan", "The plan cannot be used"),
    UnknownQuestion: (HTTPStatus.NOT_FOUND, "unknown-question", "There is no such question"),
    DatabaseUnavailable: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database-unavailable",
        "The database cannot be reached",
    ),
    Overloaded: (HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", "The service is busy"),
    TooManyQuestions: (HTTPStatus.TOO_MANY_REQUESTS, "too-many-questions", "Too many questions"),
    ModelUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "model-unavailable", "The model cannot be reached"),
}
_MIMETYPE = "application/problem+json"
_RETRY_AFTER_S = 5
_UNEXPECTED = "Something went wrong here and was logged; please try again, or tell who runs this service."


@dataclass(frozen=True)
class Problem:
    """One RFC 9457 problem. `type` is `about:blank` where the status says it all."""

    status: HTTPStatus
    detail: str
    title: str
    type: str = "about:blank"

    def as_json(self, instance: str) -> dict[str, Any]:
        """The problem as the JSON object of RFC 9457; `instance` is the address that was asked for."""
        return {
            "type": self.type,
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "instance": instance,
        }


def describe(error: Exception) -> Problem:
    """What a person is told about `error`; an unexpected one is logged and its text kept back."""
    for kind, (status, slug, title) in _KINDS.items():
        if isinstance(error, kind):
            return Problem(status, str(error), title, f"urn:nlq:problem:{slug}")
    if isinstance(error, NlqError):
        return _plain(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    if isinstance(error, HTTPException) and error.code and error.code != HTTPStatus.INTERNAL_SERVER_ERROR:
        return _plain(HTTPStatus(error.code), error.description or "")
    current_app.logger.error("Unexpected error", exc_info=error)
    return _plain(HTTPStatus.INTERNAL_SERVER_ERROR, _UNEXPECTED)


def register(app: Flask) -> None:
    """Let every error that a request of `app` ends with become a problem."""
    app.register_error_handler(HTTPException, _http_response)
    app.register_error_handler(Exception, _response)


def _http_response(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    response = _response(error)
    kept = {"Allow", "Retry-After", "WWW-Authenticate"}
    response.headers.extend([pair for pair in error.get_headers() if pair[0] in kept])
    return response


def _response(error: Exception) -> Response:
    problem = describe(error)
    if is_of_a_page():
        response = Response(render_template("problem.html", problem=problem), int(problem.status))
    else:
        response = _as_json(problem)
    if isinstance(error, ComeBackLater):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def is_of_a_page() -> bool:
    """Whether a person looks at the answer of this request in a browser."""
    if request.path.startswith("/api/"):
        return False
    return request.accept_mimetypes.best_match([_MIMETYPE, "text/html"]) == "text/html"


def _as_json(problem: Problem) -> Response:
    body = json.dumps(problem.as_json(request.path))
    return Response(body, int(problem.status), mimetype=_MIMETYPE)


def _plain(status: HTTPStatus, detail: str) -> Problem:
    return Problem(status, detail, status.phrase)
