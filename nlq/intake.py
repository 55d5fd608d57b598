"""What every question goes through, whatever answers it: admission, the history, cancellation, its end."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from nlq.admission import Admission
from nlq.answer import Answer, Status
from nlq.cancellation import Cancelled, Cause
from nlq.endings import Ending
from nlq.errors import ComeBackLater, NlqError, Overloaded
from nlq.gate import Gate
from nlq.history import Record, Started
from nlq.metrics import Metrics
from nlq.question import Question
from nlq.running import Running
from nlq.safekeeping import Safekeeping
from nlq.secrets import hide
from nlq.trace import OnStarted, Trace, answer_of, cause, failed, record_of
from nlq.words import gettext

COMPUTING = 1
"""Questions that compute at the same time; more would not get faster, since one thread of Python computes at
a time, and would keep the threads from it that take new requests and turn them away."""


@dataclass(frozen=True)
class Intake:
    """Takes questions in; see `answered`."""

    admission: Admission
    history: Safekeeping
    timeout_s: float
    """Longest time of a question, in seconds."""
    computing: Gate = field(default_factory=lambda: Gate(COMPUTING, math.inf, ""))
    metrics: Metrics = field(default_factory=Metrics)
    running: Running = field(default_factory=Running)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """What no error may repeat."""

    def answered(
        self,
        question: Question,
        trace: Trace,
        on_started: OnStarted | None,
        answer: Callable[[Started], Answer],
    ) -> Answer:
        """Write `question` down, let `answer` work on it, and write down how that ended.

        Whatever happens after the question is written down becomes an answer with a status.

        Raises:
            Overloaded: the service or the model has too much to do.
            TooManyQuestions: its asker has asked too much.
            Cancelled: it was cancelled before it was written down.
            UnknownConversation: its conversation does not exist; nothing was written down.
            DatabaseUnavailable: the question could not be written down.
        """
        trace.cancellation.within(self.timeout_s)
        trace.computing = self.computing
        try:
            with self.admission.admitted(question, trace.cancellation):
                return self._worked_on(question, trace, on_started, answer)
        except ComeBackLater as later:
            self.metrics.turned_away(type(later).__name__)
            raise

    def _worked_on(
        self,
        question: Question,
        trace: Trace,
        on_started: OnStarted | None,
        answer: Callable[[Started], Answer],
    ) -> Answer:
        started = self.history.start(question)
        with self.running.question(started.query_id, question.user, trace.cancellation):
            if on_started:
                on_started(started)
            given, error, reason = self._attempted(question, started, trace, answer)
            if given.status is Status.FAILED:
                given = replace(given, text=hide(given.text, self.secrets))
            error = hide(error, self.secrets) if error else None
            self._finish(question, started, record_of(given, trace, error, reason))
        return given

    def _attempted(
        self, question: Question, started: Started, trace: Trace, answer: Callable[[Started], Answer]
    ) -> tuple[Answer, str | None, str | None]:
        """The answer with, where there is one, the error and the reason for the history."""
        try:
            return answer(started), None, None
        except Ending as end:
            ending = answer_of(question, started, trace, end.status, end.text, table=end.table)
            return ending, None, end.reason
        except Cancelled as end:
            return failed(question, started, trace, str(end)), None, f"cancelled: {end.cause}"
        except Overloaded as busy:
            self._give_up(question, started, trace, str(busy), "overloaded")
            raise
        except NlqError as error:
            return failed(question, started, trace, str(error)), cause(error), None
        except Exception as error:  # the person gets a sentence, the history what happened
            text = gettext("Something went wrong while this question was worked on; please ask again.")
            return failed(question, started, trace, text), f"{type(error).__name__}: {error}", None
        except (KeyboardInterrupt, SystemExit):
            self._give_up(
                question, started, trace, str(Cancelled(Cause.STOPPED)), f"cancelled: {Cause.STOPPED}"
            )
            raise

    def _give_up(self, question: Question, started: Started, trace: Trace, text: str, reason: str) -> None:
        """Write down that the question failed; whoever asked is told so by an error."""
        record = record_of(failed(question, started, trace, text), trace, None, reason)
        self._finish(question, started, record)

    def _finish(self, question: Question, started: Started, record: Record) -> None:
        self.metrics.ended(question.channel, record)
        self.history.finish(started, record)
