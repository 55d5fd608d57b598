"""Question sets: YAML files of questions with the SQL that answers them; see schema/worlds/README.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlq.answer import Status
from nlq.errors import SettingsError

READINGS = """(
    SELECT d.id AS kpi_data_id, k.name AS kpi, k.description, k.unit, k.category, t.name AS team,
           t.department, r.name AS region, r.country, d.value, d.timestamp, d.year, d.quarter, d.month, d.week
    FROM kpi_data d JOIN kpi_definitions k ON k.id = d.kpi_id
    LEFT JOIN teams t ON t.id = d.team_id LEFT JOIN regions r ON r.id = d.region_id
) AS readings"""
ANOMALIES = f"""(
    SELECT a.id AS anomaly_id, a.description, a.severity, a.detected_at, v.kpi, v.unit, v.category, v.team,
           v.department, v.region, v.country, v.value, v.timestamp
    FROM anomalies a LEFT JOIN (SELECT * FROM {READINGS}) v ON v.kpi_data_id = a.kpi_data_id
) AS anomalies"""  # noqa: S608 - constants
_KEYS = {"question", "sql", "expect", "tags", "ordered", "also"}


@dataclass(frozen=True)
class Turn:
    """One question with what answers it: SQL by hand, or the statuses that are right instead."""

    question: str
    gold: tuple[str, ...] = ()
    """Statements, each of whose results is right; the first is the usual one."""
    expect: frozenset[Status] = frozenset({Status.ANSWERED})
    tags: tuple[str, ...] = ()
    ordered: bool = False


@dataclass(frozen=True)
class Case:
    """A question, or a conversation of several; the tags are those of all its turns."""

    turns: tuple[Turn, ...]
    tags: tuple[str, ...]


def read(path: Path) -> tuple[Case, ...]:
    """The cases of the file at `path`.

    Raises:
        SettingsError: the file cannot be read or has an entry that says too little; the message names it.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except OSError as error:
        raise SettingsError(f"The question set {path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"The question set {path} is not valid YAML: {error}") from None
    if not isinstance(entries, list):
        raise SettingsError(f"The question set {path} must be a list of questions.")
    return tuple(_cases(entries, path))


def _cases(entries: list[dict[str, Any]], path: Path) -> Iterator[Case]:
    for number, entry in enumerate(entries, start=1):
        where = f"{path.name}, entry {number}"
        if not isinstance(entry, dict):
            raise SettingsError(f"{where} is no mapping.")
        if "turns" in entry:
            turns = tuple(_turn(turn, where) for turn in entry["turns"])
            tags = dict.fromkeys([*entry.get("tags", ()), *(tag for turn in turns for tag in turn.tags)])
            yield Case(turns, tuple(tags))
        else:
            turn = _turn(entry, where)
            yield Case((turn,), turn.tags)


def _turn(entry: dict[str, Any], where: str) -> Turn:
    if unknown := entry.keys() - _KEYS:
        raise SettingsError(f"{where} has {', '.join(sorted(unknown))}; use {', '.join(sorted(_KEYS))}.")
    if "question" not in entry or ("sql" in entry) == ("expect" in entry):
        raise SettingsError(f"{where} needs a question, and either sql or expect.")
    expected = entry.get("expect", Status.ANSWERED.value)
    gold = [entry["sql"], *entry.get("also", ())] if "sql" in entry else []
    return Turn(
        question=str(entry["question"]),
        gold=tuple(_statement(sql) for sql in gold),
        expect=_statuses([expected] if isinstance(expected, str) else expected, where),
        tags=tuple(entry.get("tags", ())),
        ordered=bool(entry.get("ordered", False)),
    )


def _statuses(names: list[str], where: str) -> frozenset[Status]:
    try:
        return frozenset(Status(name) for name in names)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}.") from None


def _statement(sql: str) -> str:
    return sql.replace("{readings}", READINGS).replace("{anomalies}", ANOMALIES)


def short(statement: str) -> str:
    """A statement by hand as it stands in its set, with `{readings}` and `{anomalies}`."""
    return statement.replace(ANOMALIES, "{anomalies}").replace(READINGS, "{readings}")
