"""What is installed: everything that the sources hold, and nothing that is not pinned."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.dependencies import ROOT, declared, installed, pins

LOCK = "requirements.txt"
DEV_LOCK = "requirements-dev.txt"
FOLDERS = ("nlq", "prompts", "schema")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from, so that nothing is left behind in the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def packed(source: Path) -> set[str]:
    """The names of the files in the wheel, built without the network."""
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--wheel-dir", str(source)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True)
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_packages(source: Path, packed: set[str]) -> None:
    paths = [path for folder in FOLDERS for path in (source / folder).rglob("*")]
    held = {str(path.relative_to(source)) for path in paths if path.is_file()}
    assert held <= packed


def test_the_wheel_holds_nothing_else(packed: set[str]) -> None:
    others = {name for name in packed if name.split("/")[0] not in FOLDERS}
    assert all(".dist-info/" in name for name in others)


@pytest.mark.parametrize(("lock_file", "extra"), [(LOCK, None), (DEV_LOCK, None), (DEV_LOCK, "dev")])
def test_every_dependency_is_pinned_to_a_version_that_the_project_allows(
    lock_file: str, extra: str | None
) -> None:
    pinned = pins(lock_file)
    for requirement in declared(extra):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is missing in {lock_file}: make lock"
        assert requirement.specifier.contains(version), f"{requirement} is not {version}: make lock"


def test_every_step_of_the_dependencies_is_pinned() -> None:
    assert installed().keys() <= pins(LOCK).keys()


def test_tests_run_with_the_versions_that_the_service_runs_with() -> None:
    development = pins(DEV_LOCK)
    assert {name: development.get(name) for name in pins(LOCK)} == pins(LOCK)


@pytest.mark.parametrize("lock_file", [LOCK, DEV_LOCK])
def test_a_lock_file_has_a_hash_for_everything_and_names_no_index(lock_file: str) -> None:
    text = (ROOT / lock_file).read_text()
    blocks = text.replace("\\\n", "").splitlines()
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text
