"""A Slack on loopback: Web API and Socket Mode, as strict as the real one about what it is sent.

It keeps messages, files and views as Slack would, so that tests look at what a person would see.
"""

import json
import re
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.slack.block_kit import DATA, faults

_METHODS: Mapping[str, Mapping[str, Any]] = json.loads((DATA / "methods.json").read_text())
_WITHOUT_TOKEN = {"oauth.v2.access"}
_JSON_ARGUMENTS = (
    "blocks",
    "view",
    "unfurls",
    "metadata",
    "files",
    "prompts",
    "loading_messages",
    "attachments",
)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str, list, dict),
    "boolean": (bool, str, int),
    "integer": (int, str),
    "number": (int, float, str),
    "array": (list, str),
    "object": (dict, str),
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Team:
    """A workspace that the stand-in knows."""

    id: str
    token: str
    bot_user: str
    bot_id: str
    users: Mapping[str, Json] = field(default_factory=dict)
    groups: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A call of the Web API as it came in."""

    method: str
    team: str | None
    arguments: Json
    at: float


@dataclass
class Behaviour:
    """How a method answers until `times` is used up."""

    times: int
    error: str | None = None
    retry_after: int | None = None
    delay_s: float = 0.0


class SlackError(Exception):
    """An answer with `ok: false`."""


def user(name: str, **more: Any) -> Json:
    """A person, known by an e-mail address."""
    return {"name": name, "profile": {"email": f"{name}@example.com"}, **more}


@dataclass
class StandIn:
    """The state of the stand-in; see the fixtures for how it is used."""

    url: str
    teams: dict[str, Team] = field(default_factory=dict)
    """By token."""
    app_token: str = "xapp-1-test"
    socket_url: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What was wrong with calls; a fixture looks that there is nothing."""
    messages: dict[tuple[str, str], list[Json]] = field(default_factory=lambda: defaultdict(list))
    whispers: list[Json] = field(default_factory=list)
    responses: list[Json] = field(default_factory=list)
    """What was sent to a `response_url`."""
    files: dict[str, Json] = field(default_factory=dict)
    homes: dict[tuple[str, str], Json] = field(default_factory=dict)
    modals: list[Json] = field(default_factory=list)
    behaviours: dict[str, list[Behaviour]] = field(default_factory=lambda: defaultdict(list))
    closed_channels: set[str] = field(default_factory=set)
    """Channels that the bot is not in."""
    codes: dict[str, Team] = field(default_factory=dict)
    """OAuth codes that can still be exchanged."""
    acknowledged: dict[str, float] = field(default_factory=dict)
    """When each envelope of Socket Mode was acknowledged."""
    connections: list[ServerConnection] = field(default_factory=list)
    """Of Socket Mode, those that are open; envelopes go to the newest."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _last_ts: float = 0.0

    @property
    def api_url(self) -> str:
        """The address for `NLQ_SLACK_API_URL`."""
        return f"{self.url}/api"

    def next_ts(self) -> str:
        """A timestamp that no other message has."""
        with self.lock:
            self._last_ts = max(self._last_ts + 0.0001, time.time())
            return f"{self._last_ts:.6f}"

    def add(self, team: Team) -> Team:
        """Make a workspace known."""
        self.teams[team.token] = team
        return team

    def limit(self, method: str, times: int = 1, retry_after: int = 1) -> None:
        """Answer `method` with 429 `times` times."""
        self.behaviours[method].append(Behaviour(times, retry_after=retry_after))

    def fail(self, method: str, error: str, times: int = 1) -> None:
        """Answer `method` with an error `times` times."""
        self.behaviours[method].append(Behaviour(times, error=error))

    def delay(self, method: str, seconds: float, times: int = 1) -> None:
        """Answer `method` late `times` times."""
        self.behaviours[method].append(Behaviour(times, delay_s=seconds))

    def thread(self, team: str, channel: str, ts: str) -> list[Json]:
        """The messages of the bot in a thread, oldest first."""
        return [m for m in self.messages[team, channel] if m.get("thread_ts") == ts]

    def called(self, method: str) -> list[Call]:
        """The calls of one method so far."""
        return [call for call in self.calls if call.method == method]

    def send_envelope(self, kind: str, payload: Json, **more: Any) -> str:
        """Send an envelope over Socket Mode; returns its id, a key of `acknowledged` later."""
        envelope = str(uuid.uuid4())
        text = json.dumps({"type": kind, "envelope_id": envelope, "payload": payload, **more})
        self.connections[-1].send(text)
        return envelope

    # Methods

    def call(self, method: str, token: str | None, arguments: Json) -> Json:
        """What the Web API answers to a call; raises `SlackError` where it refuses."""
        team = self.teams.get(token or "")
        with self.lock:
            self.calls.append(Call(method, team.id if team else None, arguments, time.monotonic()))
            self.faults += [f"{method}: {fault}" for fault in _faults(method, arguments)]
        if method == "apps.connections.open":
            if token != self.app_token:
                raise SlackError("invalid_auth")
            return {"url": self.socket_url}
        if method == "oauth.v2.access":
            return self._oauth(arguments)
        if team is None:
            self.faults.append(f"{method}: unknown token")
            raise SlackError("invalid_auth")
        with self.lock:
            answer: Json = getattr(self, _name(method))(team, **arguments)
        return answer

    def _auth_test(self, team: Team) -> Json:
        return {"team_id": team.id, "user_id": team.bot_user, "bot_id": team.bot_id, "url": self.url}

    def _oauth(self, arguments: Json) -> Json:
        team = self.codes.pop(arguments["code"], None)
        if team is None:
            raise SlackError("invalid_code")
        self.add(team)
        return {
            "access_token": team.token,
            "bot_user_id": team.bot_user,
            "team": {"id": team.id, "name": f"Team {team.id}"},
            "authed_user": {"id": next(iter(team.users))},
            "scope": "chat:write",
            "token_type": "bot",
            "app_id": "A1",
        }

    def _chat_post_message(self, team: Team, channel: str, **rest: Any) -> Json:
        if channel in self.closed_channels:
            raise SlackError("not_in_channel")
        message = {"ts": self.next_ts(), "user": team.bot_user, "bot_id": team.bot_id, **rest}
        self.messages[team.id, channel].append(message)
        return {"ts": message["ts"], "channel": channel, "message": message}

    def _chat_update(self, team: Team, channel: str, ts: str, **rest: Any) -> Json:
        self._message(team, channel, ts).update(rest, edited=True)
        return {"ts": ts, "channel": channel}

    def _chat_delete(self, team: Team, channel: str, ts: str) -> Json:
        self.messages[team.id, channel].remove(self._message(team, channel, ts))
        return {"ts": ts, "channel": channel}

    def _message(self, team: Team, channel: str, ts: str) -> Json:
        for message in self.messages[team.id, channel]:
            if message["ts"] == ts:
                return message
        raise SlackError("message_not_found")

    def _chat_post_ephemeral(self, team: Team, **message: Any) -> Json:
        if message["channel"] in self.closed_channels:
            raise SlackError("channel_not_found")
        self.whispers.append({"team": team.id, **message})
        return {"message_ts": self.next_ts()}

    def _chat_get_permalink(self, team: Team, channel: str, message_ts: str) -> Json:
        where = f"https://{team.id.lower()}.slack.com/archives/{channel}/p{message_ts.replace('.', '')}"
        return {"permalink": where, "channel": channel}

    def _chat_unfurl(self, team: Team, channel: str, ts: str, unfurls: Json) -> Json:
        for unfurl in unfurls.values():
            self.faults += [f"chat.unfurl: {fault}" for fault in faults("message", unfurl["blocks"])]
        return {}

    def _conversations_replies(self, team: Team, channel: str, ts: str, **rest: Any) -> Json:
        found = self.thread(team.id, channel, ts)
        if not rest.get("include_all_metadata"):
            found = [{k: v for k, v in m.items() if k != "metadata"} for m in found]
        return {"messages": found, "has_more": False}

    def _conversations_open(self, team: Team, users: str) -> Json:
        return {"channel": {"id": f"D{users[1:]}"}}

    def _users_info(self, team: Team, user: str) -> Json:
        if user not in team.users:
            raise SlackError("user_not_found")
        return {"user": {"id": user, **team.users[user]}}

    def _usergroups_users_list(self, team: Team, usergroup: str, **rest: Any) -> Json:
        return {"users": team.groups.get(usergroup, [])}

    def _views_open(self, team: Team, trigger_id: str, view: Json) -> Json:
        self.modals.append({"id": f"V{len(self.modals)}", **view})
        return {"view": self.modals[-1]}

    def _views_publish(self, team: Team, user_id: str, view: Json) -> Json:
        self.homes[team.id, user_id] = view
        return {"view": view}

    def _assistant_threads_set_status(self, team: Team, **rest: Any) -> Json:
        return {}

    def _assistant_threads_set_suggested_prompts(self, team: Team, **rest: Any) -> Json:
        return {}

    def _files_get_upload_urlexternal(self, team: Team, filename: str, length: int, **rest: Any) -> Json:
        id = f"F{len(self.files)}"
        self.files[id] = {"team": team.id, "name": filename, "length": int(length), **rest}
        return {"upload_url": f"{self.url}/upload/{id}", "file_id": id}

    def _files_complete_upload_external(self, team: Team, files: list[Json], **rest: Any) -> Json:
        for one in files:
            file = self.files[one["id"]]
            if len(file.get("content", b"")) != file["length"]:
                self.faults.append("files.completeUploadExternal: the file was not uploaded as announced")
            file.update(rest, title=one.get("title"))
        return {"files": [{"id": one["id"], "title": one.get("title")} for one in files]}

    def _files_delete(self, team: Team, file: str) -> Json:
        self.files[file]["deleted"] = True
        return {}


def _name(method: str) -> str:
    """The function that answers a method."""
    return "_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method.replace(".", "_")).lower()


def _faults(method: str, arguments: Json) -> Iterator[str]:
    """What is wrong with a call by Slack's published list of methods and limits."""
    known = _METHODS.get(method)
    if known is None:
        yield "no such method"
        return
    yield from (f"lacks {name}" for name in known["required"] if arguments.get(name) is None)
    for name, value in arguments.items():
        kind = known["arguments"].get(name)
        if method in _WITHOUT_TOKEN or name == "token":
            continue
        if kind is None:
            yield f"unknown argument {name}"
        elif not isinstance(value, _TYPES[kind]):
            yield f"{name} is no {kind}"
    if isinstance(arguments.get("blocks"), list):
        yield from faults("message", arguments["blocks"])
    if isinstance(view := arguments.get("view"), dict):
        yield from faults("home" if view.get("type") == "home" else "modal", view)
    if len(arguments.get("text") or "") > 4_000:
        yield "text: Slack recommends at most 4,000 characters"
    if len(arguments.get("prompts") or ()) > 4:
        yield "prompts: at most 4"


