"""Label-smoothed cross-entropy, summed over target tokens (§5.4), without keeping the logits."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

_CPU_CHUNK = 512
"""Target tokens whose logits exist at one time; 512 x 8,000 floats still fit a processor's cache."""
_GPU_LOGITS, _LEAST_CHUNK = 1 << 27, 256
"""Logits that exist at one time on a GPU: half a gigabyte in fp32, and products large enough to fill it."""


def smoothed_cross_entropy(
    states: Float[Tensor, "tokens d_model"],
    weight: Float[Tensor, "vocab d_model"],
    targets: Int[Tensor, " tokens"],
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the summed cross-entropy of `softmax(states @ weight.T)` against smoothed targets, in nats.

    The target distribution is (1 - smoothing) on the right token plus smoothing / V on every token, as
    `F.cross_entropy` has it. Logits are computed in chunks and never kept for the backward pass. The
    smoothing needs no logits at all: with z = states @ weight.T,
    sum_v (1/V) (-log p_v) = lse(z) - mean(z), and the mean of z is one product with the mean row of
    `weight`; so the smoothed loss is the plain one plus smoothing * (z_target - mean(z)).
    """
    plain: Tensor = _CrossEntropy.apply(states, weight, targets)  # type: ignore[no-untyped-call]
    return plain + _smoothing_term(states, weight, targets, smoothing)


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


class _CrossEntropy(torch.autograd.Function):
    """The plain cross-entropy; gradients are made in the forward pass, while the logits are at hand.

    With p = softmax(z) the gradient of -log p_y with respect to z is p less the unit vector of y, so one fused
    softmax is all that is done to every logit: next to the three products it is the smaller part.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """Sum -log p(target) chunk by chunk."""
        loss = torch.zeros((), dtype=torch.float64, device=states.device)
        grad_states = torch.empty_like(states)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        for rows, right in _chunks(targets, _chunk_size(states, weight)):
            _, p, surprise = _predicted(states[rows], weight, right)
            loss += surprise
            grad_states[rows] = p @ weight
            grad_weight += _product(p.T, states[rows])
        _less_the_right(grad_states, grad_weight, states, weight, targets)
        ctx.save_for_backward(grad_states, grad_weight.to(weight.dtype))
        return loss.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        """Scale the gradients already made."""
        grad_states, grad_weight = ctx.saved_tensors
        return grads[0] * grad_states, grads[0] * grad_weight, None


class _TwoPasses(torch.autograd.Function):
    """Cross-entropies of both passes and their weighted divergence; gradients are made in the forward pass.

    With y, z the logits of the two passes, p, q their softmax and m = y - z, the divergence
    D = (KL(p, q) + KL(q, p)) / 2 is (p - q) . m / 2, since what the logarithms add to m is the same for every
    token and p - q sums to 0. Its gradient with respect to y is (p * (m - p . m) + p - q) / 2, and the same with
    p and q exchanged and m negated.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor, divergence: float) -> Tensor:
        """Sum both losses chunk by chunk."""
        tokens = len(targets) // 2
        half = divergence / 2
        loss = torch.zeros((), dtype=torch.float64, device=states.device)
        grad_states = torch.empty_like(states)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        for rows, right in _chunks(targets[:tokens], _chunk_size(states, weight) // 2):
            passes = (rows, slice(tokens + rows.start, tokens + rows.stop))
            (y, p, surprise), (z, q, surprise_again) = (
                _predicted(states[rows_of_pass], weight, right) for rows_of_pass in passes
            )
            loss += surprise + surprise_again
            margin = y.sub_(z).to(p.dtype)
            mean_p, mean_q = _row_products(p, margin), _row_products(q, margin)
            loss += half * (mean_p - mean_q).sum(dtype=torch.float64)
            grads = (
                torch.add(1 + half * (1 - mean_p), margin, alpha=half).mul_(p).sub_(q, alpha=half),
                torch.sub(1 + half * (1 + mean_q), margin, alpha=half).mul_(q).sub_(p, alpha=half),
            )
            for rows_of_pass, grad in zip(passes, grads, strict=True):
                grad_states[rows_of_pass] = grad @ weight
                grad_weight += _product(grad.T, states[rows_of_pass])
        _less_the_right(grad_states, grad_weight, states, weight, targets)
        ctx.save_for_backward(grad_states, grad_weight.to(weight.dtype))
        return loss.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Scale the gradients already made."""
        grad_states, grad_weight = ctx.saved_tensors
        return grads[0] * grad_states, grads[0] * grad_weight, None, None


def _chunk_size(states: Tensor, weight: Tensor) -> int:
    if states.device.type == "cpu":
        return _CPU_CHUNK
    return max(_LEAST_CHUNK, _GPU_LOGITS // len(weight))


def _chunks(targets: Tensor, size: int) -> Iterator[tuple[slice, Tensor]]:
    """Yield which rows belong to a chunk, and its targets as a column."""
    for start in range(0, len(targets), size):
        rows = slice(start, min(start + size, len(targets)))
        yield rows, targets[rows, None]


def _predicted(states: Tensor, weight: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits up to a constant for each row, their softmax in the type of the states, and the sum of -log p."""
    if states.device.type != "cpu":
        return _in_full(states, weight, right)
    logits = states @ weight.T
    p = logits.softmax(dim=-1)
    return logits, p, _surprise(logits, p, right)


def _in_full(states: Tensor, weight: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same with logits and logarithms in fp32 whatever the type of the states, as a GPU makes them.

    Its matrix units add up in fp32, so that it costs memory traffic alone; and nothing here asks for a number, which
    would have the processor wait for the GPU.
    """
    log_p = _product(states, weight.T).float().log_softmax(dim=-1)
    p = torch.exp(log_p, out=torch.empty_like(log_p, dtype=states.dtype))
    return log_p, p, -log_p.gather(1, right).sum(dtype=torch.float64)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Return the product of two matrices; on a GPU in fp32, of bf16 too."""
    if a.is_cuda and a.dtype == torch.bfloat16:
        return torch.mm(a, b, out_dtype=torch.float32)
    return a @ b


def _surprise(logits: Tensor, p: Tensor, right: Tensor) -> Tensor:
    """Return the sum of -log p(right), from the logits where p is too small for its type."""
    of_right = p.gather(1, right).float()
    lost = (of_right < torch.finfo(torch.float32).tiny).squeeze(1)
    surprise = -of_right.log()
    if lost.any():
        rest = logits[lost].float()
        surprise[lost] = rest.logsumexp(dim=-1, keepdim=True) - rest.gather(1, right[lost])
    return surprise.sum(dtype=torch.float64)


def _less_the_right(
    grad_states: Tensor, grad_weight: Tensor, states: Tensor, weight: Tensor, targets: Tensor
) -> None:
    """Take the part of the right tokens from both gradients, in place: rows of a table, not a column of p."""
    grad_states -= F.embedding(targets, weight)
    grad_weight.index_add_(0, targets, states.float(), alpha=-1)


def _row_products(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product of each row of a with that of b, [rows, 1], without their product in between."""
    return torch.bmm(a.unsqueeze(1), b.unsqueeze(2)).squeeze(2)
