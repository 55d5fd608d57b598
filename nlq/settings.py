"""Every setting of the service, read from the environment in this one place."""

import os
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal

from nlq import signing_in
from nlq.errors import SettingsError
from nlq.signing_in import OpenIdConnect, Proxy, SignIn

T = TypeVar("T")

_SLACK_API = "https://slack.com/api/"
_FERNET_BYTES = 32


@dataclass(frozen=True)
class SlackSettings:
    """The Slack app: a token for one workspace, or what it takes to install it in several."""

    bot_token: str | None = field(default=None, repr=False)
    """Token of the bot in the only workspace, from `xoxb-` on (`NLQ_SLACK_BOT_TOKEN`)."""
    signing_secret: str | None = field(default=None, repr=False)
    """What requests are signed with (`NLQ_SLACK_SIGNING_SECRET`)."""
    app_token: str | None = field(default=None, repr=False)
    """Token of the app for Socket Mode, from `xapp-` on (`NLQ_SLACK_APP_TOKEN`)."""
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)
    """Fernet keys of the workspaces' tokens; the first one encrypts, all decrypt."""
    workspaces: tuple[str, ...] = ()
    """Ids of the workspaces that may install the app and ask; empty: the one of the token."""
    channels: tuple[str, ...] = ()
    """Ids of the channels in which the bot answers, and `dm` for direct messages; empty: everywhere."""
    user_groups: tuple[str, ...] = ()
    """Ids of the user groups whose members may ask; empty: everybody of the workspace but guests."""
    workers: int = 4
    """Questions that are worked on at the same time."""
    api_url: str = _SLACK_API

    @property
    def installable(self) -> bool:
        """Whether workspaces install the app themselves."""
        return self.client_id is not None

    @property
    def over_http(self) -> bool:
        """Whether Slack sends its requests to `/slack/events`."""
        return self.signing_secret is not None


