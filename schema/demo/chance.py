"""Numbers that look random and depend on nothing but their key."""

from hashlib import blake2b

SEED = "nlq"

_BYTES = 8


def draws(*key: object) -> tuple[float, ...]:
    """Eight numbers from 0 up to 1, the same for the same key on every machine and Python version."""
    digest = blake2b("|".join(map(str, (SEED, *key))).encode()).digest()
    chunks = (digest[start : start + _BYTES] for start in range(0, len(digest), _BYTES))
    return tuple(int.from_bytes(chunk, "big") / 256**_BYTES for chunk in chunks)


def between(low: float, high: float, draw: float) -> float:
    """Spread a `draw` from 0 to 1 over the range from `low` to `high`."""
    return low + (high - low) * draw
