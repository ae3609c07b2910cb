"""Which pairs of a corpus came before, found among keys on the disk in memory that does not grow with them."""

from pathlib import Path
from typing import Any

import numpy as np

_BYTES_A_KEY = 32
"""Of memory: the key, its row, the sorted keys and their order."""
_PART = 1 << 20
"""Keys that are read at a time."""


def first_of_equals(file: Path, memory: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which keys of a file (uint64) equal none before them, in about so many bytes of memory.

    Keys are digests, so each of n passes takes the keys of a range of values, about one in n. One byte a key is
    needed besides.
    """
    count = file.stat().st_size // 8
    passes = max(1, -(-count * _BYTES_A_KEY // memory))
    first = np.ones(count, dtype=bool)
    for number in range(passes):
        lower, upper = ((number + end << 64) // passes for end in (0, 1))
        keys, rows = _between(file, lower, upper - 1)
        place_of_first = np.unique(keys, return_index=True)[1]
        first[rows] = False
        first[rows[place_of_first]] = True
    return first


def _between(file: Path, lower: int, upper: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the keys from `lower` to `upper`, and their rows."""
    keys, rows, start = [], [], 0
    with file.open("rb") as stream:
        while data := stream.read(8 * _PART):
            part = np.frombuffer(data, "<u8")
            places = np.flatnonzero((part >= np.uint64(lower)) & (part <= np.uint64(upper)))
            keys.append(part[places])
            rows.append(places + start)
            start += len(part)
    return np.concatenate([np.empty(0, np.uint64), *keys]), np.concatenate([np.empty(0, np.int64), *rows])
