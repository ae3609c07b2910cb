"""The masks of §3.2.3, all made here; True = may attend."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def padding_mask(ids: Int[Tensor, "batch length"], pad: int) -> Bool[Tensor, "batch 1 length"]:
    """Let every query see the real tokens and not the padding on the right."""
    return (ids != pad).unsqueeze(1)


def frames_mask(frames: Float[Tensor, "batch length features"]) -> Bool[Tensor, "batch 1 length"]:
    """Let every query see the real frames and not the padding on the right, which is NaN."""
    return ~frames[..., 0].isnan().unsqueeze(1)


def causal_mask(length: int, device: torch.device | str = "cpu") -> Bool[Tensor, "1 length length"]:
    """Let position i see positions 0 to i, so that the future never changes the past."""
    return torch.ones(1, length, length, dtype=torch.bool, device=device).tril()
