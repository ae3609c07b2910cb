"""Label-smoothed cross-entropy, summed over target tokens (§5.4), without keeping the logits."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

_CHUNK = 512
"""Target tokens whose logits exist at one time; 512 x 8,000 floats still fit a processor's cache."""


def smoothed_cross_entropy(
    states: Float[Tensor, "tokens d_model"],
    weight: Float[Tensor, "vocab d_model"],
    targets: Int[Tensor, " tokens"],
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the summed cross-entropy of `softmax(states @ weight.T)` against smoothed targets, in nats.

    The target distribution is (1 - smoothing) on the right token plus smoothing / V on every token, as
    `F.cross_entropy` has it. Logits are recomputed in chunks and never kept for the backward pass. The
    smoothing needs no logits at all: with z = states @ weight.T,
    sum_v (1/V) (-log p_v) = lse(z) - mean(z), and the mean of z is one product with the mean row of
    `weight`; so the smoothed loss is the plain one plus smoothing * (z_target - mean(z)).
    """
    loss = _cross_entropy(states, weight, targets)
    if smoothing:
        margin = F.embedding(targets, weight) - weight.mean(dim=0)
        loss = loss + smoothing * (states * margin).sum(dtype=torch.float32)
    return loss


def _cross_entropy(states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    options = getattr(torch.nn, "LinearCrossEntropyOptions", None)
    if options is None:  # torch before 2.13
        summed: Tensor = ChunkedCrossEntropy.apply(states, weight, targets)  # type: ignore[no-untyped-call]
        return summed
    chunked = options(batch_chunk_size=min(_CHUNK, len(targets)))
    return F.linear_cross_entropy(states, weight, targets, reduction="sum", options=chunked).float()


class ChunkedCrossEntropy(torch.autograd.Function):
    """The same for a torch without `F.linear_cross_entropy`: gradients are made in the forward pass."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """Sum -log p(target), computing both gradients chunk by chunk while the logits are at hand."""
        loss = torch.zeros((), dtype=torch.float64, device=states.device)
        grad_states = torch.empty_like(states)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, len(targets), _CHUNK):
            chunk, right = states[start : start + _CHUNK], targets[start : start + _CHUNK, None]
            logits = (chunk @ weight.T).float()
            lse = logits.logsumexp(dim=-1, keepdim=True)
            loss += (lse - logits.gather(1, right)).sum(dtype=torch.float64)
            error = logits.sub_(lse).exp_().scatter_add_(1, right, -torch.ones_like(lse)).to(weight.dtype)
            grad_states[start : start + _CHUNK] = error @ weight
            grad_weight += error.T @ chunk
        ctx.save_for_backward(grad_states, grad_weight.to(weight.dtype))
        return loss.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        """Scale the gradients already made."""
        grad_states, grad_weight = ctx.saved_tensors
        return grads[0] * grad_states, grads[0] * grad_weight, None
