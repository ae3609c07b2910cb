"""Activations that are computed a second time for the backward pass instead of kept (Chen et al. 2016).

Of each layer only what enters it is kept: memory falls to that of one layer, for a third more operations.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from clearhead.model.attention import Observer


def layer_call(layer: nn.Module, stack: nn.Module, observer: Observer | None) -> Callable[..., Any]:
    """Return a layer of a stack as it is to be called: recomputing where the stack does and gradients are wanted.

    Random draws are the same the second time, so that gradients are those of a layer that keeps everything. An
    observer is told everything once, so that a layer that it looks into keeps what it computed.
    """
    if getattr(stack, "recompute", False) and torch.is_grad_enabled() and observer is None:
        return partial(checkpoint, layer, use_reentrant=False)
    return layer


def recompute_layers(model: nn.Module) -> None:
    """Have every stack of layers of a model recompute from now on."""
    for module in model.modules():
        if hasattr(module, "recompute"):
            module.recompute = True  # type: ignore[assignment]
