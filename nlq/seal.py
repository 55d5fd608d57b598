"""The seal on a scope: how the database knows that a scope is the application's word.

A query can change any setting of its session, so the scope is a setting that only the holder of a key can
write: its text, sealed by an HMAC over this text, the backend and the start of the transaction. A query does
not get at the key, and a seal that it saw elsewhere is worth nothing in its own transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256

import psycopg

from nlq.access import Scope
from nlq.errors import DatabaseUnavailable


@dataclass(frozen=True)
class Key:
    """An HMAC key (RFC 2104), already combined with the two pads, as the database keeps it."""

    inner: bytes = field(repr=False)
    outer: bytes = field(repr=False)

    def seal(self, scope: Scope, mark: str) -> str:
        """The value of the setting `nlq.scope` for the transaction with `mark` (`nlq.transaction_mark()`)."""
        claim = scope.as_json()
        digest = sha256(self.inner + f"{mark} {claim}".encode()).digest()
        return sha256(self.outer + digest).hexdigest() + claim


def keeper(writer_url: str) -> Callable[[], Key]:
    """A function that gives the key of the database, fetched once as the writer.

    It raises `DatabaseUnavailable` if the database cannot be reached or has no key.
    """
    return cache(partial(_fetched, writer_url))


def _fetched(url: str) -> Key:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SELECT inner_pad, outer_pad FROM nlq.scope_key").fetchone()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            "The database that keeps the key of the scopes cannot be reached; please try again in a moment."
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        row = None
    if row is None:
        raise DatabaseUnavailable("The database has no key for the access file; run `nlq db upgrade`.")
    return Key(bytes(row[0]), bytes(row[1]))
