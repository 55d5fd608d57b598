"""The secrets of the settings, kept out of what is logged, written down or shown.

What the settings hide from `repr` is secret: passwords of URLs, keys, tokens. A database or a model may
repeat one in the text of an error.
"""

import dataclasses
import logging
import traceback
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "[secret]"
_SHORTEST = 6
"""Shorter ones would be found in words that are no secrets."""


def of(settings: Any) -> frozenset[str]:
    """The secrets in the dataclass `settings` and in those inside it."""
    return frozenset(secret for secret in _found(settings, shown=True) if len(secret) >= _SHORTEST)


def hide(text: str, secrets: Collection[str]) -> str:
    """`text` without any of `secrets`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    return text


def keep_from_logs(secrets: Collection[str]) -> None:
    """Let no record that is logged in this process from now on hold one of `secrets`, nor its traceback."""
    current = logging.getLogRecordFactory()
    if isinstance(current, _Records):
        current.secrets |= frozenset(secrets)
    else:
        logging.setLogRecordFactory(_Records(frozenset(secrets)))


class _Records:
    """Makes log records without secrets."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self.secrets = secrets
        self._make = logging.getLogRecordFactory()

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        try:
            written = record.getMessage()
        except (TypeError, ValueError):  # a wrong call of the logger, which logging itself reports
            return record
        if (safe := hide(written, self.secrets)) != written:
            record.msg, record.args = safe, ()
        if record.exc_info and record.exc_info[0] is not None:
            lines = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            record.exc_text = hide(lines, self.secrets)
        return record


def _found(value: Any, shown: bool) -> Iterator[str]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _found(getattr(value, field.name), field.repr)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _found(item, shown)
    elif isinstance(value, str) and not shown:
        yield from _in_text(value)


def _in_text(value: str) -> Iterator[str]:
    """The password of a URL; any other text as it is."""
    if "://" not in value:
        yield value
    else:
        try:
            password = urlsplit(value).password
        except ValueError:
            return
        if password:
            yield password
            yield unquote(password)
