"""What was acknowledged and is still to be done: the table `nlq.slack_jobs`, shared by all processes.

A job is written down before Slack gets its acknowledgement. Whoever works on it holds it for a while and
renews that; if its process dies, the time runs out and another takes it. In a thread, one follows the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from nlq.history import jsonb, storable, transaction
from nlq.slack.job import Job


@dataclass(frozen=True)
class Replies:
    """What answered a request: timestamps of messages and ids of files."""

    messages: Sequence[str] = ()
    files: Sequence[str] = ()


@dataclass(frozen=True)
class Claimed:
    """A job to work on. `attempts` counts this one; `age_s` is how many seconds ago it was accepted."""

    job: Job
    attempts: int
    age_s: float


@dataclass(frozen=True)
class Asked:
    """A message that asked, and what became of it."""

    key: str
    status: str
    asker: str | None
    thread: str | None
    request: Mapping[str, Any] | None
    query_id: int | None
    replies: Replies = field(default_factory=Replies)


_ACCEPT = """
INSERT INTO nlq.slack_jobs (key, team, channel, thread, message, asker, request)
VALUES (%(key)s, %(team)s, %(channel)s, %(thread)s, %(message)s, %(asker)s, %(request)s)
ON CONFLICT (key) DO NOTHING RETURNING key
"""
_CLAIM = """
UPDATE nlq.slack_jobs SET
    status = 'working', attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE key = (
    SELECT key FROM nlq.slack_jobs j
    WHERE (status = 'waiting' OR status = 'working' AND lease_until < clock_timestamp())
      AND NOT EXISTS (
        SELECT FROM nlq.slack_jobs earlier
        WHERE earlier.status IN ('waiting', 'working') AND earlier.accepted_at < j.accepted_at
          AND earlier.team = j.team AND earlier.channel = j.channel AND earlier.thread = j.thread)
    ORDER BY accepted_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING request, attempts, extract(epoch FROM clock_timestamp() - accepted_at)
"""
_RENEW = """
UPDATE nlq.slack_jobs SET lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE key = ANY(%(keys)s) AND status = 'working'
"""
_FINISH = """
UPDATE nlq.slack_jobs SET
    status = CASE status WHEN 'withdrawn' THEN status ELSE %(status)s END, request = NULL,
    finished_at = clock_timestamp(), query_id = %(query_id)s, replies = %(replies)s
WHERE key = %(key)s RETURNING status
"""
_WITHDRAW = """
UPDATE nlq.slack_jobs SET status = 'withdrawn', request = NULL
WHERE key = %s RETURNING finished_at IS NOT NULL
"""
_ASKED = """
SELECT key, status, asker, thread, request, query_id, replies FROM nlq.slack_jobs
WHERE team = %s AND channel = %s AND message = %s AND key <> %s ORDER BY accepted_at DESC LIMIT 1
"""
_TAKES_PART = """
SELECT FROM nlq.slack_jobs
WHERE team = %s AND channel = %s AND (thread = %s OR message = %s) AND asker = %s LIMIT 1
"""


class Jobs:
    """Works as the writer role; every method raises `DatabaseUnavailable` if there is no database."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def accept(self, job: Job) -> bool:
        """Write `job` down; False if it is there already, because Slack sent it again."""
        stored = storable(job.as_json())
        values = {name: stored[name] for name in ("key", "team", "channel", "message", "asker")}
        values |= {"thread": job.thread or job.message, "request": jsonb(stored)}
        with transaction(self._pool) as connection:
            return connection.execute(_ACCEPT, values).fetchone() is not None

    def claim(self, lease_s: float) -> Claimed | None:
        """The job that waits longest and may be done now, held for `lease_s` seconds; None: there is none."""
        with transaction(self._pool) as connection:
            row = connection.execute(_CLAIM, {"lease_s": lease_s}).fetchone()
        return Claimed(Job.from_json(row[0]), row[1], float(row[2])) if row else None

    def renew(self, keys: Collection[str], lease_s: float) -> None:
        """Hold the jobs `keys` for `lease_s` seconds from now."""
        with transaction(self._pool) as connection:
            connection.execute(_RENEW, {"keys": list(keys), "lease_s": lease_s})

    def finish(self, key: str, query_id: int | None, replies: Replies, *, given_up: bool = False) -> bool:
        """A job is done, or given up; False if the person took it back meanwhile."""
        values = {
            "key": key,
            "status": "given_up" if given_up else "done",
            "query_id": query_id,
            "replies": jsonb({"messages": list(replies.messages), "files": list(replies.files)}),
        }
        with transaction(self._pool) as connection:
            row = connection.execute(_FINISH, values).fetchone()
        return row is not None and row[0] != "withdrawn"

    def asked(self, team: str, channel: str, message: str, but: str = "") -> Asked | None:
        """What became of a message, by the newest job about it except `but`; None if it asked nothing."""
        with (
            transaction(self._pool) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            row = cursor.execute(_ASKED, (team, channel, message, but)).fetchone()
        return Asked(**{**row, "replies": Replies(**(row["replies"] or {}))}) if row else None

    def reword(self, key: str, text: str) -> bool:
        """Change the question of a job that nobody has begun; False if it is too late for that."""
        change = (
            "UPDATE nlq.slack_jobs SET request = jsonb_set(request, '{text}', to_jsonb(%s::text))"
            " WHERE key = %s AND status = 'waiting' RETURNING key"
        )
        with transaction(self._pool) as connection:
            return connection.execute(change, (storable(text), key)).fetchone() is not None

    def place(self, key: str, channel: str, thread: str) -> None:
        """Write down where a job is answered that came without a message."""
        change = (
            "UPDATE nlq.slack_jobs SET channel = %(channel)s, thread = %(thread)s,"
            " request = request || jsonb_build_object("
            "'channel', %(channel)s::text, 'thread', %(thread)s::text)"
            " WHERE key = %(key)s"
        )
        with transaction(self._pool) as connection:
            connection.execute(change, {"key": key, "channel": channel, "thread": thread})

    def withdraw(self, key: str) -> bool:
        """Take a job back; if somebody works on it, it is not answered when they are done.

        Returns:
            Whether it was answered already, so that the answer is still to be taken back.
        """
        with transaction(self._pool) as connection:
            row = connection.execute(_WITHDRAW, (key,)).fetchone()
        return bool(row and row[0])

    def withdrawn(self, key: str) -> bool:
        """Whether a job was taken back."""
        query = "SELECT status = 'withdrawn' FROM nlq.slack_jobs WHERE key = %s"
        with transaction(self._pool) as connection:
            row = connection.execute(query, (key,)).fetchone()
        return bool(row and row[0])

    def takes_part(self, team: str, channel: str, thread: str, person: str) -> bool:
        """Whether `person` has asked in the thread before."""
        with transaction(self._pool) as connection:
            found = connection.execute(_TAKES_PART, (team, channel, thread, thread, person)).fetchone()
        return found is not None
