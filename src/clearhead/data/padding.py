"""Rows of different lengths side by side, padded on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from clearhead.text.vocabulary import PAD


def padded(rows: Sequence[Sequence[int]], pad: int = PAD) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return rows of ids as int64 [row, length of the longest]."""
    table = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table
