"""Numbers that look random and depend on nothing but their keys.

Integers only, so that every machine draws the same world; random access, so that a new
ad or a longer history changes no number that was there before.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WORD = 2**64
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_BITS = 12


def mixed(*keys: ArrayLike) -> NDArray[np.uint64]:
    """64 well-mixed bits for each combination of the keys (arrays broadcast)."""
    state = np.zeros(1, dtype=np.uint64)
    for key in keys:
        state = (state ^ np.asarray(key, dtype=np.uint64)) + _STEP
        state = (state ^ (state >> np.uint64(30))) * _FIRST
        state = (state ^ (state >> np.uint64(27))) * _SECOND
        state = state ^ (state >> np.uint64(31))
    return state


def draws(count: int, *keys: ArrayLike) -> list[NDArray[np.int64]]:
    """`count` independent arrays of integers from 0 to 4095."""
    arrays: list[NDArray[np.int64]] = []
    for stream in range((count + 4) // 5):
        bits = mixed(*keys, stream)
        for position in range(5):
            drawn = (bits >> np.uint64(position * _BITS)) & np.uint64(2**_BITS - 1)
            arrays.append(drawn.astype(np.int64))
    return arrays[:count]


def spread(drawn: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Draws stretched over the integers from `low` up to, but not at, `high`."""
    return low + (drawn * (high - low) >> _BITS)


def key(text: str) -> int:
    """A decimal id as a 64 bit key."""
    return int(text) % _WORD


def pick(limit: int, *keys: int) -> int:
    """One integer from 0 up to, but not at, `limit`."""
    return int(mixed(*keys)[0] % np.uint64(limit))
