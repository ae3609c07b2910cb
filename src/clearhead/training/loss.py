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
    return _cross_entropy(states, weight, targets) + _smoothing_term(states, weight, targets, smoothing)


def with_bias(
    states: Float[Tensor, "tokens d_model"],
    weight: Float[Tensor, "vocab d_model"],
    bias: Float[Tensor, " vocab"],
) -> tuple[Float[Tensor, "tokens channels"], Float[Tensor, "vocab channels"]]:
    """Return states with one more channel that is always 1, and weights with the bias of the logits in it."""
    ones = states.new_ones(len(states), 1)
    return torch.cat([states, ones], dim=1), torch.cat([weight, bias.to(weight.dtype)[:, None]], dim=1)


def r_drop_cross_entropy(
    states: Float[Tensor, "twice_tokens d_model"],
    weight: Float[Tensor, "vocab d_model"],
    targets: Int[Tensor, " twice_tokens"],
    smoothing: float,
    divergence: float,
) -> Float[Tensor, ""]:
    """Return the loss of R-Drop (Liang et al. 2021, Eq. 4), halved so that it compares with the plain one.

    The second half of `states` are those of the first under another dropout. Half of: both smoothed
    cross-entropies, plus `divergence` times the mean of the two Kullback-Leibler divergences.
    """
    summed: Tensor = _TwoPasses.apply(states, weight, targets, divergence)  # type: ignore[no-untyped-call]
    return (summed + _smoothing_term(states, weight, targets, smoothing)) / 2


def _smoothing_term(states: Tensor, weight: Tensor, targets: Tensor, smoothing: float) -> Tensor | float:
    if not smoothing:
        return 0.0
    margin = F.embedding(targets, weight) - weight.mean(dim=0)
    return smoothing * (states * margin).sum(dtype=torch.float32)


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


class _TwoPasses(torch.autograd.Function):
    """Cross-entropies of both passes and their weighted divergence; gradients are made in the forward pass.

    With p, q the two predictions, m = log p - log q and D = (KL(p, q) + KL(q, p)) / 2, the gradient of D with
    respect to the logits of p is (p * (m - KL(p, q)) + p - q) / 2, and the same with p and q exchanged. The
    vocabulary is wide, so what is done to every logit is done in place and in as few passes as can be.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor, divergence: float) -> Tensor:
        """Sum both losses chunk by chunk."""
        tokens = len(targets) // 2
        half = divergence / 2
        loss = torch.zeros((), dtype=torch.float64, device=states.device)
        grad_states = torch.empty_like(states)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, tokens, _CHUNK // 2):
            end = min(start + _CHUNK // 2, tokens)
            passes = (slice(start, end), slice(tokens + start, tokens + end))
            right = targets[passes[0], None]
            p, q = ((states[rows] @ weight.T).float() for rows in passes)  # logits so far
            lse_p, lse_q = p.logsumexp(dim=-1, keepdim=True), q.logsumexp(dim=-1, keepdim=True)
            loss += (lse_p - p.gather(1, right) + lse_q - q.gather(1, right)).sum(dtype=torch.float64)
            shift = lse_q - lse_p
            margin = p - q  # m without its constant, the shift
            p, q = p.sub_(lse_p).exp_(), q.sub_(lse_q).exp_()
            kl_pq, kl_qp = _row_products(p, margin) + shift, -(_row_products(q, margin) + shift)
            loss += half * (kl_pq + kl_qp).sum(dtype=torch.float64)
            grads = (
                torch.add(1 + half * (1 + shift - kl_pq), margin, alpha=half).mul_(p).sub_(q, alpha=half),
                torch.sub(1 + half * (1 - shift - kl_qp), margin, alpha=half).mul_(q).sub_(p, alpha=half),
            )
            for rows, grad in zip(passes, grads, strict=True):
                error = grad.scatter_add_(1, right, -torch.ones_like(shift)).to(weight.dtype)
                grad_states[rows] = error @ weight
                grad_weight += error.T @ states[rows]
        ctx.save_for_backward(grad_states, grad_weight.to(weight.dtype))
        return loss.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Scale the gradients already made."""
        grad_states, grad_weight = ctx.saved_tensors
        return grads[0] * grad_states, grads[0] * grad_weight, None, None


def _row_products(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product of each row of a with that of b, [rows, 1], without their product in between."""
    return torch.bmm(a.unsqueeze(1), b.unsqueeze(2)).squeeze(2)
