"""What is shown without being asked: App Home, the help of the command, prompts, previews of our links."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from nlq import examples
from nlq.errors import NlqError
from nlq.history_list import Filters, HistoryEntry
from nlq.question import Question, SlackPlace
from nlq.service import Service
from nlq.slack.blocks import EXAMPLE
from nlq.slack.elements import actions, button, header, link, note, paragraph, section, text
from nlq.slack.message import Block
from nlq.slack.people import People
from nlq.slack.sending import Sender
from nlq.slack.text import cut, escape

_PAGE = re.compile(
    r"/conversations/(?P<conversation>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?:\?[^#]*)?(?:#q(?P<id>\d{1,9}))?"
)
_MOST_LINKED = 100
_RECENT = 5
_MOST_PROMPTS = 4
_ASK = "You can ask, for example"
_ANYBODY = Question("", channel="slack")
_NO_ANSWER = "It is not answered yet."
_HOW = (
    "Ask me about KPIs in plain words: mention me in a channel, write me a direct message, or use the "
    'command. I answer in the thread. Ask on there, and I know what you mean by "and last year?".'
)
_BUTTONS = (
    "Under an answer: tell whether it is right, look at the SQL, take the rows as a file, or see another "
    "period or grouping. I only read data, and I never change any."
)


@dataclass(frozen=True)
class Home:
    """Puts together what it shows from the catalogue and the history."""

    service: Service
    people: People

    @property
    def max_question_chars(self) -> int:
        """The longest question that is taken."""
        return self.service.settings.max_question_chars

    def examples(self, asker: Question = _ANYBODY) -> list[str]:
        """Questions that `asker` can ask; none while the database cannot be reached."""
        try:
            return examples.questions(self.service.catalog(asker))
        except NlqError:
            return []

    def help_text(self) -> str:
        """What the command says where it is not asked anything."""
        asked = "".join(f"\n• {escape(one)}" for one in self.examples()[:4])
        return f"Ask me about KPIs, for example:{asked}" if asked else "Ask me about KPIs in plain words."

    def show(self, sender: Sender, team: str, person: str) -> None:
        """Publish App Home for a person: how to ask, examples, and what they asked last."""
        asker = self.people.find(sender.client, team, person).asking(SlackPlace(team, ""))
        view = {"type": "home", "blocks": home_blocks(self.examples(asker), self._recent(asker))}
        sender.client.views_publish(user_id=person, view=view)

    def unfurl(self, sender: Sender, team: str, event: dict[str, Any]) -> None:
        """Show under a message what the links to our pages in it lead to."""
        place = SlackPlace(team, event["channel"])
        found = {link["url"]: self._preview(place, link["url"]) for link in event["links"]}
        shown = {url: {"blocks": preview} for url, preview in found.items() if preview}
        if shown:
            sender.client.chat_unfurl(channel=event["channel"], ts=event["message_ts"], unfurls=shown)

    def suggest(self, sender: Sender, team: str, thread: dict[str, Any]) -> None:
        """Suggest questions in an assistant thread that a person opened."""
        asker = self.people.find(sender.client, team, thread["user_id"]).asking(SlackPlace(team, ""))
        prompts = [{"title": text, "message": text} for text in self.examples(asker)[:_MOST_PROMPTS]]
        if prompts:
            sender.client.assistant_threads_setSuggestedPrompts(
                channel_id=thread["channel_id"], thread_ts=thread["thread_ts"], title=_ASK, prompts=prompts
            )

    def _recent(self, asker: Question) -> list[HistoryEntry]:
        filters = Filters(user=asker.user, slack_team=asker.slack.team if asker.slack else None)
        try:
            return list(self.service.history.page(filters, limit=_RECENT).entries)
        except NlqError:
            return []

    def _preview(self, place: SlackPlace, url: str) -> list[Block]:
        """A question that was asked in the same channel, and its answer.

        From elsewhere nothing is shown: who reads along here may not be allowed to see it.
        """
        entry = self._linked(url)
        if entry is None or (entry.slack_team, entry.slack_channel) != (place.team, place.channel):
            return []
        return preview_blocks(entry)

    def _linked(self, url: str) -> HistoryEntry | None:
        """The question that a link leads to: a conversation's last one, unless it names another."""
        public = self.service.settings.sign_in.public_url
        if public is None or not url.startswith(public):
            return None
        found = _PAGE.fullmatch(url.removeprefix(public))
        if found is None:
            return None
        in_conversation = Filters(conversation_id=uuid.UUID(found["conversation"]))
        entries = self.service.history.page(in_conversation, limit=_MOST_LINKED).entries
        wanted = int(found["id"]) if found["id"] else None
        return next((entry for entry in entries if wanted in {None, entry.id}), None)


def home_blocks(asked: list[str], recent: list[HistoryEntry]) -> list[Block]:
    """App Home as blocks."""
    shown = [header("Ask your KPIs"), paragraph(_HOW), paragraph(_BUTTONS)]
    if asked:
        buttons = [button(f"{EXAMPLE}_{number}", text, text) for number, text in enumerate(asked)]
        shown += [header("Try"), actions(*buttons)]
    if recent:
        shown += [header("What you asked last"), *map(_recent_block, recent)]
    return shown


def preview_blocks(entry: HistoryEntry) -> list[Block]:
    """A question and its answer as blocks."""
    read = [note(f"Read as: {entry.interpretation}")] if entry.interpretation else []
    return [
        paragraph(cut(entry.question, 300), bold=True),
        paragraph(cut(entry.answer_text or _NO_ANSWER, 1_000)),
        *read,
    ]


def _recent_block(entry: HistoryEntry) -> Block:
    told = [text(f"{cut(entry.question, 200)}\n", bold=True), text(cut(entry.answer_text or _NO_ANSWER, 500))]
    return section(*told, *([text(" "), link(entry.permalink, "Open")] if entry.permalink else []))
