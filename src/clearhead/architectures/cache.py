"""What a recurrent or convolutional decoder keeps between two steps of a translation."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cache:
    """Tensors with a row for each hypothesis. Never changed in place."""

    memory: tuple[Tensor, ...]
    """What was read of the source, the same at every step; each [rows, ...]."""
    past: tuple[Tensor, ...]
    """What the layers keep of the target so far, each [rows, ...]."""
    sentence: Tensor
    """Which source each row translates, [rows]."""
    length: int = 0
    """Target positions already read."""

    @classmethod
    def start(cls, memory: tuple[Tensor, ...], past: tuple[Tensor, ...]) -> "Cache":
        """Return the cache before the first token, each row another source."""
        rows = memory[0]
        return cls(memory, past, torch.arange(len(rows), device=rows.device))

    def after(self, past: tuple[Tensor, ...], length: int) -> "Cache":
        """Return the cache after `length` more target positions."""
        return replace(self, past=past, length=self.length + length)

    def select(self, rows: Tensor) -> "Cache":
        """Return the cache of the given rows ([new_rows], indices into the present ones).

        The memory is copied only where a row comes to translate another sentence, as in `model.cache`.
        """
        sentence = self.sentence.index_select(0, rows)
        same = torch.equal(sentence, self.sentence)
        return replace(
            self,
            memory=self.memory if same else tuple(tensor.index_select(0, rows) for tensor in self.memory),
            past=tuple(tensor.index_select(0, rows) for tensor in self.past),
            sentence=sentence,
        )
