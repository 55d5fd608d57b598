"""The two roles that the service works as: a reader for questions, a writer for the history."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from nlq.errors import SettingsError

KPI_TABLES = (
    "public.teams",
    "public.regions",
    "public.kpi_definitions",
    "public.kpi_data",
    "public.anomalies",
)
VIEWS = ("nlq.kpi_values", "nlq.kpi_anomalies")
READABLE = KPI_TABLES + VIEWS
"""All that the reader may select from."""
WRITABLE = (
    "public.query_history",
    "nlq.conversations",
    "nlq.query_details",
    "nlq.feedback",
    "nlq.slack_threads",
    "nlq.slack_jobs",
    "nlq.slack_installations",
)
"""All that the writer may select from, insert into and update."""
LISTED = ("nlq.questions",)
"""What the writer may select from besides; triggers write it."""
SCOPE_KEY = "nlq.scope_key"
"""What seals scopes: the writer may read it, the reader must not."""
SCOPE_FUNCTIONS = ("nlq.transaction_mark()", "nlq.granted()", "nlq.visible()", "nlq.nowhere()")
"""What the reader may call: they say which rows a transaction may see."""
SEQUENCES = ("public.query_history_id_seq", "nlq.feedback_id_seq")

_ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"


@dataclass(frozen=True)
class Role:
    """A login role. `password` is None where the server asks for none, or a DBA sets it."""

    name: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Roles:
    """The reader and the writer."""

    reader: Role = Role("nlq_reader")
    writer: Role = Role("nlq_writer")

    def __iter__(self) -> Iterator[Role]:
        """Reader, then writer."""
        return iter((self.reader, self.writer))


def from_urls(reader_url: str | None, writer_url: str | None) -> Roles:
    """The roles that the URLs of the settings name; the default names where there is no URL.

    Raises:
        SettingsError: a URL names no user, cannot be read, or both name the same one.
    """
    roles = Roles(
        _from_url("NLQ_READER_URL", reader_url) if reader_url else Roles.reader,
        _from_url("NLQ_WRITER_URL", writer_url) if writer_url else Roles.writer,
    )
    if roles.reader.name == roles.writer.name:
        raise SettingsError("NLQ_READER_URL and NLQ_WRITER_URL name the same user; each needs its own.")
    return roles


def _from_url(setting: str, url: str) -> Role:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError(f"{setting} is not a PostgreSQL URL, as postgresql://user@host/name.") from None
    if not parts.get("user"):
        raise SettingsError(f"{setting} names no user; write it as postgresql://user:password@host/name.")
    return Role(str(parts["user"]), str(parts["password"]) if parts.get("password") else None)


def script(roles: Roles, database: str) -> str:
    """The psql script with which a DBA makes the roles in `database`: repeatable, without any password."""
    lines = [
        "-- Run this in psql as a superuser, connected to the database, after `nlq db upgrade`.",
        "-- Revoking TEMPORARY and CREATE from PUBLIC concerns every user of this database:",
        "-- grant them again to those that rely on them.",
        *(_create_unless_there(role) for role in roles),
        f"{read_only(roles.reader)};",
        f"{bounded(roles.reader)};",
        *(f"{statement};" for statement in grants(roles, database)),
        "-- Set the passwords that NLQ_READER_URL and NLQ_WRITER_URL use:",
        *(f"\\password {quoted(role.name)}" for role in roles),
    ]
    return "\n".join(lines) + "\n"


def _create_unless_there(role: Role) -> str:
    return f"DO $nlq$ BEGIN {create(role)}; EXCEPTION WHEN duplicate_object THEN NULL; END $nlq$;"


def grants(roles: Roles, database: str) -> list[str]:
    """The statements that give both roles what they need, and take away what nobody should have."""
    reader, writer = quoted(roles.reader.name), quoted(roles.writer.name)
    return [
        f"REVOKE TEMPORARY ON DATABASE {quoted(database)} FROM PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {quoted(database)} TO {reader}, {writer}",
        f"GRANT USAGE ON SCHEMA public, nlq TO {reader}, {writer}",
        *(f"GRANT SELECT ON {relation} TO {reader}" for relation in READABLE),
        *(f"GRANT SELECT, INSERT, UPDATE ON {relation} TO {writer}" for relation in WRITABLE),
        *(f"GRANT SELECT ON {relation} TO {writer}" for relation in LISTED),
        *(f"GRANT USAGE ON SEQUENCE {sequence} TO {writer}" for sequence in SEQUENCES),
        f"GRANT SELECT ON {SCOPE_KEY} TO {writer}",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {reader}" for function in SCOPE_FUNCTIONS),
    ]


def revokes(roles: Roles, database: str) -> list[str]:
    """The statements that take back what `grants` gave to the roles."""
    reader, writer = quoted(roles.reader.name), quoted(roles.writer.name)
    return [
        *(f"REVOKE EXECUTE ON FUNCTION {function} FROM {reader}" for function in SCOPE_FUNCTIONS),
        f"REVOKE SELECT ON {SCOPE_KEY} FROM {writer}",  # noqa: S608 - not a query
        *(f"REVOKE USAGE ON SEQUENCE {sequence} FROM {writer}" for sequence in SEQUENCES),
        *(f"REVOKE SELECT ON {relation} FROM {writer}" for relation in LISTED),  # noqa: S608 - not a query
        *(f"REVOKE SELECT, INSERT, UPDATE ON {relation} FROM {writer}" for relation in WRITABLE),
        *(f"REVOKE SELECT ON {relation} FROM {reader}" for relation in READABLE),  # noqa: S608 - not a query
        f"REVOKE USAGE ON SCHEMA public, nlq FROM {reader}, {writer}",
        f"REVOKE CONNECT ON DATABASE {quoted(database)} FROM {reader}, {writer}",
    ]


def create(role: Role) -> str:
    """The statement that makes `role`, without a password and with no right beyond logging in."""
    return f"CREATE ROLE {quoted(role.name)} {_ATTRIBUTES}"


def read_only(role: Role) -> str:
    """The statement that lets every transaction of `role` begin read-only."""
    return f"ALTER ROLE {quoted(role.name)} SET default_transaction_read_only = on"


def bounded(role: Role) -> str:
    """The statement that bounds the disk that a statement of `role` may use; it takes a superuser."""
    return f"ALTER ROLE {quoted(role.name)} SET temp_file_limit = '1GB'"


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def login_url(owner_url: str, role: Role) -> str:
    """The URL with which `role` logs in to the database of `owner_url`."""
    parts = urlsplit(owner_url)
    secret = f":{quote(role.password, safe='')}" if role.password else ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role.name, safe='')}{secret}@{host}"))