def _handler(slack: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._api({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            where = urlsplit(self.path).path.strip("/").split("/")
            if where[0] == "upload":
                slack.files[where[1]]["content"] = body
                self._send(200, b"OK")
            elif where[0] == "respond":
                answer = json.loads(body)
                slack.faults += [f"respond: {f}" for f in faults("message", answer.get("blocks") or [])]
                slack.responses.append({"to": where[1], **answer})
                self._send(200, b"ok")
            else:
                self._api(self._arguments(body))

        def _arguments(self, body: bytes) -> Json:
            if self.headers.get_content_type() == "application/json":
                read = json.loads(body or b"{}")
            else:
                read = dict(parse_qsl(body.decode(), keep_blank_values=True))
            for name in _JSON_ARGUMENTS:
                if isinstance(read.get(name), str):
                    read[name] = json.loads(read[name])
            return {name: value for name, value in read.items() if value is not None}

        def _api(self, arguments: Json) -> None:
            where = urlsplit(self.path)
            method = where.path.removeprefix("/api/")
            arguments |= dict(parse_qsl(where.query))
            header = self.headers.get("Authorization", "")
            token = header.removeprefix("Bearer ") or arguments.pop("token", None)
            behaviour = _next(slack, method)
            if behaviour:
                time.sleep(behaviour.delay_s)
                if behaviour.retry_after is not None:
                    slack.calls.append(Call(f"{method} limited", None, arguments, time.monotonic()))
                    self._json({"ok": False, "error": "ratelimited"}, 429, behaviour.retry_after)
                    return
            try:
                if behaviour and behaviour.error:
                    raise SlackError(behaviour.error)
                self._json({"ok": True, **slack.call(method, token, arguments)})
            except SlackError as error:
                self._json({"ok": False, "error": str(error)})

        def _json(self, value: Json, status: int = 200, retry_after: int | None = None) -> None:
            self._send(status, json.dumps(value).encode(), "application/json", retry_after)

        def _send(
            self, status: int, content: bytes, kind: str = "text/plain", retry_after: int | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

    return Handler


def _next(slack: StandIn, method: str) -> Behaviour | None:
    with slack.lock:
        for behaviour in slack.behaviours[method]:
            if behaviour.times > 0:
                behaviour.times -= 1
                return behaviour
    return None


def _socket(slack: StandIn) -> Server:
    def connected(connection: ServerConnection) -> None:
        slack.connections.append(connection)
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        with suppress(ConnectionClosed):
            for text in connection:
                answer = json.loads(text)
                slack.responses.append({"to": answer["envelope_id"], **(answer.get("payload") or {})})
                slack.acknowledged[answer["envelope_id"]] = time.monotonic()
        slack.connections.remove(connection)

    return serve(connected, "127.0.0.1", 0)


@contextmanager
def running() -> Iterator[StandIn]:
    """Run the stand-in on ports of its own."""

    class Http(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    slack = StandIn("")
    http = Http(("127.0.0.1", 0), _handler(slack))
    socket = _socket(slack)
    slack.url = f"http://127.0.0.1:{http.server_port}"
    slack.socket_url = f"ws://127.0.0.1:{socket.socket.getsockname()[1]}/link"
    threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in (http, socket)]
    for thread in threads:
        thread.start()
    try:
        yield slack
    finally:
        http.shutdown()
        http.server_close()
        socket.shutdown()
