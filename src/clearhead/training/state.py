"""All that a training run is at one moment: parameters, optimiser, step, place in the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from clearhead.config import TrainingConfig
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
    epoch: int = 0
    batch: int = 0
    """The next batch to read, within the epoch."""
    skipped: int = 0
    """Steps not applied because loss or gradient was not finite, in all."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the caller keeps with the state, such as the best validation so far (JSON values)."""

    @classmethod
    def fresh(cls, model: Transformer, config: TrainingConfig) -> Self:
        """Start a run: Adam as §5.3 has it, at step 0."""
        optimizer = torch.optim.Adam(
            model.parameters(),
            lr=0.0,  # set by the schedule before each step
            betas=config.optimizer_betas,
            eps=config.optimizer_eps,
            weight_decay=config.weight_decay,
            fused=True,
        )
        return cls(model, optimizer)

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

    def counters(self) -> dict[str, Any]:
        """Return everything that is not a tensor, as JSON values."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "skipped": self.skipped,
            "notes": self.notes,
        }

    def restore(self, model: Arrays, optimizer: Arrays, counters: Mapping[str, Any]) -> None:
        """Take over a saved state exactly."""
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(torch.from_numpy(model[name]))
                self.optimizer.state[parameter] = {
                    key: torch.from_numpy(optimizer[f"{name}.{key}"].copy()).to(parameter.device)
                    for key in ("exp_avg", "exp_avg_sq", "step")
                    if f"{name}.{key}" in optimizer
                }
        self.step, self.epoch, self.batch = counters["step"], counters["epoch"], counters["batch"]
        self.skipped, self.notes = counters["skipped"], dict(counters["notes"])


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = tensor.detach().cpu().numpy()
    return array
