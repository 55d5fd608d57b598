"""Admission: which question is worked on now, and which has to come back, whatever channel it comes from."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from nlq.cancellation import Cancellation
from nlq.errors import TooManyQuestions
from nlq.gate import Gate
from nlq.question import Question
from nlq.settings import Settings
from nlq.words import N_


class Admission:
    """Bounds the questions under way in this process, and those of each person in a minute.

    A question without a known asker comes from this machine, and counts for the first bound only.
    """

    def __init__(self, settings: Settings) -> None:
        self.room = Gate(
            settings.max_questions, 0, N_("Too many questions are being answered at the moment.")
        )
        self._rate = limits.RateLimitItemPerMinute(settings.questions_per_minute)
        self._asked = MovingWindowRateLimiter(MemoryStorage())

    @contextmanager
    def admitted(self, question: Question, cancellation: Cancellation) -> Iterator[None]:
        """Hold a place for `question` while the context lasts.

        Raises:
            Overloaded: there is none.
            TooManyQuestions: its asker had all that one person may ask within a minute.
        """
        with self.room.passing(cancellation):
            if question.user is not None:
                self._count(question.channel, question.user)
            yield

    def _count(self, channel: str, user: str) -> None:
        if self._asked.hit(self._rate, channel, user):
            return
        free_at = self._asked.get_window_stats(self._rate, channel, user).reset_time
        raise TooManyQuestions(self._rate.amount, max(1, math.ceil(free_at - time.time())))
