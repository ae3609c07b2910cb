"""The optimisers of a run: Adam (§5.3), and optionally Muon for the matrices of the layers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from clearhead.config import TrainingConfig
from clearhead.errors import ConfigError
from clearhead.training.muon import Muon


class Optimizer:
    """The update rule and the learning rate of every parameter that learns.

    With `training.optimizer = "muon"` the matrices of the layers follow Muon (Jordan et al. 2024): their
    step is the orthogonalised momentum, scaled to the size of Adam's steps (0.2 sqrt(max(rows, columns)),
    Liu et al. 2025), so that one schedule serves both. Embeddings, biases and norms stay with Adam.
    """

    def __init__(
        self, model: nn.Module, config: TrainingConfig, whole: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        """Register the parameters; raise ConfigError for a part that the model lacks, or if nothing would learn.

        `whole` gathers a tensor whose shares several processes hold: Muon needs matrices as they are.
        """
        factors = dict.fromkeys(config.freeze, 0.0) | config.learning_rate_factors
        _check_parts(factors, [name for name, _ in model.named_parameters()])
        adam: dict[float, list[nn.Parameter]] = {}
        muon: dict[float, list[nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            factor = min((factors[part] for part in factors if _is_part(name, part)), default=1.0)
            parameter.requires_grad_(factor > 0)
            if factor:
                matrix = parameter.ndim == 2 and name.startswith(("encoder", "decoder"))
                learned_by = muon if config.optimizer == "muon" and matrix else adam
                learned_by.setdefault(factor, []).append(parameter)
        if not adam and not muon:
            raise ConfigError("training.freeze leaves nothing to learn; name fewer parts")
        decay = config.weight_decay
        self._optimizers: list[torch.optim.Optimizer] = []  # their rates are set before each step
        if adam:
            betas, eps = config.optimizer_betas, config.optimizer_eps
            self._optimizers.append(
                torch.optim.Adam(_groups(adam), lr=0.0, betas=betas, eps=eps, weight_decay=decay, fused=True)
            )
        if muon:
            ours = any(p.device.type == "cpu" or hasattr(p, "to_local") for p in model.parameters())
            rule = Muon if ours else torch.optim.Muon
            self._optimizers.append(
                rule(_groups(muon), lr=0.0, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
            )
            if isinstance(self._optimizers[-1], Muon) and whole:
                self._optimizers[-1].whole = whole

    def zero_grad(self) -> None:
        """Clear the gradients."""
        for optimizer in self._optimizers:
            optimizer.zero_grad()

    def step(self, rate: float) -> None:
        """Take a step at a learning rate, times the factor of each part."""
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            optimizer.step()

    def moments(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        """Return the moments of a parameter; empty before its first step, and for a frozen one."""
        for optimizer in self._optimizers:
            if parameter in optimizer.state:
                return dict(optimizer.state[parameter])
        return {}

    def restore(self, parameter: nn.Parameter, moments: Mapping[str, Tensor]) -> None:
        """Set the moments of a parameter to saved ones."""
        for optimizer in self._optimizers:
            if any(parameter is other for group in optimizer.param_groups for other in group["params"]):
                optimizer.state[parameter] = dict(moments)


def _groups(by_factor: Mapping[float, list[nn.Parameter]]) -> list[dict[str, Any]]:
    return [{"params": parameters, "factor": factor} for factor, parameters in by_factor.items()]


def _check_parts(parts: Iterable[str], names: list[str]) -> None:
    for part in parts:
        if not any(_is_part(name, part) for name in names):
            raise ConfigError(
                f"the model has no part {part!r}; training.freeze and training.learning_rate_factors name embeddings, "
                f"encoder, decoder, or the start of a parameter's name, such as {names[-1].rpartition('.')[0]}"
            )


def _is_part(name: str, part: str) -> bool:
    """Say whether a parameter belongs to a part of the model as a configuration names it."""
    return "embedding" in name if part == "embeddings" else name.startswith(part)
