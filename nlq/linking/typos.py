"""Typo correction: words that nobody knows -> the one known word that they are nearly."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nlq.linking.words import Token, stem

_SHORTEST = 5
_TWO_SLIPS_FROM = 8
"""Letters from which a word may have two slips; shorter ones may have one."""


def correct(
    tokens: Sequence[Token], names: Collection[str], common: Collection[str]
) -> tuple[tuple[Token, ...], tuple[tuple[str, str], ...]]:
    """The tokens with slips of the pen put right, and the pairs (written, read) that changed.

    Args:
        tokens: the question.
        names: stems that occur in names; they are preferred.
        common: stems of English that questions use.
    """
    read = [_corrected(token, names, common) for token in tokens]
    changed = [(was.written, now.folded) for was, now in zip(tokens, read, strict=True) if was is not now]
    return tuple(read), tuple(changed)


def _corrected(token: Token, names: Collection[str], common: Collection[str]) -> Token:
    word = token.stem
    known = word in names or word in common or token.folded in common
    if known or len(word) < _SHORTEST or not word.isalpha():
        return token
    slips = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    for words in (names, common):
        near = process.extract(word, words, scorer=OSA.distance, score_cutoff=slips, limit=2)
        alone = len(near) == 1 or (len(near) == 2 and near[0][1] < near[1][1])
        if alone and len(near[0][0]) >= _SHORTEST - 1:
            return replace(token, folded=near[0][0], stem=stem(near[0][0]))
    return token
