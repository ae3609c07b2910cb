"""The weights of a model directory, checked against its configuration before anything runs with them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from clearhead.config.weights import shapes
from clearhead.errors import CheckpointError
from clearhead.model_directory import WEIGHTS, ModelInfo
from clearhead.storage.tensors import Arrays, read_arrays


def read_weights(path: Path, info: ModelInfo) -> Arrays:
    """Return the weights of a Transformer in fp32, without torch; raise CheckpointError where they cannot translate."""
    arrays = read_arrays(path / WEIGHTS)
    check_weights(path, arrays, shapes(info.model))
    return {name: array.astype(np.float32, copy=False) for name, array in arrays.items()}


def check_weights(path: Path, arrays: Arrays, expected: Mapping[str, tuple[int, ...]]) -> None:
    """Raise CheckpointError for other names or shapes than these, and for what is no number."""
    if arrays.keys() != expected.keys():
        odd = sorted(arrays.keys() ^ expected.keys())[0]
        raise CheckpointError(f"{path} is damaged: weights and configuration disagree about {odd}")
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise CheckpointError(
                f"{path} is damaged: {name} has shape {list(arrays[name].shape)}, "
                f"the configuration says {list(shape)}"
            )
    for name in expected:
        with np.errstate(over="ignore"):  # beyond fp32 is infinity
            finite = np.isfinite(arrays[name].astype(np.float32, copy=False)).all()
        if not finite:
            raise CheckpointError(
                f"{path} cannot translate: {name} contains NaN or infinity; train it again, or "
                "use the model of an earlier checkpoint"
            )
