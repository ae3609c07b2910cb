"""All that a training run is at one moment: parameters, optimiser, step, place in the data."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from clearhead.config import TrainingConfig
from clearhead.data.loader import START, Position
from clearhead.errors import ConfigError
from clearhead.model.transformer import Transformer

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass
class TrainState:
    """The state of a run between two steps; what a checkpoint holds and nothing else decides the rest.

    Random draws are functions of (seed, step, batch of the step), so no generator state is part of it.
    """

    model: Transformer
    optimizer: torch.optim.Adam
    step: int = 0
    """Optimiser steps applied."""
    position: Position = START
    """The next batch to read."""
    ema: dict[str, Tensor] = field(default_factory=dict)
    """Moving average of the parameters by name; empty where none is kept."""
    skipped: int = 0
    """Steps not applied because loss or gradient was not finite, in all."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the caller keeps with the state, such as the best validation so far (JSON values)."""

    @classmethod
    def fresh(cls, model: Transformer, config: TrainingConfig) -> Self:
        """Start a run: Adam as §5.3 has it, at step 0.

        Raises ConfigError where `freeze` or `learning_rate_factors` name a part that the model lacks.
        """
        groups: dict[float, list[nn.Parameter]] = {}
        factors = dict.fromkeys(config.freeze, 0.0) | config.learning_rate_factors
        for name, parameter in model.named_parameters():
            found = [factors[part] for part in factors if _is_part(name, part)]
            factor = min(found, default=1.0)
            parameter.requires_grad_(factor > 0)
            if factor:
                groups.setdefault(factor, []).append(parameter)
        names = [name for name, _ in model.named_parameters()]
        for part in factors:
            if not any(_is_part(name, part) for name in names):
                raise ConfigError(
                    f"training names the part {part!r}, which the model lacks; there are embeddings, encoder, "
                    f"decoder, or the start of a parameter's name such as {names[-1].rpartition('.')[0]}"
                )
        if not groups:
            raise ConfigError("training.freeze leaves nothing to learn; name fewer parts")
        optimizer = torch.optim.Adam(
            [{"params": parameters, "factor": factor} for factor, parameters in groups.items()],
            lr=0.0,  # set by the schedule before each step
            betas=config.optimizer_betas,
            eps=config.optimizer_eps,
            weight_decay=config.weight_decay,
            fused=True,
        )
        state = cls(model, optimizer)
        if config.ema_decay:
            state.ema = {name: p.detach().clone() for name, p in model.named_parameters()}
        return state

    def apply(self, rate: float, ema_decay: float) -> None:
        """Take a step of the optimiser at a learning rate, and let the moving average follow.

        The average forgets faster at first, (1 + step) / (10 + step), so that it does not dwell on
        the random beginning.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.step()
        self.step += 1
        if self.ema:
            decay = min(ema_decay, (1 + self.step) / (10 + self.step))
            parameters = [p.detach() for _, p in self.model.named_parameters()]
            torch._foreach_lerp_(list(self.ema.values()), parameters, 1 - decay)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the moving average, where one is kept, in the place of the parameters for a while."""
        own = {name: p.detach().clone() for name, p in self.model.named_parameters() if self.ema}
        self._copy_in(self.ema)
        try:
            yield
        finally:
            self._copy_in(own)

    def _copy_in(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                self.model.get_parameter(name).copy_(value)

    def model_arrays(self) -> Arrays:
        """Return the parameters by name, as fp32 arrays."""
        return {name: _array(p) for name, p in self.model.named_parameters()}

    def optimizer_arrays(self) -> Arrays:
        """Return Adam's moments and step count of every parameter."""
        arrays: Arrays = {}
        for name, parameter in self.model.named_parameters():
            for key, value in sorted(self.optimizer.state.get(parameter, {}).items()):
                arrays[f"{name}.{key}"] = _array(value)
        return arrays

    def ema_arrays(self) -> Arrays:
        """Return the moving average of the parameters by name, as fp32 arrays; empty where none is kept."""
        return {name: _array(average) for name, average in self.ema.items()}

    def counters(self) -> dict[str, Any]:
        """Return everything that is not a tensor, as JSON values."""
        return {
            "step": self.step,
            "position": list(self.position),
            "skipped": self.skipped,
            "notes": self.notes,
        }

    def restore(self, model: Arrays, optimizer: Arrays, ema: Arrays, counters: Mapping[str, Any]) -> None:
        """Take over a saved state exactly."""
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(torch.from_numpy(model[name]))
                if self.ema:
                    self.ema[name].copy_(torch.from_numpy(ema[name]))
                self.optimizer.state[parameter] = {
                    key: torch.from_numpy(optimizer[f"{name}.{key}"].copy()).to(parameter.device)
                    for key in ("exp_avg", "exp_avg_sq", "step")
                    if f"{name}.{key}" in optimizer
                }
        self.step, self.position = counters["step"], Position(*counters["position"])
        self.skipped, self.notes = counters["skipped"], dict(counters["notes"])


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = tensor.detach().cpu().numpy()
    return array


def _is_part(name: str, part: str) -> bool:
    """Say whether a parameter belongs to a part of the model as a configuration names it."""
    return "embedding" in name if part == "embeddings" else name.startswith(part)