@dataclass(frozen=True)
class Settings:
    """The configuration of one process.

    A URL that is None means that the embedded part serves: PostgreSQL for `database_url`, the model
    for the pair `openai_api_key` and `openai_base_url`.
    """

    home: Path
    """Folder that belongs to this service: embedded database, model weights, prompt states."""
    database_url: str | None = field(repr=False)
    """The owner's URL, for migrations (`NLQ_DATABASE_URL`)."""
    reader_url: str | None = field(repr=False)
    """URL of the role that runs questions' SQL (`NLQ_READER_URL`)."""
    writer_url: str | None = field(repr=False)
    """URL of the role that writes the history (`NLQ_WRITER_URL`)."""
    model: str | None
    """Model name, `provider:name`, a GGUF file or its URL (`NLQ_MODEL`)."""
    openai_api_key: str | None = field(repr=False)
    openai_base_url: str | None
    host: str
    port: int
    timezone: ZoneInfo
    """Zone of the company's calendar (`NLQ_TIMEZONE`); also the zone of `kpi_data.timestamp`."""
    fiscal_year_start: int
    """Month (1-12) in which the fiscal year begins (`NLQ_FISCAL_YEAR_START`)."""
    catalog_file: Path | None
    """YAML file that refines the catalogue (`NLQ_CATALOG`); None: the one that is shipped."""
    access_file: Path | None
    """YAML file that says who may see which rows (`NLQ_ACCESS`); None: everybody sees everything."""
    max_question_chars: int
    max_rows: int
    max_bytes: int
    """Most bytes of result data that an answer may hold."""
    statement_timeout_ms: int
    max_plan_cost: float
    """Highest total cost, in PostgreSQL's planner units, of a statement that is run."""
    model_timeout_s: float
    max_attempts: int
    """Model calls for one question, the first included."""
    question_timeout_s: float = 120.0
    """Longest time of a question, from its arrival."""
    max_questions: int = 256
    """Questions that one process works on at the same time."""
    questions_per_minute: int = 30
    """Of one person."""
    model_calls: int = 256
    """Calls of the model at the same time."""
    model_queue: int = 32
    """Calls of the model that wait until it is free."""
    sign_in: SignIn = field(default_factory=SignIn)
    """How people and programs sign in."""
    slack: SlackSettings = SlackSettings()
    spool_bytes: int = 50_000_000
    """Most bytes that wait on disk while the history's database cannot be reached."""
    history_keep_days: int | None = None
    """Days after which what was said is redacted in the history; None: never."""
    embedded_weights: str | None = None
    """Identity of the embedded model's weights once it runs at `openai_base_url`; no variable sets it."""

    @property
    def embedded_model(self) -> bool:
        """Whether the embedded model answers: no endpoint is named and no other provider either."""
        named_elsewhere = self.model is not None and ":" in self.model and "://" not in self.model
        return self.openai_api_key is None and self.openai_base_url is None and not named_elsewhere


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `environ`.

    Raises:
        SettingsError: a value cannot be used; the message names the variable and what is allowed.
    """
    read = _Reader(environ)
    return Settings(
        home=Path(environ.get("NLQ_HOME") or "~/.nlq").expanduser().absolute(),
        database_url=read.text("NLQ_DATABASE_URL"),
        reader_url=read.text("NLQ_READER_URL"),
        writer_url=read.text("NLQ_WRITER_URL"),
        model=read.text("NLQ_MODEL"),
        openai_api_key=read.text("OPENAI_API_KEY"),
        openai_base_url=read.text("OPENAI_BASE_URL"),
        host=read.text("NLQ_HOST") or "127.0.0.1",
        port=read.number("NLQ_PORT", 8000, int, 0, 65535),
        timezone=read.zone("NLQ_TIMEZONE"),
        fiscal_year_start=read.number("NLQ_FISCAL_YEAR_START", 1, int, 1, 12),
        catalog_file=Path(path).expanduser() if (path := read.text("NLQ_CATALOG")) else None,
        access_file=Path(path).expanduser() if (path := read.text("NLQ_ACCESS")) else None,
        max_question_chars=read.number("NLQ_MAX_QUESTION_CHARS", 1000, int, 1, 100_000),
        max_rows=read.number("NLQ_MAX_ROWS", 1000, int, 1, 1_000_000),
        max_bytes=read.number("NLQ_MAX_BYTES", 5_000_000, int, 1000, 1_000_000_000),
        statement_timeout_ms=read.number("NLQ_STATEMENT_TIMEOUT_MS", 10_000, int, 1, 3_600_000),
        max_plan_cost=read.number("NLQ_MAX_PLAN_COST", 10_000_000.0, float, 1, 1e15),
        model_timeout_s=read.number("NLQ_MODEL_TIMEOUT_S", 60.0, float, 0.1, 3600),
        max_attempts=read.number("NLQ_MAX_ATTEMPTS", 2, int, 1, 10),
        question_timeout_s=read.number("NLQ_QUESTION_TIMEOUT_S", 120.0, float, 0.1, 3600),
        max_questions=read.number("NLQ_MAX_QUESTIONS", 256, int, 1, 10_000),
        questions_per_minute=read.number("NLQ_QUESTIONS_PER_MINUTE", 30, int, 1, 1_000_000),
        model_calls=read.number("NLQ_MODEL_CALLS", 256, int, 1, 10_000),
        history_keep_days=read.number("NLQ_HISTORY_KEEP_DAYS", 0, int, 0, 100_000) or None,
        spool_bytes=read.number("NLQ_SPOOL_BYTES", 50_000_000, int, 0, 10**12),
        model_queue=read.number("NLQ_MODEL_QUEUE", 32, int, 0, 10_000),
        sign_in=_sign_in(read),
        slack=_slack(read),
    )


def _sign_in(read: "_Reader") -> SignIn:
    return SignIn(
        proxy=_proxy(read),
        openid=_openid(read),
        token_file=Path(path).expanduser() if (path := read.text("NLQ_API_TOKENS")) else None,
        askers=signing_in.names(read.text("NLQ_ASKERS") or signing_in.EVERYBODY),
        reviewers=signing_in.names(read.text("NLQ_REVIEWERS")),
        admins=signing_in.names(read.text("NLQ_ADMINS")),
        public_url=read.web_address("NLQ_PUBLIC_URL"),
        secret_key=read.secret("NLQ_SECRET_KEY"),
    )


def _proxy(read: "_Reader") -> Proxy | None:
    user_header = read.text("NLQ_PROXY_USER_HEADER")
    if user_header is None:
        return None
    trusted = read.text("NLQ_TRUSTED_PROXIES") or "127.0.0.1, ::1"
    return Proxy(
        user_header,
        read.text("NLQ_PROXY_GROUPS_HEADER"),
        signing_in.networks("NLQ_TRUSTED_PROXIES", trusted),
    )


def _openid(read: "_Reader") -> OpenIdConnect | None:
    issuer, client_id = read.web_address("NLQ_OIDC_ISSUER"), read.text("NLQ_OIDC_CLIENT_ID")
    if issuer is None:
        return None
    if client_id is None:
        raise SettingsError("Set NLQ_OIDC_CLIENT_ID to the name that NLQ_OIDC_ISSUER knows this service by.")
    return OpenIdConnect(
        issuer,
        client_id,
        client_secret=read.secret("NLQ_OIDC_CLIENT_SECRET"),
        scopes=read.text("NLQ_OIDC_SCOPES") or "openid email profile",
        user_claim=read.text("NLQ_OIDC_USER_CLAIM") or "email",
        groups_claim=read.text("NLQ_OIDC_GROUPS_CLAIM") or "groups",
    )


def _slack(read: "_Reader") -> SlackSettings:
    found = SlackSettings(
        bot_token=read.secret("NLQ_SLACK_BOT_TOKEN"),
        signing_secret=read.secret("NLQ_SLACK_SIGNING_SECRET"),
        app_token=read.secret("NLQ_SLACK_APP_TOKEN"),
        client_id=read.text("NLQ_SLACK_CLIENT_ID"),
        client_secret=read.secret("NLQ_SLACK_CLIENT_SECRET"),
        encryption_keys=read.fernet_keys("NLQ_SLACK_ENCRYPTION_KEY"),
        workspaces=read.names("NLQ_SLACK_WORKSPACES"),
        channels=read.names("NLQ_SLACK_CHANNELS"),
        user_groups=read.names("NLQ_SLACK_USER_GROUPS"),
        workers=read.number("NLQ_SLACK_WORKERS", 4, int, 1, 64),
        api_url=f"{read.web_address('NLQ_SLACK_API_URL') or _SLACK_API.rstrip('/')}/",
    )
    several = (found.client_id, found.client_secret, found.encryption_keys)
    if any(several) and not all(several):
        raise SettingsError(
            "To install the Slack app in several workspaces, set all of NLQ_SLACK_CLIENT_ID, "
            "NLQ_SLACK_CLIENT_SECRET and NLQ_SLACK_ENCRYPTION_KEY."
        )
    if all(several) and not found.workspaces:
        raise SettingsError(
            "Anybody can make a Slack workspace: set NLQ_SLACK_WORKSPACES to the ids of yours, such as "
            "T0123ABCD, so that no other can install the app and ask."
        )
    if all(several) and found.bot_token:
        raise SettingsError(
            "Set either NLQ_SLACK_BOT_TOKEN, for one workspace, or NLQ_SLACK_CLIENT_ID with "
            "NLQ_SLACK_CLIENT_SECRET and NLQ_SLACK_ENCRYPTION_KEY, for several."
        )
    return found


@dataclass(frozen=True)
class _Reader:
    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def names(self, name: str) -> tuple[str, ...]:
        return tuple((self.text(name) or "").replace(",", " ").split())

    def fernet_keys(self, name: str) -> tuple[str, ...]:
        keys = tuple((self.secret(name) or "").replace(",", " ").split())
        for key in keys:
            try:
                usable = len(urlsafe_b64decode(key)) == _FERNET_BYTES
            except ValueError:
                usable = False
            if not usable:
                raise SettingsError(f"{name} holds no key; make one with `nlq slack key`.")
        return keys

    def number(self, name: str, default: T, kind: Callable[[str], T], low: float, high: float) -> T:
        written = self.text(name)
        if written is None:
            return default
        try:
            value = kind(written)
            if low <= float(value) <= high:  # type: ignore[arg-type]
                return value
        except ValueError:
            pass
        raise SettingsError(f"{name} is {written!r}; set it to a number from {low:g} to {high:g}.")

    def secret(self, name: str) -> str | None:
        """The value of `name`, or what the file holds that `name` with `_FILE` after it names."""
        path = self.text(f"{name}_FILE")
        if path is None:
            return self.text(name)
        try:
            return Path(path).expanduser().read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"{name}_FILE is {path!r}; that file cannot be read.") from None

    def web_address(self, name: str) -> str | None:
        written = self.text(name)
        if written is None:
            return None
        parts = urlsplit(written)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise SettingsError(f"{name} is {written!r}; set it to an address such as https://example.com.")
        return written.rstrip("/")

    def zone(self, name: str) -> ZoneInfo:
        written = self.text(name)
        try:
            return ZoneInfo(written or tzlocal.get_localzone_name())
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                f"{name} is {written!r}; set it to a zone name such as Europe/Berlin or UTC."
            ) from None
