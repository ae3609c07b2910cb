"""What the decoder keeps between two steps of a translation, so that each step costs one position."""

from dataclasses import dataclass

import torch
from torch import Tensor

from clearhead.model.attention import KeysValues


@dataclass(frozen=True)
class Cache:
    """Keys and values of the memory and of the target so far, for every decoder layer.

    Rows are hypotheses; `select` reorders, repeats or drops them. Never changed in place.
    """

    memory: tuple[KeysValues, ...]
    memory_mask: Tensor
    """[rows, 1, src], True = may attend."""
    past: tuple[KeysValues | None, ...]
    """None before the first token."""
    sentence: Tensor
    """Which source each row translates, [rows]."""
    length: int = 0
    """Target positions already read."""

    def select(self, rows: Tensor) -> "Cache":
        """Return the cache of the given rows ([new_rows], indices into the present ones).

        The memory is copied only where a row comes to translate another sentence than the row that
        stood there: within a beam it never does, and the copies would be half of the search's time.
        """
        sentence = self.sentence.index_select(0, rows)
        same = torch.equal(sentence, self.sentence)
        return Cache(
            memory=self.memory if same else tuple(_rows(kv, rows) for kv in self.memory),
            memory_mask=self.memory_mask if same else self.memory_mask.index_select(0, rows),
            past=tuple(None if kv is None else _rows(kv, rows) for kv in self.past),
            sentence=sentence,
            length=self.length,
        )


def _rows(kv: KeysValues, rows: Tensor) -> KeysValues:
    return KeysValues(kv.keys.index_select(0, rows), kv.values.index_select(0, rows))


def extend(past: KeysValues | None, new: KeysValues) -> KeysValues:
    """Append newly read positions to those kept."""
    if past is None:
        return new
    return KeysValues(torch.cat((past.keys, new.keys), dim=2), torch.cat((past.values, new.values), dim=2))
