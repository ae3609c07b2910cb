"""The model that learns, as a run puts it on its device, and what is said where it does not fit there."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from clearhead.architectures.build import build
from clearhead.config import RunConfig, TrainingConfig
from clearhead.errors import ConfigError
from clearhead.model.recomputing import recompute_layers
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.weights import fill
from clearhead.storage.tensors import Arrays
from clearhead.training.compiling import compile_layers, compiles


def learner(
    config: RunConfig, device: str, weights: Arrays | None = None, *, compiled: bool = True
) -> SequenceModel:
    """Return the model of a run on its device, recomputing and compiled where the run is.

    It begins with these weights, or with such as are drawn. Raises ConfigError where it does not fit.
    """
    model = build(config.model)
    if weights is not None:
        fill(model, weights)
    with _within_memory(config, device):
        model = model.to(device)
    if config.training.activation_checkpointing:
        recompute_layers(model)
    if compiled and compiles(config.training, model.device):
        compile_layers(model)
    return model


@contextmanager
def _within_memory(config: RunConfig, device: str) -> Iterator[None]:
    """Tell in a line that a model does not fit into the memory of a device."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise ConfigError(
            f"the model has {_millions(config)} million parameters, for which {device} has no room; use a smaller "
            "--preset, or a GPU with more memory that nobody else uses"
        ) from None


@contextmanager
def room_to_learn(config: RunConfig, device: str) -> Iterator[None]:
    """Tell in a line that a model fits, but not what it needs to learn."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise ConfigError(
            f"{device} has no room for the steps of a model of {_millions(config)} million parameters; use "
            f"{', '.join(_remedies(config.training))}, or a smaller --preset"
        ) from None


def _millions(config: RunConfig) -> str:
    return f"{config.model.num_parameters / 1e6:,.1f}"


def _remedies(training: TrainingConfig) -> Iterator[str]:
    """Yield what needs less memory and is not done yet."""
    auto = training.batch_tokens == "auto"
    yield "a number for training.batch_tokens" if auto else "a smaller training.batch_tokens"
    if not training.activation_checkpointing:
        yield "training.activation_checkpointing"
    if training.sharding != "fsdp":
        yield 'several --workers with training.sharding = "fsdp"'
