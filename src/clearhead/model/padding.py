"""Rows of different lengths as one tensor, padded on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Frames = np.ndarray[Any, np.dtype[np.float32]]


def padded(
    rows: Sequence[Sequence[int] | Frames], pad: int, device: torch.device | str = "cpu"
) -> Int[Tensor, "rows longest"] | Float[Tensor, "rows longest features"]:
    """Return ids as a tensor in which every row is as long as the longest; frames are padded with NaN instead."""
    if isinstance(rows[0], np.ndarray):
        frames = [torch.tensor(row) for row in rows]  # a file in memory must not be shared
        return pad_sequence(frames, batch_first=True, padding_value=float("nan")).to(device)
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=device)
