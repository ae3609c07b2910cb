"""Token embeddings (§3.4)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


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

    def logits(
        self, states: Float[Tensor, "*batch d_model"], bias: Float[Tensor, " vocab"] | None = None
    ) -> Float[Tensor, "*batch vocab"]:
        """Project decoder states on every token's vector (unscaled): the pre-softmax transformation."""
        return F.linear(states, self.weight, bias)
