"""Sends to Slack: messages, files, and what only one person sees. Slack's rate limits are waited for."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from nlq.slack.jobs import Replies
from nlq.slack.message import Attachment, Message
from nlq.slack.text import escape

FAILURES = (SlackClientError, OSError, HTTPException)
"""What a call of Slack can end with: Slack refuses it, or cannot be reached."""

_TIMEOUT_S = 20
_RATE_LIMITED_TRIES = 8
_METADATA = "nlq_answer"
_NO_FILE = "Slack did not take the file {}."
_OUT_OF_REACH = {"not_in_channel", "channel_not_found", "is_archived", "restricted_action", "missing_scope"}
"""Slack's errors that say that the app may not write in a channel."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where to send: a channel, and a message in it whose thread is meant."""

    channel: str
    thread: str | None = None


class OutOfReach(Exception):
    """The app may not write in the channel; nothing was sent."""


def patient_client(api_url: str, token: str | None = None) -> WebClient:
    """A client for work behind the acknowledgement: it waits as long as Slack's `Retry-After` says."""
    handlers = [
        RateLimitErrorRetryHandler(max_retry_count=_RATE_LIMITED_TRIES),
        ServerErrorRetryHandler(max_retry_count=3),
        ConnectionErrorRetryHandler(max_retry_count=3),
    ]
    return WebClient(token, base_url=api_url, timeout=_TIMEOUT_S, retry_handlers=handlers)


def reason(failure: BaseException) -> str:
    """A failure in few words: Slack's own name of it, or what the network says."""
    if isinstance(failure, SlackApiError):
        return str(failure.response["error"])
    return str(failure.reason) if isinstance(failure, URLError) else str(failure)


@dataclass(frozen=True)
class Sender:
    """Writes in one workspace."""

    client: WebClient

    def send(self, place: Place, message: Message, job: str, replaces: str | None = None) -> Replies:
        """Send `message` with its files, or let it take the place of an earlier one.

        Args:
            place: where to.
            message: what.
            job: key of the job that this answers, so that `sent_before` finds it.
            replaces: timestamp of the earlier message.

        Raises:
            OutOfReach: the app may not write there.
            SlackApiError: Slack refused it for another reason.
        """
        what: dict[str, Any] = {
            "channel": place.channel,
            "text": escape(message.text),
            "blocks": list(message.blocks),
            "metadata": {"event_type": _METADATA, "event_payload": {"job": job}},
        }
        try:
            if replaces:
                self.client.chat_update(ts=replaces, **what)
                sent = replaces
            else:
                posted = self.client.chat_postMessage(
                    thread_ts=place.thread, unfurl_links=False, unfurl_media=False, **what
                )
                sent = posted["ts"]
        except SlackApiError as error:
            if error.response.get("error") in _OUT_OF_REACH:
                raise OutOfReach(error.response["error"]) from error
            raise
        files = self._upload(Place(place.channel, place.thread or sent), message.files)
        return Replies([sent], list(files))

    def whisper(self, place: Place, person: str, message: Message) -> None:
        """Show `message` to `person` alone.

        Raises:
            SlackApiError: Slack refused it.
        """
        self.client.chat_postEphemeral(
            channel=place.channel,
            user=person,
            thread_ts=place.thread,
            text=escape(message.text),
            blocks=list(message.blocks),
        )

    def sent_before(self, place: Place, job: str) -> str | None:
        """The timestamp of a message that answered `job` already, in the thread of `place`."""
        if place.thread is None:
            return None
        try:
            replies = self.client.conversations_replies(
                channel=place.channel, ts=place.thread, include_all_metadata=True, limit=200
            )
        except FAILURES:
            return None
        return next((m["ts"] for m in replies["messages"] if _job_of(m) == job), None)

    def take_back(self, channel: str, replies: Replies) -> None:
        """Delete messages and files of ours; what is gone already is left at that."""
        for ts in replies.messages:
            self._try(lambda ts=ts: self.client.chat_delete(channel=channel, ts=ts))
        for file in replies.files:
            self._try(lambda file=file: self.client.files_delete(file=file))

    def permalink(self, channel: str, message: str) -> str | None:
        """The address of a message; None where Slack does not tell."""
        try:
            found = self.client.chat_getPermalink(channel=channel, message_ts=message)
        except FAILURES:
            return None
        return str(found["permalink"])

    def _upload(self, place: Place, files: tuple[Attachment, ...]) -> Iterator[str]:
        """Upload `files`, giving their ids; the thread is told which one Slack refused."""
        for file in files:
            try:
                uploaded = self.client.files_upload_v2(
                    channel=place.channel,
                    thread_ts=place.thread,
                    filename=file.name,
                    title=file.title,
                    content=file.content,
                    alt_txt=file.alt_text,
                )
            except SlackApiError as error:
                _log.warning("Slack took no file: %s", error.response.get("error"))
                self.client.chat_postMessage(
                    channel=place.channel, thread_ts=place.thread, text=_NO_FILE.format(file.name)
                )
            else:
                yield from (one["id"] for one in uploaded["files"])

    def _try(self, call: Any) -> None:
        try:
            call()
        except FAILURES as error:
            _log.info("Slack deleted nothing: %s", error)


def _job_of(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != _METADATA:
        return None
    return str(metadata.get("event_payload", {}).get("job"))
