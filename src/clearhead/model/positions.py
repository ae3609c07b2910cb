"""The place of a token: positional encodings (§3.5), and positions that rotate queries and keys."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clearhead.config import Positions
from clearhead.model.dropout import Dropout


def sinusoids(length: int, d_model: int) -> Float[Tensor, "length d_model"]:
    """Return PE(pos, 2i) = sin(pos / 10000^(2i / d_model)) and PE(pos, 2i + 1) = cos(same) (§3.5).

    Fixed, not learned. For any shift k, PE(pos + k) is one linear map of PE(pos), the same for all pos.
    """
    position = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    rate = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float64) * (-math.log(10_000.0) / d_model))
    table = torch.empty(length, d_model, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table.float()


class Sinusoids(nn.Module):
    """The table of sinusoids: computed, not stored with the weights; it grows when a longer input comes."""

    table: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoids(256, width), persistent=False)

    def forward(self, start: int, end: int) -> Float[Tensor, "length width"]:
        """Return the rows of positions from `start` to before `end`."""
        if end > self.table.shape[0]:
            with torch.inference_mode(False):  # what is made in a validation is learned with afterwards
                self.table = sinusoids(2 * end, self.table.shape[1]).to(self.table)
        return self.table[start:end]


class LearnedPositions(nn.Module):
    """A learned vector for each position, in the place of the sinusoids (§3.5 compares the two)."""

    def __init__(self, max_positions: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_positions, width).normal_(std=width**-0.5))

    def forward(self, start: int, end: int) -> Float[Tensor, "length width"]:
        """Return the rows of positions from `start` to before `end`, which must be there."""
        assert end <= len(self.weight), "engines and settings keep within the learned positions"
        return self.weight[start:end]


class PositionalEncoding(nn.Module):
    """Adds the sinusoids to scaled embeddings and applies dropout to the sum (§3.5, §5.4).

    Or adds learned positions; where positions are rotary nothing is added, and dropout is applied alone.
    """

    def __init__(
        self,
        d_model: int,
        dropout: float,
        kind: Positions = "sinusoidal",
        max_positions: int = 1024,
    ) -> None:
        super().__init__()
        self.table: nn.Module | None = None
        if kind == "sinusoidal":
            self.table = Sinusoids(d_model)
        elif kind == "learned":
            self.table = LearnedPositions(max_positions, d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self, embedded: Float[Tensor, "batch length d_model"], start: int = 0
    ) -> Float[Tensor, "batch length d_model"]:
        """Add positions `start`, `start + 1`, ... (start > 0 when decoding continues from a cache)."""
        if self.table is not None:
            embedded = embedded + self.table(start, start + embedded.shape[1])
        out: Tensor = self.dropout(embedded)
        return out


class RotaryPositions(nn.Module):
    """Turns queries and keys by their position, so that q·k depends on their distance alone (Su et al. 2021, §3.2).

    The pair (2i, 2i + 1) of a vector of size d_k at position pos is turned by pos / 10000^(2i / d_k).
    """

    def __init__(self, d_k: int) -> None:
        super().__init__()
        self.sinusoids = Sinusoids(d_k)

    def forward(
        self, x: Float[Tensor, "batch heads length d_k"], start: int = 0
    ) -> Float[Tensor, "batch heads length d_k"]:
        """Rotate the vectors of the positions `start`, `start + 1`, ..."""
        table = self.sinusoids(start, start + x.shape[2])
        sine, cosine = table[:, 0::2], table[:, 1::2]
        even, odd = x.float().view(*x.shape[:-1], -1, 2).unbind(-1)
        rotated = torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1)
        return rotated.flatten(-2).to(x.dtype)
