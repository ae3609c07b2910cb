"""All that a training run is at one moment: parameters, optimiser, step, place in the data."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from clearhead.config import TrainingConfig
from clearhead.data.loader import START, Position
from clearhead.model.transformer import Transformer
from clearhead.training.optimizer import Optimizer

Arrays = dict[str, NDArray[Any]]


@dataclass
class TrainState:
    """The state of a run between two steps; what a checkpoint holds and nothing else decides the rest.

    Random draws are functions of (seed, step, batch of the step), so no generator state is part of it.
    """

    model: Transformer
    optimizer: Optimizer
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
    def fresh(cls, model: Transformer, config: TrainingConfig) -> "TrainState":
        """Start a run at step 0.

        Raises ConfigError where `freeze` or `learning_rate_factors` name a part that the model lacks.
        """
        state = cls(model, Optimizer(model, config))
        if config.ema_decay:
            state.ema = {name: p.detach().clone() for name, p in model.named_parameters()}
        return state

    def apply(self, rate: float, ema_decay: float) -> None:
        """Take a step of the optimiser at a learning rate, and let the moving average follow.

        The average forgets faster at first, (1 + step) / (10 + step), so that it does not dwell on
        the random beginning.
        """
        self.optimizer.step(rate)
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
        """Return what the optimiser remembers of every parameter, such as Adam's moments and step count."""
        arrays: Arrays = {}
        for name, parameter in self.model.named_parameters():
            for key, value in sorted(self.optimizer.moments(parameter).items()):
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
                moments = {key: values for key, values in optimizer.items() if key.rpartition(".")[0] == name}
                self.optimizer.restore(
                    parameter,
                    {
                        key.rpartition(".")[2]: torch.from_numpy(values.copy()).to(parameter.device)
                        for key, values in moments.items()
                    },
                )
        self.step, self.position = counters["step"], Position(*counters["position"])
        self.skipped, self.notes = counters["skipped"], dict(counters["notes"])


def _array(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().numpy()
    return array
