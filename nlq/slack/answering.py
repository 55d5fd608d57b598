"""The core: asks the pipeline what a job asks, and answers with what comes back."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nlq.answer import Answer, Status
from nlq.cancellation import Cancellation, Cancelled, Cause
from nlq.chart import image
from nlq.errors import NlqError, Overloaded, UnknownQuestion
from nlq.history_list import HistoryEntry
from nlq.plan.model import Plan
from nlq.question import Question, SlackPlace
from nlq.service import Service
from nlq.slack import blocks, variants
from nlq.slack.blocks import NO_VARIANTS, Variants
from nlq.slack.job import Job, Way
from nlq.slack.jobs import Jobs, Replies
from nlq.slack.message import Attachment, Message
from nlq.slack.people import People
from nlq.slack.progress import Progress, placeholder_of
from nlq.slack.replying import Reply
from nlq.slack.threads import Threads

GONE = "I don't find that answer any more. Please ask again."
_TRIES_WHILE_BUSY = 12
_JUST_GO_ON = "(If you did not mean me, just go on.)"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answering:
    """Answers questions; see `answer`."""

    service: Service
    people: People
    jobs: Jobs
    threads: Threads
    _running: dict[str, Cancellation] = field(default_factory=dict)

    def answer(self, reply: Reply, again: bool) -> None:
        """Answer the question of `reply`; `again` if a process died over it before."""
        job, sender, place = reply.job, reply.sender, reply.place
        if again and place and (sent := sender.sent_before(place, job.key)):
            self.jobs.finish(job.key, None, Replies([sent]))
            return
        shown = self._earlier(reply)
        if again and place and shown is None:
            shown = sender.sent_before(place, placeholder_of(job.key))
        progress = Progress(sender, place, job.key, shown)
        try:
            query_id, message = self._message(reply, progress)
        except Cancelled:
            _log.info("The service ends; another process answers %s", job.key)
            return
        if message is None or self.jobs.withdrawn(job.key):
            progress.end()
            self.jobs.finish(job.key, query_id, Replies())
            return
        replies = reply.send(message, progress.placeholder)
        if not self.jobs.finish(job.key, query_id, replies) and place:
            sender.take_back(place.channel, replies)

    def cancel(self, key: str) -> None:
        """End the job `key` if this process works on it: nobody waits for its answer any more."""
        if cancellation := self._running.get(key):
            cancellation.cancel(Cause.GONE)

    def _message(self, reply: Reply, progress: Progress) -> tuple[int | None, Message | None]:
        """The id of the question and what to send; nothing where the person alone was told something."""
        job = reply.job
        try:
            question = self._question(reply)
            answer = self._asked(reply, question, progress)
        except Cancelled:
            raise
        except NlqError as error:
            if job.way is Way.FOLLOW_UP:
                reply.tell(blocks.said(f"{error} {_JUST_GO_ON}"))
                return None, None
            return None, blocks.said(str(error), reply.addressed)
        if job.way is Way.FOLLOW_UP and answer.status is Status.REFUSED:
            reply.tell(blocks.said(f"{answer.text} {_JUST_GO_ON}"))
            return answer.id, None
        return answer.id, self._shown(answer, question, reply.addressed)

    def _shown(self, answer: Answer, question: Question, addressed: str | None) -> Message:
        public = self.service.settings.sign_in.public_url
        return blocks.answered(
            answer,
            to=addressed,
            url=f"{public}/conversations/{answer.conversation_id}#q{answer.id}" if public else None,
            variants=self._variants(answer, question),
            chart=_picture(answer),
        )

    def _question(self, reply: Reply) -> Question:
        job = reply.job
        person = self.people.find(reply.sender.client, job.team, job.asker)
        text = self._picked(job) if job.way is Way.PICKED and job.change else job.text
        return person.asking(_where(reply), text, self._conversation(job))

    def _asked(self, reply: Reply, question: Question, progress: Progress) -> Answer:
        """The pipeline's answer.

        Raises:
            Cancelled: the service ends.
            NlqError: the question cannot be worked on.
        """
        job, place, pipeline = reply.job, reply.place, self.service.pipeline
        with self._cancellation(job.key) as cancellation:
            if job.way is Way.VARIANT:
                plan = self._variant(job, question)
                answer = pipeline.run_plan(plan, question, progress, cancellation=cancellation)
            else:
                answer = _patiently(lambda: pipeline.ask(question, progress, cancellation=cancellation))
            _unless_the_service_ends(cancellation)
        if place and place.thread:
            self.threads.remember(job.team, place.channel, place.thread, answer.conversation_id)
        return answer

    def _conversation(self, job: Job) -> uuid.UUID | None:
        """The conversation that the thread is; none for the message that starts it."""
        starts_thread = job.message is not None and job.thread in {None, job.message}
        if job.channel is None or job.thread is None or starts_thread:
            return None
        return self.threads.conversation(job.team, job.channel, job.thread)

    def _variants(self, answer: Answer, question: Question) -> Variants:
        try:
            catalog = self.service.catalog(question)
        except NlqError:  # the answer is there; it only has no menus then
            return NO_VARIANTS
        return variants.offered(answer.plan, catalog, self.service.pipeline.calendar())

    def _variant(self, job: Job, question: Question) -> Plan:
        """The plan of another answer, changed; raises `NlqError` where it is gone or cannot be changed so."""
        entry = self._entry(job)
        return variants.changed(entry.plan, job.change or {}, self.service.catalog(question))

    def _picked(self, job: Job) -> str:
        """The question that a choice asks; raises `NlqError` where what offered it is gone."""
        choices, number = self._entry(job).choices or (), int((job.change or {})[blocks.CHOICE])
        if number >= len(choices):
            raise UnknownQuestion(GONE)
        return choices[number]["question"]

    def _entry(self, job: Job) -> HistoryEntry:
        """What the button belongs to, in the same workspace; raises `NlqError` if it is gone."""
        entry = self.service.history.get(job.query_id or 0)
        if entry is None or entry.slack_team != job.team:
            raise UnknownQuestion(GONE)
        return entry

    @contextmanager
    def _cancellation(self, key: str) -> Iterator[Cancellation]:
        self._running[key] = cancellation = Cancellation()
        try:
            yield cancellation
        finally:
            del self._running[key]

    def _earlier(self, reply: Reply) -> str | None:
        """The message of ours that the answer takes the place of; files that went with it are deleted."""
        job = reply.job
        if job.way is not Way.EDIT or job.channel is None or job.message is None:
            return job.replaces
        before = self.jobs.asked(job.team, job.channel, job.message, but=job.key)
        if before is None:
            return None
        reply.sender.take_back(job.channel, Replies((), before.replies.files))
        return next(iter(before.replies.messages), None)


def _unless_the_service_ends(cancellation: Cancellation) -> None:
    try:
        cancellation.check()
    except Cancelled as end:
        if end.cause is Cause.SHUTDOWN:
            raise


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer, also where the service has to be asked again because it has too much to do."""
    for _ in range(_TRIES_WHILE_BUSY):
        try:
            return ask()
        except Overloaded as busy:
            time.sleep(busy.retry_after_s)
    return ask()


def _where(reply: Reply) -> SlackPlace:
    job = reply.job
    message = job.message or job.thread
    link = reply.sender.permalink(job.channel, message) if job.channel and message else None
    return SlackPlace(job.team, job.channel or "", job.thread or job.message, link)


def _picture(answer: Answer) -> Attachment | None:
    """The chart of an answer as a PNG file; None where it has none or it cannot be drawn."""
    if answer.chart is None:
        return None
    try:
        content = image.png(answer.chart)
    except ValueError as error:
        _log.warning("The chart of answer %d could not be drawn: %s", answer.id, error)
        return None
    return Attachment(f"chart-{answer.id}.png", f"Chart of answer {answer.id}", content, answer.text[:900])
