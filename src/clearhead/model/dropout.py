"""Dropout (§5.4) with cheap random bits on the CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEVELS = 1 << 16


def dropout(x: Tensor, rate: float) -> Tensor:
    """Zero each entry with probability `rate` and scale the rest so that the mean stays.

    On the CPU four entries share one 64-bit draw, 16 bits each, which takes a third of the time of the
    library's Bernoulli draws; the rate is then rounded to a multiple of 2**-16. Draws come from torch's
    default generator, which the training loop seeds for every batch.
    """
    if rate == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate)
    dropped = round(rate * _LEVELS)
    words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    draws = words.view(torch.int16)[: x.numel()].view(x.shape)
    kept = (draws >= dropped - _LEVELS // 2).to(x.dtype).mul_(_LEVELS / (_LEVELS - dropped))
    return x * kept


class Dropout(nn.Module):
    """Apply `dropout` in training and nothing otherwise."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def rate_now(self) -> float:
        """Return the rate in force: 0 outside training."""
        return self.rate if self.training else 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with entries dropped."""
        return dropout(x, self.rate_now())
