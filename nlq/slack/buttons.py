"""What the buttons under an answer do, beyond asking: verdicts, the SQL, the rows as a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nlq.answer import Table
from nlq.errors import NlqError
from nlq.feedback import Feedback, Verdict
from nlq.history_list import HistoryEntry
from nlq.question import SlackPlace
from nlq.service import Service
from nlq.slack import blocks
from nlq.slack.answering import GONE
from nlq.slack.job import Way
from nlq.slack.message import Message
from nlq.slack.people import People
from nlq.slack.replying import Reply

_THANKS = "Thank you, noted. Whoever reviews the answers will see it."


@dataclass(frozen=True)
class Buttons:
    """Does what a button asks for; see `press`."""

    service: Service
    people: People

    @property
    def handlers(self) -> Mapping[Way, Callable[[Reply, HistoryEntry], None]]:
        """What each button does."""
        return {
            Way.RIGHT: self._judge,
            Way.WRONG: self._judge,
            Way.SQL: self._show_sql,
            Way.CSV: self._send_rows,
        }

    def press(self, reply: Reply) -> None:
        """Do what the button of `reply` asks for, if its answer was given in the same workspace."""
        entry = self.service.history.get(reply.job.query_id or 0)
        if entry is None or entry.slack_team != reply.job.team:
            reply.tell(blocks.said(GONE))
            return
        try:
            self.handlers[reply.job.way](reply, entry)
        except NlqError as error:
            reply.tell(blocks.said(str(error)))

    def _judge(self, reply: Reply, entry: HistoryEntry) -> None:
        job = reply.job
        verdict = Verdict.RIGHT if job.way is Way.RIGHT else Verdict.WRONG
        person = self.people.find(reply.sender.client, job.team, job.asker)
        given = Feedback(entry.id, verdict, comment=job.text or None, user=person.name)
        self.service.review.give(given, self.service.catalog())
        reply.tell(blocks.said(_THANKS))

    def _show_sql(self, reply: Reply, entry: HistoryEntry) -> None:
        reply.tell(blocks.statement(entry.id, entry.sql or ""))

    def _send_rows(self, reply: Reply, entry: HistoryEntry) -> None:
        """The rows as they are now, of those that whoever pressed the button may see there."""
        job = reply.job
        person = self.people.find(reply.sender.client, job.team, job.asker)
        asker = person.asking(SlackPlace(job.team, job.channel or ""))
        table = self.service.replay.again(entry, asker).table or Table((), ())
        file = blocks.csv_attachment(entry.id, table)
        reply.send(Message(f"The rows of answer {entry.id}", blocks.said(file.title).blocks, (file,)))
