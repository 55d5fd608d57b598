"""What particular companies call things stands in their data, never in code or templates."""

import re
from collections.abc import Iterator

import pytest

from schema import worlds
from tests.dependencies import ROOT

_WORLDS = sorted(path.parent.name for path in worlds.FOLDER.glob("*/world.yml"))
_CODE = [
    path
    for folder in ("nlq", "prompts")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".txt", ".html", ".js", ".yml"} and path.name != "countries.yml"
]
_USUAL_WORDS = {
    "backend",
    "support",
    "technology",
    "operations",
    "marketing",
    "sales",
    "finance",
    "service",
    "quality",
    "it",
    "north",
}
"""Names that are plain words of the trade: code may speak of them without meaning a company's team."""


def names(world: worlds.World) -> Iterator[str]:
    for kpi in world.kpis:
        yield kpi.name
    for name, _ in (*world.teams, *world.regions):
        yield name


@pytest.mark.parametrize("name", _WORLDS)
def test_no_kpi_team_or_region_of_a_world_is_named_in_code_or_templates(name: str) -> None:
    code = {path: path.read_text(encoding="utf-8").casefold() for path in _CODE}
    wanted = [
        n.casefold() for n in names(worlds.load(name)) if len(n) > 3 and n.casefold() not in _USUAL_WORDS
    ]
    found = {
        (wanted_name, path.name)
        for wanted_name in wanted
        for path, text in code.items()
        if re.search(rf"(?<![\w-]){re.escape(wanted_name)}(?![\w-])", text)
    }
    assert not found
