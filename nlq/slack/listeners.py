"""The ways in: each takes what Slack sends, writes down the job that it is, and lets Bolt acknowledge it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App, Assistant, BoltContext, BoltResponse

from nlq.errors import NlqError
from nlq.slack import blocks, incoming, views
from nlq.slack.home import Home
from nlq.slack.job import Job, Way
from nlq.slack.jobs import Jobs
from nlq.slack.sending import Sender, patient_client
from nlq.slack.workspaces import Installations, Workspaces

Body = dict[str, Any]

_WORKING = "I'm on it…"
_AGAIN = "I took that already; the answer is on its way."


@dataclass(frozen=True)
class Listeners:
    """Registers all ways in with a Bolt application; see `register`."""

    jobs: Jobs
    wake: Callable[[], None]
    cancel: Callable[[str], None]
    home: Home
    workspaces: Workspaces
    api_url: str

    def register(self, app: App) -> None:
        """Listen to all that the manifest subscribes to."""
        app.middleware(self._changed_message)
        app.use(self._assistant())
        app.event("app_mention")(self._mention)
        app.event("message")(self._message)
        app.event("app_home_opened")(ack=_nothing, lazy=[self._show_home])
        app.event("link_shared")(ack=_nothing, lazy=[self._unfurl])
        app.event("app_uninstalled")(self._uninstalled)
        app.event("tokens_revoked")(self._uninstalled)
        app.command(re.compile(r"/\S+"))(self._command)
        app.shortcut(views.ASK_ABOUT_THIS)(ack=_acknowledge, lazy=[self._open_ask])
        app.view(views.ASK_ABOUT_THIS)(self._ask_submitted)
        app.view(blocks.WRONG)(self._wrong_submitted)
        self._register_buttons(app)

    def _register_buttons(self, app: App) -> None:
        app.action(re.compile(rf"{blocks.CHOICE}_\d+"))(self._picked)
        app.action(blocks.AGAIN)(self._again)
        app.action(re.compile(rf"{blocks.EXAMPLE}_\d+"))(self._example)
        for name, way in ((blocks.RIGHT, Way.RIGHT), (blocks.SQL, Way.SQL), (blocks.CSV, Way.CSV)):
            app.action(name)(self._button(way))
        app.action(blocks.WRONG)(ack=_acknowledge, lazy=[self._open_wrong])
        app.action(blocks.BROWSER)(_acknowledge)
        for name in (blocks.PERIOD, blocks.GROUPING):
            app.action(name)(self._variant)

    def _assistant(self) -> Assistant:
        assistant = Assistant()
        assistant.thread_started(lazy=[self._suggest])(_nothing)
        assistant.thread_context_changed(_nothing)
        assistant.user_message(self._assistant_message)
        return assistant

    def _accept(self, job: Job | None) -> bool:
        """Write a job down; it is Slack's once that is done, and ours from then on."""
        if job is None or not self.jobs.accept(job):
            return False
        self.wake()
        return True

    # Messages

    def _mention(self, body: Body, context: BoltContext) -> None:
        self._accept(incoming.from_message(body, Way.MENTION, context.bot_user_id or ""))

    def _assistant_message(self, body: Body, context: BoltContext) -> None:
        self._accept(incoming.from_message(body, Way.ASSISTANT, context.bot_user_id or ""))

    def _message(self, body: Body, context: BoltContext) -> None:
        event, bot_user = body["event"], context.bot_user_id or ""
        if event.get("channel_type") == "im":
            self._accept(incoming.from_message(body, Way.DIRECT, bot_user))
        elif incoming.is_follow_up(event, bot_user):
            job = incoming.from_message(body, Way.FOLLOW_UP, bot_user)
            if job and self.jobs.takes_part(job.team, job.channel or "", job.thread or "", job.asker):
                self._accept(job)

    def _changed_message(
        self, body: Body, context: BoltContext, next: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        """Edits and deletions of questions; before the assistant, which drops those in its threads."""
        event = body.get("event") or {}
        if event.get("type") != "message" or event.get("subtype") not in incoming.CHANGES:
            return next()
        if deleted := incoming.from_deletion(body):
            self._deleted(body, deleted)
        elif edited := incoming.from_edit(body, context.bot_user_id or ""):
            self._edited(body, *edited)
        return BoltResponse(status=200, body="")

    def _edited(self, body: Body, message: str, text: str) -> None:
        channel = body["event"]["channel"]
        asked = self.jobs.asked(body["team_id"], channel, message)
        if asked is None or not text or (asked.status == "waiting" and self.jobs.reword(asked.key, text)):
            return
        thread = asked.thread if asked.thread != message else None
        self._accept(incoming.from_change(body, Way.EDIT, message, asked.asker, thread=thread, text=text))

    def _deleted(self, body: Body, message: str) -> None:
        channel = body["event"]["channel"]
        asked = self.jobs.asked(body["team_id"], channel, message)
        if asked is None:
            return
        answered = self.jobs.withdraw(asked.key)
        self.cancel(asked.key)
        if answered:
            self._accept(incoming.from_change(body, Way.DELETION, message, asked.asker))

    # Commands and shortcuts

    def _command(self, body: Body, ack: Ack) -> None:
        job = incoming.from_command(body)
        if job.text.lower() in {"", "help"}:
            ack(self.home.help_text())
            return
        try:
            ack(_WORKING if self._accept(job) else _AGAIN)
        except NlqError as error:
            ack(str(error))

    def _open_ask(self, body: Body, context: BoltContext) -> None:
        view = views.ask_about(body, self.home.max_question_chars)
        self._sender(context).client.views_open(trigger_id=body["trigger_id"], view=view)

    def _ask_submitted(self, body: Body, ack: Ack) -> None:
        try:
            self._accept(views.asked(body))
        except NlqError as error:
            ack(response_action="errors", errors={views.QUESTION: str(error)})
        else:
            ack()

    # Buttons

    def _button(self, way: Way) -> Callable[[Body, Ack], None]:
        def pressed(body: Body, ack: Ack) -> None:
            query_id = int(body["actions"][0]["value"])
            self._accept(incoming.from_button(body, way, query_id=query_id))
            ack()

        return pressed

    def _picked(self, body: Body, ack: Ack) -> None:
        query_id, _, number = body["actions"][0]["value"].partition(":")
        message = body["message"]["ts"]
        key = f"choice/{body['team']['id']}/{body['channel']['id']}/{message}/{query_id}"
        which = {"query_id": int(query_id), "change": {blocks.CHOICE: number}}
        self._accept(incoming.from_button(body, Way.PICKED, key=key, replaces=message, **which))
        ack()

    def _again(self, body: Body, ack: Ack) -> None:
        text, message = body["actions"][0]["value"], body["message"]["ts"]
        self._accept(incoming.from_button(body, Way.PICKED, text=text, replaces=message))
        ack()

    def _example(self, body: Body, ack: Ack) -> None:
        text = body["actions"][0]["value"]
        self._accept(incoming.from_button(body, Way.EXAMPLE, channel=None, thread=None, text=text))
        ack()

    def _variant(self, body: Body, ack: Ack) -> None:
        action = body["actions"][0]
        query_id, _, value = action["selected_option"]["value"].partition(":")
        change = {action["action_id"]: value}
        self._accept(incoming.from_button(body, Way.VARIANT, query_id=int(query_id), change=change))
        ack()

    def _open_wrong(self, body: Body, context: BoltContext) -> None:
        view = views.what_is_wrong(body)
        self._sender(context).client.views_open(trigger_id=body["trigger_id"], view=view)

    def _wrong_submitted(self, body: Body, ack: Ack) -> None:
        self._accept(views.judged(body))
        ack()

    # What is only shown

    def _suggest(self, body: Body, context: BoltContext) -> None:
        self.home.suggest(self._sender(context), body["team_id"], body["event"]["assistant_thread"])

    def _show_home(self, body: Body, context: BoltContext) -> None:
        if body["event"].get("tab", "home") == "home":
            self.home.show(self._sender(context), body["team_id"], body["event"]["user"])

    def _unfurl(self, body: Body, context: BoltContext) -> None:
        self.home.unfurl(self._sender(context), body["team_id"], body["event"])

    def _uninstalled(self, body: Body) -> None:
        revoked = body["event"].get("tokens")
        if isinstance(self.workspaces, Installations) and (revoked is None or revoked.get("bot")):
            self.workspaces.remove(body.get("enterprise_id"), body["team_id"])

    def _sender(self, context: BoltContext) -> Sender:
        return Sender(patient_client(self.api_url, context.bot_token))


def _nothing() -> None:
    """An event that Bolt acknowledges by itself."""


def _acknowledge(ack: Ack) -> None:
    ack()
