"""Token embeddings and positional encodings (§3.4, §3.5)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from clearhead.model.dropout import Dropout


class TokenEmbedding(nn.Module):
    """A learned vector for each token, scaled by sqrt(d_model); its transpose may give the logits (§3.4).

    Drawn from N(0, 1/d_model), so that the scaled vectors have entries of variance 1, the size of the
    sinusoids that are added to them.
    """

    def __init__(self, vocab_size: int, d_model: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocab_size, d_model).normal_(std=d_model**-0.5))

    def forward(self, ids: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length d_model"]:
        """Look the vectors up."""
        return F.embedding(ids, self.weight) * math.sqrt(self.weight.shape[1])

    def logits(self, states: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        """Project decoder states on every token's vector (unscaled): the pre-softmax transformation."""
        return F.linear(states, self.weight)


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


class PositionalEncoding(nn.Module):
    """Adds the sinusoids to scaled embeddings and applies dropout to the sum (§3.5, §5.4).

    The table is computed, not stored with the weights, and grows when a longer input comes.
    """

    table: Tensor

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("table", sinusoids(256, d_model), persistent=False)
        self.dropout = Dropout(dropout)

    def forward(
        self, embedded: Float[Tensor, "batch length d_model"], start: int = 0
    ) -> Float[Tensor, "batch length d_model"]:
        """Add positions `start`, `start + 1`, ... (start > 0 when decoding continues from a cache)."""
        end = start + embedded.shape[1]
        if end > self.table.shape[0]:
            self.table = sinusoids(2 * end, embedded.shape[2]).to(self.table)
        out: Tensor = self.dropout(embedded + self.table[start:end])
        return out
