"""Shows in the thread that a question is being worked on."""

import time
from collections.abc import Mapping

from nlq.slack.jobs import Replies
from nlq.slack.message import Message
from nlq.slack.sending import FAILURES, OutOfReach, Place, Sender

_STAGES: Mapping[str, str] = {
    "linking": "is reading the question…",
    "llm": "is choosing what to look up…",
    "database": "is looking it up…",
    "answer": "is writing the answer…",
}
_WORKING = "I'm on it…"
_AT_MOST_EVERY_S = 1.0


def placeholder_of(job: str) -> str:
    """The key under which the message that shows the progress of `job` is sent."""
    return f"{job}/working"


class Progress:
    """Tells the stages as the bot's status; where a workspace has no such status, as a message.

    The answer takes the place of that message: it is `placeholder`.
    """

    def __init__(self, sender: Sender, place: Place | None, job: str, placeholder: str | None = None) -> None:
        """Show the progress of `job` at `place`; `placeholder` is a message that shows it already."""
        self._sender, self._place, self._job = sender, place, job
        self._told = float("-inf")
        self.placeholder = placeholder

    def __call__(self, stage: str) -> None:
        """A stage of the pipeline begins."""
        sentence = _STAGES.get(stage)
        if sentence and time.monotonic() - self._told >= _AT_MOST_EVERY_S:
            self._told = time.monotonic()
            self._show(sentence)

    def end(self) -> None:
        """Show no progress any more, where no answer follows."""
        if self.placeholder and self._place:
            self._sender.take_back(self._place.channel, Replies([self.placeholder]))
        elif self._told > float("-inf"):
            self._show("")

    def _show(self, sentence: str) -> None:
        if self._place is None or self._place.thread is None:
            return
        try:
            self._sender.client.assistant_threads_setStatus(
                channel_id=self._place.channel, thread_ts=self._place.thread, status=sentence
            )
        except FAILURES:
            self._told = float("inf")  # a workspace without such a status gets a message, once
            if self.placeholder is None and sentence:
                self._post(self._place)

    def _post(self, place: Place) -> None:
        try:
            self.placeholder = self._sender.send(
                place, Message(_WORKING), placeholder_of(self._job)
            ).messages[0]
        except (*FAILURES, OutOfReach):
            return  # the answer will say what is wrong
