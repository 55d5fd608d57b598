"""What the documentation says is so: settings, links, examples."""

import json
import re
from pathlib import Path

import pytest
import yaml

from nlq import cli, settings
from nlq.answer import as_json
from nlq.catalog.refine import read
from tests.dependencies import ROOT
from tests.stand_in import ANSWERED

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CATALOG_FILE = ROOT / "schema" / "catalog.yml"

_VARIABLE = re.compile(r"\b(?:NLQ|OPENAI)_[A-Z_]+\b")
_ROW = re.compile(r"^\| `((?:NLQ|OPENAI)_[A-Z_]+)` \| (?:`([^`]*)`)?", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_COMMAND_ROW = re.compile(r"^\| `nlq (\w+)(.*)$", re.MULTILINE)


def _code(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_readme_has_one_row_for_every_setting() -> None:
    known = set(_VARIABLE.findall(Path(settings.__file__).read_text()))
    rows = [name for name, _ in _ROW.findall((ROOT / "README.md").read_text())]
    assert sorted(rows) == sorted(known)


def test_the_defaults_in_the_readme_are_the_defaults() -> None:
    defaults = {name: value for name, value in _ROW.findall((ROOT / "README.md").read_text()) if value}
    assert len(defaults) > 5
    written = {name: value for name, value in defaults.items() if name != "NLQ_CATALOG"}
    zone = {"NLQ_TIMEZONE": "UTC"}
    assert settings.load({**zone, **written}) == settings.load(zone)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documentation_names_only_settings_that_exist(page: Path) -> None:
    known = set(_VARIABLE.findall(Path(settings.__file__).read_text()))
    assert set(_VARIABLE.findall(page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.is_file(), link
        assert not anchor or anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(page.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_answer_in_the_documentation_has_the_fields_of_an_answer() -> None:
    (example,) = _code("docs/http-api.md", "json")
    assert list(json.loads(example)) == list(as_json(ANSWERED))


def test_the_commands_and_options_of_the_readme_exist(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    rows = _COMMAND_ROW.findall((ROOT / "README.md").read_text())
    assert {name for name, _ in rows} == {"ask", "serve", "history", "db", "model", "token", "eval", "slack"}
    for name, row in rows:
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        shown = capsys.readouterr().out
        assert ended.value.code == 0
        assert all(option in shown for option in re.findall(r"--[a-z]+", row)), row


def test_the_shipped_catalogue_file_is_valid_and_changes_nothing() -> None:
    assert not any(vars(read(CATALOG_FILE)).values())


def test_its_examples_are_valid_once_they_are_uncommented(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yml"
    file.write_text(re.sub(r"^#(?=  )", "", CATALOG_FILE.read_text(), flags=re.MULTILINE))
    refinement = read(file)
    assert refinement.kpis["support_response_time"]["synonyms"] == ("response time", "FRT")
    assert all(vars(refinement).values())


def test_the_documentation_of_the_catalogue_file_shows_the_same_examples(tmp_path: Path) -> None:
    (example,) = _code("docs/catalogue.md", "yaml")
    shipped = re.sub(r"^#(?=  )", "", CATALOG_FILE.read_text(), flags=re.MULTILINE)
    assert yaml.safe_load(example) == yaml.safe_load(shipped)
