"""An embedded part that dies is started again, as often as it takes."""

import logging
import threading

import pytest

from nlq.embedded.keeping import kept
from nlq.errors import NlqError

PATIENCE_S = 10.0


class Part:
    """A part that a test ends, and whose next starts may fail."""

    label = "embedded part"

    def __init__(self, failures: int = 0, address: str = "here") -> None:
        self.alive, self.failures, self.address = False, failures, address

    def runs(self) -> bool:  # noqa: D102
        return self.alive

    def start(self) -> str:  # noqa: D102
        if self.failures:
            self.failures -= 1
            raise NlqError("There is no memory.")
        self.alive = True
        return self.address


def test_a_part_that_died_is_started_and_prepared_again_also_where_that_fails_at_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    part, prepared = Part(failures=1), threading.Event()
    with caplog.at_level(logging.WARNING), kept(part, "here", prepared.set):
        assert prepared.wait(PATIENCE_S)
    assert part.alive
    said = [record.message for record in caplog.records]
    assert "the embedded part has died and is started again" in said[0]
    assert "There is no memory." in said[1]
    assert not any("restart this service" in line for line in said)


def test_a_part_that_comes_back_at_another_address_is_said_to_be_out_of_reach(
    caplog: pytest.LogCaptureFixture,
) -> None:
    prepared = threading.Event()
    with caplog.at_level(logging.WARNING), kept(Part(address="elsewhere"), "here", prepared.set):
        assert prepared.wait(PATIENCE_S)
    assert any("restart this service" in record.message for record in caplog.records)


def test_nothing_is_started_again_after_the_end() -> None:
    part = Part()
    part.alive = True
    with kept(part, "here"):
        pass
    assert not any(thread.name == "keeping the embedded part" for thread in threading.enumerate())
