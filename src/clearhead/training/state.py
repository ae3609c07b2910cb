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
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.weights import fill
from clearhead.storage.tensors import Arrays
from clearhead.training.distributed import ALONE, Group
from clearhead.training.optimizer import Optimizer
from clearhead.training.parallel import Engine
from clearhead.training.sharding import placed_as


@dataclass(frozen=True)
class Counters:
    """What of the state is not a tensor."""

    step: int
    position: Position
    skipped: int

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Counters":
        """Return what `to_dict` wrote."""
        return cls(values["step"], Position(*values["position"]), values["skipped"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"step": self.step, "position": list(self.position), "skipped": self.skipped}


@dataclass(frozen=True)
class Snapshot:
    """The numbers of a state as a checkpoint holds them, whole however many processes share them."""

    parameters: Arrays
    """By name, as fp32 arrays."""
    optimizer: Arrays
    """What the optimiser remembers of every parameter, such as Adam's moments and step count."""
    average: Arrays
    """The moving average of the parameters; empty where none is kept."""

    @property
    def weights(self) -> Arrays:
        """The weights of the model: their moving average where one is kept."""
        return self.average or self.parameters


@dataclass
class TrainState:
    """The state of a run between two steps; what a checkpoint holds and nothing else decides the rest.

    Where the model is sharded, whatever returns arrays gathers them, and every process has to ask for them.

    Random draws are functions of (seed, step, batch of the step), so no generator state is part of it.
    """

    model: SequenceModel
    engine: Engine
    optimizer: Optimizer
    step: int = 0
    """Optimiser steps applied."""
    position: Position = START
    """The next batch to read."""
    ema: dict[str, Tensor] = field(default_factory=dict)
    """Moving average of the parameters by name; empty where none is kept."""
    skipped: int = 0
    """Steps not applied because loss or gradient was not finite, in all."""

    @classmethod
    def fresh(cls, model: SequenceModel, config: TrainingConfig, group: Group = ALONE) -> "TrainState":
        """Start a run at step 0, alone or as one of a group.

        Raises ConfigError where `freeze` or `learning_rate_factors` name a part that the model lacks.
        """
        engine = Engine(model, group, config.sharding)  # before the optimiser: it may shard the parameters
        state = cls(model, engine, Optimizer(model, config, engine.whole))
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
        current = {name: p.detach().clone() for name, p in self.model.named_parameters() if self.ema}
        fill(self.model, self.ema)
        try:
            yield
        finally:
            fill(self.model, current)

    def model_arrays(self) -> Arrays:
        """Return the parameters by name, as fp32 arrays."""
        return {name: self._array(p) for name, p in self.model.named_parameters()}

    def optimizer_arrays(self) -> Arrays:
        """Return what the optimiser remembers of every parameter, such as Adam's moments and step count."""
        arrays: Arrays = {}
        for name, parameter in self.model.named_parameters():
            for key, value in sorted(self.optimizer.moments(parameter).items()):
                arrays[f"{name}.{key}"] = self._array(value)
        return arrays

    def ema_arrays(self) -> Arrays:
        """Return the moving average of the parameters by name, as fp32 arrays; empty where none is kept."""
        return {name: self._array(average) for name, average in self.ema.items()}

    def snapshot(self) -> Snapshot:
        """Return all numbers of the state."""
        return Snapshot(self.model_arrays(), self.optimizer_arrays(), self.ema_arrays())

    def weights(self) -> Arrays:
        """Return the weights that the model has now: their moving average where one is kept."""
        return self.ema_arrays() or self.model_arrays()

    def fill(self, weights: Arrays) -> None:
        """Take over the parameters."""
        fill(
            self.model,
            {
                name: placed_as(torch.from_numpy(weights[name]), p)
                for name, p in self.model.named_parameters()
            },
        )

    @property
    def counters(self) -> Counters:
        """What of the state is not a tensor."""
        return Counters(self.step, self.position, self.skipped)

    def restore(self, model: Arrays, optimizer: Arrays, ema: Arrays, counters: Counters) -> None:
        """Take over a saved state exactly; `ema` is read only where a moving average is kept."""
        self.fill(model)
        with torch.no_grad():
            for name, average in self.ema.items():
                average.copy_(placed_as(torch.from_numpy(ema[name]), average))
        for name, parameter in self.model.named_parameters():
            moments = {key: values for key, values in optimizer.items() if key.rpartition(".")[0] == name}
            self.optimizer.restore(
                parameter,
                {
                    key.rpartition(".")[2]: placed_as(torch.from_numpy(values.copy()), parameter)
                    for key, values in moments.items()
                },
            )
        self.step, self.position, self.skipped = counters.step, counters.position, counters.skipped

    def _array(self, tensor: Tensor) -> NDArray[Any]:
        array: NDArray[Any] = self.engine.whole(tensor.detach()).cpu().numpy()
        return array
