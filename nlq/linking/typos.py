"""Typo correction: words that nobody knows -> the one known word that they are nearly."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from nlq.linking.time_words import UNITS
from nlq.linking.words import Token, stem

_SHORTEST = 5
_LONGEST_ENDING = 3
_TWO_SLIPS_FROM = 8
"""Letters from which a word may have two slips; shorter ones may have one."""


def correct(
    tokens: Sequence[Token],
    names: Collection[str],
    common: Collection[str],
    named: Sequence[bool] = (),
    *,
    english: bool = True,
) -> tuple[tuple[Token, ...], tuple[tuple[str, str], ...]]:
    """The tokens with slips of the pen put right, and the pairs (written, read) that changed.

    Args:
        tokens: the question.
        names: stems that occur in names; they are preferred.
        common: stems of English that questions use.
        named: for each word, whether it is part of a name and so right as it is.
        english: whether the question is in English, so that its other words may be slips of English ones.
    """
    right = named or [False] * len(tokens)
    read = [
        token if is_right else _corrected(token, names, common, english=english)
        for token, is_right in zip(tokens, right, strict=True)
    ]
    changed = [
        (was.written, now.folded)
        for was, now in zip(tokens, read, strict=True)
        if was is not now and not _inflected(was.folded, now.folded)
    ]
    return tuple(read), tuple(changed)


def correct_spelling(
    tokens: Sequence[Token], names: Collection[str], words: Collection[str]
) -> tuple[tuple[Token, ...], tuple[tuple[str, str], ...]]:
    """As `correct`, against the words of another language as they are written.

    Only letters that changed places, and letters doubled or not, are put right: what differs otherwise may be
    another word of that language, which a company's KPI is called by.
    """
    read = [
        token if token.stem in names or token.folded in words else _untwisted(token, words)
        for token in tokens
    ]
    changed = [(was.written, now.folded) for was, now in zip(tokens, read, strict=True) if was is not now]
    return tuple(read), tuple(changed)


def _inflected(one: str, other: str) -> bool:
    """Whether two words differ in their endings alone, as `visite` and `visit` do: that is no slip."""
    shared = Prefix.similarity(one, other)
    return shared >= _SHORTEST - 1 and max(len(one), len(other)) - shared <= _LONGEST_ENDING


def _lacks_a_letter(word: str, name: str) -> bool:
    """Whether `word` is `name` with one letter left out, not the first."""
    return len(name) == len(word) + 1 and any(
        name[:at] + name[at + 1 :] == word for at in range(1, len(name))
    )


def _untwisted(token: Token, words: Collection[str]) -> Token:
    """A word with two letters the right way round, or one doubled or not, if that makes it a known one."""
    word = token.folded
    if len(word) < _SHORTEST - 1 or not word.isalpha():
        return token
    twisted = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
    single = [word[:i] + word[i + 1 :] for i in range(len(word) - 1) if word[i] == word[i + 1]]
    double = [word[: i + 1] + word[i:] for i in range(len(word))]
    found = {other for other in (*twisted, *single, *double) if other in words}
    if len(found) != 1:
        return token
    (right,) = found
    return replace(token, folded=right, stem=stem(right))


def _corrected(token: Token, names: Collection[str], common: Collection[str], *, english: bool) -> Token:
    word = token.stem
    known = word in names or word in common or token.folded in common
    if known or len(word) < _SHORTEST - 1 or not word.isalpha():
        return token
    if len(word) < _SHORTEST:
        units = UNITS if english else ()
        lacking = [name for name in (*names, *units) if _lacks_a_letter(word, name)]
        if len(lacking) == 1:
            return replace(token, folded=lacking[0], stem=stem(lacking[0]))
        return _untwisted(token, common) if english else token
    completes = english and len(word) >= _SHORTEST
    begun = [name for name in names if name.startswith(word)] if completes else []
    if len(begun) == 1:
        return replace(token, folded=begun[0], stem=stem(begun[0]))
    slips = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    for words in (names, common) if english else (names,):
        near = process.extract(word, words, scorer=OSA.distance, score_cutoff=slips, limit=2)
        near = [found for found in near if found[0][0] == word[0] or found[0][:2] == word[1::-1]]
        if len(near) == 2 and near[0][1] == near[1][1]:  # a letter left out is likelier than one too many
            near = [found for found in near if len(found[0]) > len(word)]
        alone = len(near) == 1 or (len(near) == 2 and near[0][1] < near[1][1])
        if alone and len(near[0][0]) >= _SHORTEST - 1:
            return replace(token, folded=near[0][0], stem=stem(near[0][0]))
    return token
