"""What this project depends on: as pyproject.toml says, as it is installed, and as the lock files pin it."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def declared(extra: str | None = None) -> list[Requirement]:
    """The requirements of pyproject.toml: at run time, or of one `extra`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [Requirement(line) for line in lines]


def installed() -> dict[str, metadata.Distribution]:
    """Every installed distribution that is needed at run time, in all its steps, by its canonical name."""
    found: dict[str, metadata.Distribution] = {}
    open_ones = list(declared())
    seen: set[tuple[str, str]] = set()
    while open_ones:
        requirement = open_ones.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                found[name] = metadata.distribution(name)
                open_ones += _needed(found[name], extra)
    return found


def pins(lock_file: str) -> dict[str, str]:
    """The versions that a lock file pins, by canonical name."""
    text = (ROOT / lock_file).read_text()
    return {canonicalize_name(name): version for name, version in _PIN.findall(text)}


def _needed(distribution: metadata.Distribution, extra: str) -> Iterator[Requirement]:
    """What `distribution` needs here and now, with one of its extras or (the empty text) without."""
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement
