"""The catalogue file (`schema/catalog.yml`): what people know about the KPIs beyond the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nlq.catalog.model import Aggregation, Direction
from nlq.errors import SettingsError

_KPI_KEYS = {"label", "synonyms", "description", "aggregation", "direction", "decimals"}


@dataclass(frozen=True)
class Refinement:
    """The file's content, checked: extra facts by KPI name, and synonyms by team or region name."""

    kpis: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Refinement:
    """Read the catalogue file at `path`.

    Raises:
        SettingsError: there is no such file, or it holds something that the catalogue does not know;
            the message names the entry and what is allowed.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise SettingsError(f"The catalogue file {path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"The catalogue file {path} is not valid YAML: {error}") from None
    _known(content, {"kpis", "teams", "regions", "departments"}, path.name)
    return Refinement(
        kpis={str(name): _kpi(str(name), facts) for name, facts in _section(content, "kpis").items()},
        teams={str(name): _synonyms(facts) for name, facts in _section(content, "teams").items()},
        regions={str(name): _synonyms(facts) for name, facts in _section(content, "regions").items()},
        departments={str(name): str(text) for name, text in _section(content, "departments").items()},
    )


def _section(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = content.get(key) or {}
    if not isinstance(section, Mapping):
        raise SettingsError(f"In the catalogue file, {key} must map names to facts.")
    return section


def _known(facts: Any, allowed: set[str], where: str) -> None:
    if not isinstance(facts, Mapping):
        raise SettingsError(f"In the catalogue file, {where} must map keys to values.")
    if unknown := {str(key) for key in facts} - allowed:
        raise SettingsError(
            f"In the catalogue file, {where} has {', '.join(sorted(unknown))}; "
            f"use {', '.join(sorted(allowed))}."
        )


def _synonyms(facts: Any) -> tuple[str, ...]:
    _known(facts, {"synonyms"}, "a team or region")
    return tuple(str(word) for word in facts.get("synonyms") or ())


def _kpi(name: str, facts: Any) -> Mapping[str, Any]:
    _known(facts, _KPI_KEYS, name)
    read: dict[str, Any] = {key: str(facts[key]) for key in ("label", "description") if key in facts}
    try:
        if "aggregation" in facts:
            read["aggregation"] = Aggregation(facts["aggregation"])
        if "direction" in facts:
            read["direction"] = Direction(facts["direction"])
        if "decimals" in facts:
            read["decimals"] = int(facts["decimals"])
    except ValueError as error:
        raise SettingsError(f"In the catalogue file, {name}: {error}.") from None
    if "synonyms" in facts:
        read["synonyms"] = tuple(str(word) for word in facts["synonyms"] or ())
    return read
