"""Rows of different lengths as one tensor, padded on the right."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor


def padded(
    rows: Sequence[Sequence[int]], pad: int, device: torch.device | str = "cpu"
) -> Int[Tensor, "rows longest"]:
    """Return ids as a tensor in which every row is as long as the longest."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=device)
