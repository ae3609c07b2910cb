"""Weights into a model: the one place where a parameter is overwritten."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def fill(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Copy weights, arrays or tensors by name, into the parameters of a model that have these names.

    Parameters that are not named stay as they are. Raises AttributeError for a name that the model lacks.
    """
    with torch.no_grad():
        for name, values in weights.items():
            model.get_parameter(name).copy_(
                values if isinstance(values, Tensor) else torch.from_numpy(values)
            )
