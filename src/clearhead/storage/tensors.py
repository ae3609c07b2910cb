"""Tensors in safetensors files, as numpy arrays; nothing is ever unpickled."""

import math
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import safetensors
import safetensors.numpy

from clearhead.errors import CheckpointError
from clearhead.storage.untrusted import parse_json, shown

Arrays = dict[str, np.ndarray[Any, Any]]
_LONGEST_HEAD = 16 << 20
_MOST_AXES = 8
_BYTES = {
    **{"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "U32": 4, "I32": 4, "U64": 8, "I64": 8},
    **{"BF16": 2, "F16": 2, "F32": 4, "F64": 8},
}
"""Types that a file may hold, and the bytes of each number."""
ALL_TYPES = tuple(_BYTES)
WEIGHTS = ("F16", "F32", "F64")
"""What the weights of a model may be made of."""


def to_bytes(arrays: Arrays) -> bytes:
    """Return arrays as a safetensors file."""
    return safetensors.numpy.save(arrays)


def read_shapes(file: Path, types: Collection[str] = WEIGHTS) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the type and the shape of each tensor of a safetensors file, and read no more than its head.

    The head is held against the length of the file. Raises CheckpointError where it says what the file is not, and
    for other types than these.
    """
    try:
        head, length = _head(file)
        sizes = {name: _size(name, facts, types) for name, facts in head.items()}
        if sum(sizes.values()) != length:
            raise ValueError(
                f"its head tells of {sum(sizes.values()):,} bytes of numbers, and it has {length:,}"
            )
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {file}: {error}; copy it again") from None
    return {name: (facts["dtype"], tuple(facts["shape"])) for name, facts in head.items()}


def read_arrays(file: Path) -> Arrays:
    """Read a safetensors file of weights. Raises CheckpointError for anything else."""
    read_shapes(file)
    try:
        return safetensors.numpy.load_file(file)
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"cannot read {file}: {error}") from None


def average(files: Iterable[Path]) -> Arrays:
    """Return the mean of the arrays of several files, summed in float64 (the last N checkpoints, §6.1)."""
    total: Arrays = {}
    count = 0
    for file in files:
        count += 1
        for name, array in read_arrays(file).items():
            total[name] = total[name] + array if name in total else array.astype(np.float64)
    assert count, "an average of nothing"
    return {name: (array / count).astype(np.float32) for name, array in total.items()}


def _head(file: Path) -> tuple[dict[str, Any], int]:
    """Return what the head says of each array, and how many bytes there are of numbers."""
    if not file.is_file():
        raise ValueError("it is missing, or no ordinary file")
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > _LONGEST_HEAD:
            raise ValueError(f"its head of {length} bytes is none")
        head = parse_json(stream.read(length))
    if not isinstance(head, dict):
        raise ValueError("its head is not a JSON object")
    head.pop("__metadata__", None)
    return head, file.stat().st_size - 8 - length


def _size(name: str, facts: object, types: Collection[str]) -> int:
    """Return the bytes of one array. Raises ValueError where its shape and its place do not fit together."""
    kind, shape, places = (
        facts.get(key) if isinstance(facts, dict) else None for key in ("dtype", "shape", "data_offsets")
    )
    if not (_counts(shape) and _counts(places) and len(places) == 2):
        raise ValueError(f"{shown(name)} has no shape or no place in it")
    if not isinstance(kind, str) or kind not in types:
        raise ValueError(f"{shown(name)} is of type {shown(kind)}; it must be one of {', '.join(types)}")
    size = math.prod(shape) * _BYTES[kind]
    if places[1] - places[0] != size:
        raise ValueError(f"{shown(name)} of shape {shown(shape)} does not fill its place")
    return size


def _counts(values: object) -> TypeGuard[list[int]]:
    """Say whether these are a few whole numbers from 0."""
    return (
        isinstance(values, list)
        and len(values) <= _MOST_AXES
        and all(type(each) is int and each >= 0 for each in values)
    )
