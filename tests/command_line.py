"""Runs the command line in this process, as a person would, and tells how it ended."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from nlq import cli


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


def runner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line; nothing of this machine's environment configures it."""
    for name in os.environ:
        if name.startswith(("NLQ_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NLQ_TIMEZONE", "UTC")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, written.out, written.err)

    return run
