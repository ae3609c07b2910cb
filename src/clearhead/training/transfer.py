"""Batches on their way to the device that learns: made ahead of time, copied without anybody waiting."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from clearhead.data.batching import Batch
from clearhead.text.vocabulary import PAD

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Placed:
    """A batch on the device that learns."""

    src: Tensor
    """[batch, src] of ids, or [batch, frames, features]."""
    tgt: Tensor
    """[batch, tgt] of ids."""
    real: Tensor
    """Which of the predicted positions, counted row by row, are no padding: [tokens]."""
    links: Tensor | None = None


def placed(batch: Batch, device: torch.device) -> Placed:
    """Copy a batch to a device.

    To a GPU it goes from pinned memory, so that the copy takes place while the processor goes on; what is padding is
    found out here, since to ask the GPU would be to wait for it.
    """
    real = np.flatnonzero(batch.tgt[:, 1:] != PAD)
    return Placed(
        _copied(batch.src, device),
        _copied(batch.tgt, device),
        _copied(real, device),
        None if batch.links is None else _copied(batch.links, device),
    )


def _copied(array: np.ndarray[Any, np.dtype[Any]], device: torch.device) -> Tensor:
    tensor = torch.from_numpy(array)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def numbers(tensors: list[Tensor]) -> list[float]:
    """Return numbers from a device in one copy, which waits until everything before it is done."""
    values: list[float] = torch.stack([tensor.detach() for tensor in tensors]).tolist() if tensors else []
    return values


class Steps(Generic[Item]):
    """Batches, as many at a time as a step takes; those of the next step can be made before they are needed."""

    def __init__(
        self,
        batches: Iterator[tuple[Item, Batch]],
        of_step: int,
        mine: Sequence[int] | None = None,
        waited: Callable[[float], None] | None = None,
    ) -> None:
        """Take batches with what stands beside them; `mine` are those of a step that this process learns from.

        `waited` is told how many seconds a step waited for batches: not those in which they were made ahead.
        """
        self._batches, self._of_step, self._waited = batches, of_step, waited
        self._mine = range(of_step) if mine is None else mine
        self._next: list[tuple[Item, Batch]] | None = None

    def take(self) -> list[tuple[Item, Batch]]:
        """Return those of the next step: fewer at the end, and then none."""
        started = time.monotonic()
        taken = self._made() if self._next is None else self._next
        if self._waited:
            self._waited(time.monotonic() - started)
        self._next = None
        return taken

    def prepare(self) -> None:
        """Make those of the next step now, while a GPU computes what it was told to."""
        if self._next is None:
            self._next = self._made()
            for number in self._mine:
                if number < len(self._next):
                    _ = self._next[number][1].tgt  # which may be made when it is first asked for

    def _made(self) -> list[tuple[Item, Batch]]:
        return list(islice(self._batches, self._of_step))
