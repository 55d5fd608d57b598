"""The corpus of hostile statements in `tests/hostile`: what each is meant to do, family by family."""

from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent / "hostile"


@dataclass(frozen=True)
class Hostile:
    """One statement; `harm` is `write`, `read`, `stall`, `session` or `tell` (see the corpus's README)."""

    sql: str
    harm: str
    family: str


def corpus() -> list[Hostile]:
    """All statements, by family."""
    return [
        Hostile(str(sql), harm, path.stem)
        for path in sorted(_FOLDER.glob("*.yml"))
        for harm, statements in yaml.safe_load(path.read_text(encoding="utf-8")).items()
        for sql in statements
    ]
