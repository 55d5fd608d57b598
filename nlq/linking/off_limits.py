"""Questions about people's private data, the system itself or its instructions: no KPI answers them."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import yaml

from nlq.linking.words import Token, fits, fold


def topic(tokens: Sequence[Token], free: Sequence[bool]) -> str | None:
    """What a question is about that is nobody's to ask here; None for nothing of the kind.

    Args:
        tokens: the question as it was written.
        free: for each word, whether it is part of no name.

    Returns:
        `private`, `system` or `instructions`.
    """
    words = [token.folded if is_free else "" for token, is_free in zip(tokens, free, strict=True)]
    for name, phrases in _phrases().items():
        if any(_occurs(phrase, words) for phrase in phrases):
            return name
    return None


def _occurs(phrase: tuple[str, ...], words: Sequence[str]) -> bool:
    if phrase[0] not in words and not phrase[0].endswith("*"):
        return False
    starts = (at for at in range(len(words) - len(phrase) + 1) if fits(phrase[0], words[at]))
    return any(all(map(fits, phrase, words[at : at + len(phrase)])) for at in starts)


@cache
def _phrases() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    file = resources.files("nlq.linking") / "languages" / "off_limits.yml"
    topics: Mapping[str, Sequence[str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        name: tuple(tuple(fold(phrase).split()) for phrase in phrases) for name, phrases in topics.items()
    }
