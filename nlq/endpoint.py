"""The model's endpoint, used with care: so many calls at once, each within its time, retried where safe."""

import itertools
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from nlq.breaker import Breaker
from nlq.calls import Calls
from nlq.cancellation import Cancellation, Cancelled
from nlq.errors import ModelUnavailable
from nlq.gate import Gate
from nlq.words import N_, gettext

T = TypeVar("T")

LONGEST_REPLY = 256 * 1024
"""Bytes of a reply that is read; the longest SQL is far below it."""
_RETRIES = 2
_PAUSE_S = 0.5
"""Before the first retry, twice as long before the second; an endpoint may ask for another one."""
_PASSING = (ModelConnectionError, ModelRateLimitError, ModelAPIError)
"""What may be over in a moment. The same request can be sent again: nothing happened but a reply lost.
One that took too long is not repeated; the time is used up."""
_DEAD = (ModelConnectionError, ModelTimeoutError, ModelAPIError, TimeoutError)
"""What says that the endpoint does not work, not that it does not like this request."""


class ReplyTooLong(Exception):
    """A reply has more than `LONGEST_REPLY` bytes and was not read to its end."""


class Endpoint:
    """Calls one model's endpoint for all threads; see `call`."""

    def __init__(self, timeout_s: float, at_once: int, in_line: int) -> None:
        """Let `at_once` calls run, each for `timeout_s` with its retries, and `in_line` wait."""
        busy = N_("The language model is busy with other questions.")
        self.gate, self.breaker = Gate(at_once, in_line, busy), Breaker()
        self._calls, self._timeout_s = Calls(), timeout_s

    def call(self, request: Callable[[], Coroutine[Any, Any, T]], cancellation: Cancellation) -> T:
        """The reply to `request`, which makes the call and is called anew for each retry.

        Raises:
            ModelUnavailable: there is no reply; it says what to do.
            Overloaded: too many wait for the model already.
            Cancelled: the question was cancelled; the call, if it was made, is dropped.
        """
        with self.gate.passing(cancellation):
            deadline = time.monotonic() + cancellation.seconds_left(self._timeout_s)
            for retries in itertools.count():
                try:
                    return self._once(request, deadline - time.monotonic(), cancellation)
                except (ModelUnavailable, Cancelled):
                    raise
                except Exception as error:  # every provider's package has errors of its own
                    pause = _pause_asked_for(error) or _PAUSE_S * 2**retries
                    over = retries == _RETRIES or time.monotonic() + pause >= deadline
                    if over or not _is(error, _PASSING):
                        raise ModelUnavailable(_why(error)) from error
                    cancellation.pause(pause)
        raise AssertionError("the loop ends with a reply or an error")

    def _once(
        self, request: Callable[[], Coroutine[Any, Any, T]], seconds: float, cancellation: Cancellation
    ) -> T:
        """One call; the breaker is told how it ended."""
        if not self.breaker.allows():
            alone = N_(
                "The language model does not answer at the moment and is left alone for a few seconds; "
                "please try again then."
            )
            raise ModelUnavailable(gettext(alone))
        try:
            reply = self._calls.run(request(), seconds, cancellation)
        except Cancelled:
            self.breaker.abandoned()
            raise
        except Exception as error:
            self.breaker.failed() if _is(error, _DEAD) else self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return reply


def _is(error: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    """Whether `error` is of one of the `kinds`; a reply too long to be read is no lost connection."""
    return isinstance(error, kinds) and not isinstance(_first_cause(error), ReplyTooLong)


def _first_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _pause_asked_for(error: Exception) -> float | None:
    """The seconds of the header Retry-After, as a number or as a date; None where there is none."""
    asked = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


_SENTENCES: Mapping[tuple[type[Exception], ...], str] = {
    (ModelTimeoutError, TimeoutError): N_(
        "The language model did not answer in time; please ask again, or more simply."
    ),
    (ModelConnectionError,): N_("The language model cannot be reached; please try again in a moment."),
    (ModelAuthenticationError, ModelPermissionDeniedError): N_(
        "The language model refused the API key; the operator must check OPENAI_API_KEY."
    ),
    (ModelRateLimitError,): N_("The language model is over its rate limit; please try again in a minute."),
    (ModelNotFoundError,): N_(
        "The language model is not known at its endpoint; the operator must check NLQ_MODEL and its address."
    ),
    (ModelAPIError,): N_("The language model has a fault of its own; please try again in a moment."),
    (ModelError,): N_("The language model did not take the question; please put it in other words."),
}


def _why(error: Exception) -> str:
    """What the error means to the person who asked; nothing of the request is repeated."""
    if isinstance(_first_cause(error), ReplyTooLong):
        return gettext("The language model's reply is far too long; please put the question in other words.")
    found = (sentence for kinds, sentence in _SENTENCES.items() if isinstance(error, kinds))
    return gettext(
        next(found, N_("The language model's reply cannot be read; please try again in a moment."))
    )
