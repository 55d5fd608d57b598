"""Replies to a job: in its thread, else to the person alone, so that nothing is dropped in silence."""

import logging
from dataclasses import dataclass, replace

from slack_sdk.webhook import WebhookClient

from nlq.slack import blocks
from nlq.slack.job import Job
from nlq.slack.jobs import Jobs, Replies
from nlq.slack.message import Message
from nlq.slack.sending import FAILURES, OutOfReach, Place, Sender
from nlq.slack.text import escape

_ELSEWHERE = "I can't write in that channel, so the answer is here. Add me to the channel to get it there."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """A job with the sender that answers it."""

    job: Job
    sender: Sender

    @property
    def place(self) -> Place | None:
        """The thread that the job is answered in; None where it has none."""
        thread = self.job.thread or self.job.message
        return Place(self.job.channel, thread) if self.job.channel and thread else None

    @property
    def addressed(self) -> str | None:
        """The person to name in the answer, where others read along."""
        return None if self.job.direct else self.job.asker

    def placed(self, jobs: Jobs) -> "Reply":
        """The same with a thread to answer in: a job that came without a message gets one of ours."""
        if self.place:
            return self
        key = f"{self.job.key}/question"
        try:
            channel = self.job.channel or self._direct().channel
            question = blocks.said(self.job.text, self.job.asker)
            thread = self.sender.send(Place(channel), question, key).messages[0]
        except OutOfReach:
            return self
        jobs.place(self.job.key, channel, thread)
        return replace(self, job=replace(self.job, channel=channel, thread=thread))

    def send(self, message: Message, replaces: str | None = None) -> Replies:
        """Send an answer to where it belongs, else to the person alone.

        Raises:
            SlackApiError: Slack takes it nowhere.
        """
        if self.place:
            try:
                return self.sender.send(self.place, message, self.job.key, replaces)
            except OutOfReach:
                _log.info("The Slack app may not write in %s", self.place.channel)
        if self.job.response_url and all(file.alt_text for file in message.files):
            _respond(self.job.response_url, message)  # without the picture, which needs a place
        else:
            self.sender.send(self._direct(), Message(_ELSEWHERE), f"{self.job.key}/elsewhere")
            self.sender.send(self._direct(), message, self.job.key)
        return Replies()

    def tell(self, message: Message) -> None:
        """Show something to the person alone; what Slack refuses is logged."""
        try:
            if self.job.response_url:
                _respond(self.job.response_url, message)
            elif self.place and not self.job.direct:
                self.sender.whisper(self.place, self.job.asker, message)
            else:
                self.sender.send(self.place or self._direct(), message, f"{self.job.key}/told")
        except (OutOfReach, *FAILURES) as error:
            _log.warning("Slack showed nothing to %s: %s", self.job.asker, error)

    def _direct(self) -> Place:
        opened = self.sender.client.conversations_open(users=self.job.asker)
        return Place(opened["channel"]["id"])


def _respond(response_url: str, message: Message) -> None:
    WebhookClient(response_url).send(
        text=escape(message.text),
        blocks=list(message.blocks) or None,
        response_type="ephemeral",
        replace_original=False,
    )
