"""Does a job: looks whether the person may ask, and hands it to what answers it."""

import logging
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from nlq.slack import blocks
from nlq.slack.answering import Answering
from nlq.slack.buttons import Buttons
from nlq.slack.job import Way
from nlq.slack.jobs import Claimed, Jobs, Replies
from nlq.slack.people import People
from nlq.slack.replying import Reply
from nlq.slack.sending import Sender, patient_client
from nlq.slack.workspaces import Workspaces

_MOST_ATTEMPTS = 2
_TOO_OLD_S = 1800.0
_INTERRUPTED = "I was interrupted while I worked on this. Please ask again."
_REFUSED_BY_SLACK = "Slack did not take my answer. Please ask again; it helps to ask for fewer rows."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """Does jobs; see `do`."""

    api_url: str
    workspaces: Workspaces
    people: People
    jobs: Jobs
    answering: Answering
    buttons: Buttons

    def do(self, claimed: Claimed) -> None:
        """Do a job to its end: the person gets what they asked for, or a sentence that says what to do."""
        job = claimed.job
        workspace = self.workspaces.find(job.enterprise, job.team)
        if workspace is None:
            _log.warning("The Slack app is not installed in the workspace %s any more", job.team)
            self.jobs.finish(job.key, None, Replies(), given_up=True)
            return
        reply = Reply(job, Sender(patient_client(self.api_url, workspace.token)))
        try:
            self._do(claimed, reply)
        except SlackApiError as error:
            _log.error("Slack refused the answer to %s: %s", job.key, error.response.get("error"))
            reply.tell(blocks.said(_REFUSED_BY_SLACK))
            self.jobs.finish(job.key, None, Replies(), given_up=True)

    def _do(self, claimed: Claimed, reply: Reply) -> None:
        job = claimed.job
        if refusal := self.people.refusal(reply.sender.client, job):
            reply.tell(blocks.said(refusal))
            self.jobs.finish(job.key, None, Replies())
        elif claimed.attempts > _MOST_ATTEMPTS or claimed.age_s > _TOO_OLD_S:
            replies = reply.send(blocks.said(_INTERRUPTED, reply.addressed), job.replaces)
            self.jobs.finish(job.key, None, replies, given_up=True)
        elif job.way is Way.DELETION:
            self._take_back(reply)
        elif job.way in self.buttons.handlers:
            self.buttons.press(reply)
            self.jobs.finish(job.key, job.query_id, Replies())
        else:
            self.answering.answer(reply.placed(self.jobs), again=claimed.attempts > 1)

    def _take_back(self, reply: Reply) -> None:
        """Delete the answer to a question that was deleted."""
        job = reply.job
        asked = self.jobs.asked(job.team, job.channel or "", job.message or "", but=job.key)
        if asked:
            reply.sender.take_back(job.channel or "", asked.replies)
        self.jobs.finish(job.key, None, Replies())
