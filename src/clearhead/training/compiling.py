"""Layers compiled by torch.compile: what a GPU would do in forty small kernels it does in ten."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from clearhead.config import TrainingConfig
from clearhead.model.sequence_model import SequenceModel


def compiles(config: TrainingConfig, device: torch.device) -> bool:
    """Say whether the layers of a run are compiled; `auto` does so on a GPU.

    On a processor compiled steps were slower (0.80 of the speed). Guided alignment looks into layers, and what is
    looked into is not compiled.
    """
    if config.compile == "auto":
        return device.type == "cuda" and not config.guided_alignment
    return config.compile == "on"


def compile_layers(model: SequenceModel, backend: str | Callable[..., Any] = "inductor") -> None:
    """Compile every layer of a Transformer in place, once for all layers of a kind and for all shapes of batches.

    The names of the parameters stay. Batches differ in rows and length, so that both are left open (`dynamic`): a
    graph for each shape would be compiled hundreds of times.
    """
    for module in model.modules():
        if hasattr(module, "recompute"):  # a stack of layers
            layers = module.layers
            assert isinstance(layers, nn.ModuleList), "a stack has layers"
            for layer in layers:
                layer.compile(dynamic=True, backend=backend)


@contextmanager
def uncompiled(config: TrainingConfig, device: torch.device) -> Iterator[None]:
    """Run layers as they are written: a search calls them in shapes that it would not be worth compiling for."""
    if not compiles(config, device):
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
