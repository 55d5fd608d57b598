"""Tokens with which programs come in: a file with a line for each, which holds a hash and not the token.

A line is `SHA-256 of the token  role  name`. A token is 256 random bits, so that its plain hash does not give
it away.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from nlq.errors import SettingsError
from nlq.signing_in import Identity, Role

_PREFIX = "nlq_"


@dataclass(frozen=True)
class Token:
    """One line of the file."""

    hash: str
    role: Role
    name: str


def find(path: Path, token: str) -> Identity | None:
    """Whose `token` is; None if the file at `path` does not know it.

    Raises:
        SettingsError: the file cannot be read.
    """
    given = _hash(token)
    found = [one for one in read(path) if hmac.compare_digest(one.hash, given)]
    return Identity(found[0].name, found[0].role) if found else None


def add(path: Path, name: str, role: Role) -> str:
    """Add a token for `name` to the file at `path`, which nobody else may read; return it: it is in no file.

    Raises:
        SettingsError: there is one of this name, the name has white space, or the file cannot be written.
    """
    if not name or len(name.split()) != 1:
        raise SettingsError("The name of a token is one word, such as grafana.")
    if path.exists() and any(one.name == name for one in read(path)):
        raise SettingsError(f"There is a token named {name}; delete its line in {path} to replace it.")
    token = _PREFIX + secrets.token_urlsafe(32)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
            file.write(f"{_hash(token)} {role.name.lower()} {name}\n")
    except OSError as error:
        raise SettingsError(f"NLQ_API_TOKENS: {path} cannot be written ({error.strerror}).") from None
    return token


def read(path: Path) -> tuple[Token, ...]:
    """The lines of the file at `path`; empty ones and those that begin with `#` say nothing.

    Raises:
        SettingsError: it cannot be read, or a line is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"NLQ_API_TOKENS: {path} cannot be read; `nlq token` writes it.") from error
    said = [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
    return tuple(_token(path, number, words) for number, words in said if not words[0].startswith("#"))


def _token(path: Path, number: int, words: list[str]) -> Token:
    try:
        hashed, role, name = words
        return Token(hashed, Role[role.upper()], name)
    except (ValueError, KeyError):
        raise SettingsError(
            f"NLQ_API_TOKENS: line {number} of {path} must be a hash, a role and a name (`nlq token`)."
        ) from None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
