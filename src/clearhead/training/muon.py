"""Muon (Jordan et al. 2024) on the processor and for shares of matrices: the library's rule, with products in fp32."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from clearhead.training.sharding import placed_as


class Muon(torch.optim.Muon):
    """The library's Muon, whose Newton-Schulz iterations run in fp32 where the library has bf16.

    bf16 is for GPUs. A processor without instructions for it takes many times as long for these small products as for
    all the rest of a step; one that has them gains next to nothing. Where matrices are sharded, every process gathers
    the momentum of each, and keeps its share of the step.
    """

    whole: Callable[[Tensor], Tensor] = staticmethod(lambda tensor: tensor)
    """Gathers all of a matrix."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take a step with the gradients that there are."""
        assert closure is None, "the gradients are there already"
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                momentum = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(momentum, group["momentum"])  # Nesterov's
                matrix = orthogonal(
                    self.whole(ahead), group["ns_coefficients"], group["ns_steps"], group["eps"]
                )
                update = placed_as(matrix, parameter)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-0.2 * max(parameter.shape) ** 0.5 * group["lr"])


def orthogonal(matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """Return a matrix with the same singular vectors and singular values of about 1 (0.7 to 1.2).

    Each Newton-Schulz iteration takes X to aX + (bA + cA^2)X, where A = XX^T.
    """
    a, b, c = coefficients
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    result: Tensor = x if wide is matrix else x.T
    return result
