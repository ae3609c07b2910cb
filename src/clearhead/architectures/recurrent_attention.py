"""How a recurrent decoder looks at the source, before there was a Transformer."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Score v . tanh(W s + U h) of a decoder state s and a source state h (Bahdanau et al. 2015, §A.1.2)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.score = nn.Linear(d_model, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch src d_model"]) -> Float[Tensor, "batch src d_model"]:
        """Project the memory, once for a whole translation: U h."""
        keys: Tensor = self.key(memory)
        return keys

    def forward(
        self, states: Float[Tensor, "batch tgt d_model"], keys: Float[Tensor, "batch src d_model"]
    ) -> Float[Tensor, "batch tgt src"]:
        """Return the score of every source position."""
        scores: Tensor = self.score(torch.tanh(self.query(states).unsqueeze(2) + keys.unsqueeze(1)))
        return scores.squeeze(-1)


class DotAttention(nn.Module):
    """Score s . h (Luong et al. 2015, Eq. 8, dot); nothing is learned."""

    def keys(self, memory: Float[Tensor, "batch src d_model"]) -> Float[Tensor, "batch src d_model"]:
        """Return the memory itself."""
        return memory

    def forward(
        self, states: Float[Tensor, "batch tgt d_model"], keys: Float[Tensor, "batch src d_model"]
    ) -> Float[Tensor, "batch tgt src"]:
        """Return the score of every source position."""
        return states @ keys.transpose(1, 2)


def attend(
    scores: Float[Tensor, "batch tgt src"],
    memory: Float[Tensor, "batch src d_model"],
    mask: Bool[Tensor, "batch 1 src"],
) -> tuple[Float[Tensor, "batch tgt d_model"], Float[Tensor, "batch tgt src"]]:
    """Return the mean of the memory by the softmax of the scores, and these weights; the mask comes before."""
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    return weights @ memory, weights
