"""Who may see which rows: the access file, and the scope that it gives a question. Pure but for reading it.

A scope is what the database is told before a question's SQL runs (`nlq.seal`); the database filters the rows.
Nothing that a person or a model says changes a scope: it follows from who asked, and where.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nlq.errors import SettingsError
from nlq.question import Question

_DIMENSIONS = ("teams", "departments", "regions")


@dataclass(frozen=True)
class Grant:
    """Rows that may be seen: those whose team, department and region are among these; None is any."""

    teams: frozenset[str] | None = None
    departments: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def __and__(self, other: "Grant") -> "Grant":
        """The rows that both allow."""
        parts = {name: _both(getattr(self, name), getattr(other, name)) for name in _DIMENSIONS}
        return Grant(**parts)

    def as_json(self) -> dict[str, list[str]]:
        """The names of each dimension that is restricted."""
        named = {name: getattr(self, name) for name in _DIMENSIONS}
        return {name: sorted(names) for name, names in named.items() if names is not None}


@dataclass(frozen=True)
class Scope:
    """The rows that a question may be answered from: those that at least one of the grants allows."""

    grants: frozenset[Grant] = frozenset()

    def __or__(self, other: "Scope") -> "Scope":
        """The rows that either allows."""
        joined = self.grants | other.grants
        return EVERYTHING if Grant() in joined else Scope(joined)

    def __and__(self, other: "Scope") -> "Scope":
        """The rows that both allow."""
        return Scope(frozenset(one & two for one in self.grants for two in other.grants))

    def as_json(self) -> str:
        """The grants as a JSON list, the same text for the same scope: `[{}]` is everything, `[]` nothing."""
        written = (json.dumps(grant.as_json(), ensure_ascii=False, sort_keys=True) for grant in self.grants)
        return f"[{', '.join(sorted(written))}]"


EVERYTHING = Scope(frozenset({Grant()}))
NOTHING = Scope()
_BUILT_IN = {"all": EVERYTHING, "none": NOTHING}


@dataclass(frozen=True)
class Access:
    """The content of an access file; without one, everybody sees everything."""

    users: Mapping[str, Scope] = field(default_factory=dict)
    groups: Mapping[str, Scope] = field(default_factory=dict)
    channels: Mapping[str, Scope] = field(default_factory=dict)
    default: Scope = EVERYTHING

    def scope(self, question: Question) -> Scope:
        """What the answer to `question` may be made from.

        A person sees what their own entry or one of their groups' allows. An answer in a channel that has
        an entry is read by all who are there, so it shows no more than the channel may see. Who has no
        entry at all has that of the channel, and in a channel without one the default.
        """
        user = question.user
        own = [self.users[user]] if user is not None and user in self.users else []
        own += [self.groups[group] for group in question.groups if group in self.groups]
        channel = self._channel(question)
        if not own:
            return self.default if channel is None else channel
        person = _any_of(own)
        return person if channel is None else person & channel

    def _channel(self, question: Question) -> Scope | None:
        """What the Slack channel, or else all of `slack`, `cli` or `http` (the page too) may see."""
        kind = "http" if question.channel == "web" else question.channel
        place = question.slack.channel if question.slack else ""
        return self.channels.get(place, self.channels.get(kind))


UNRESTRICTED = Access()
"""Everybody sees everything: there is no access file."""


def read(path: Path) -> Access:
    """Read the access file at `path`.

    Raises:
        SettingsError: there is no such file, or it says something that cannot be understood; nobody gets
            more than was meant because of a slip.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise SettingsError(f"The access file {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"The access file {path} is not valid YAML: {error}") from None
    _known(content, {"scopes", "users", "groups", "channels", "default"}, "the file")
    scopes = {**_BUILT_IN, **_scopes(content.get("scopes") or {})}
    sections = {
        name: _section(name, content.get(name) or {}, scopes) for name in ("users", "groups", "channels")
    }
    return Access(**sections, default=_named("default", content.get("default", "none"), scopes))


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _any_of(scopes: Iterable[Scope]) -> Scope:
    found = NOTHING
    for scope in scopes:
        found |= scope
    return found


def _scopes(section: Any) -> Mapping[str, Scope]:
    _mapping(section, "scopes")
    if taken := sorted(_BUILT_IN.keys() & section.keys()):
        raise SettingsError(f"In the access file, the scope {taken[0]} has its meaning already.")
    return {str(name): Scope(frozenset({_grant(str(name), parts)})) for name, parts in section.items()}


def _grant(scope: str, parts: Any) -> Grant:
    _known(parts, set(_DIMENSIONS), f"the scope {scope}")
    if not parts:
        raise SettingsError(f"In the access file, the scope {scope} names nothing; to allow all, use all.")
    return Grant(**{name: _names(f"{name} of the scope {scope}", names) for name, names in parts.items()})


def _names(where: str, names: Any) -> frozenset[str]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"In the access file, {where} must be a list of names.")
    return frozenset(names)


def _section(section: str, entries: Any, scopes: Mapping[str, Scope]) -> Mapping[str, Scope]:
    _mapping(entries, section)
    return {str(name): _named(f"{section}: {name}", wanted, scopes) for name, wanted in entries.items()}


def _named(where: str, wanted: Any, scopes: Mapping[str, Scope]) -> Scope:
    """The scope with a name, or what any of a list of them allows."""
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        if not isinstance(name, str) or name not in scopes:
            raise SettingsError(
                f"In the access file, {where} has {name!r}; use one of {', '.join(sorted(scopes))}."
            )
    return _any_of(scopes[name] for name in names)


def _mapping(value: Any, where: str) -> None:
    if not isinstance(value, Mapping):
        raise SettingsError(f"In the access file, {where} must map names to values.")


def _known(value: Any, allowed: set[str], where: str) -> None:
    _mapping(value, where)
    if unknown := {str(key) for key in value} - allowed:
        raise SettingsError(
            f"In the access file, {where} has {', '.join(sorted(unknown))}; use {', '.join(sorted(allowed))}."
        )
