"""Translations that were made before: the same request to the same model is not translated twice."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from clearhead.translator import Translation

_MOST_BYTES = 64_000_000
"""Of all that is remembered, about."""
_OF_ENTRY = 1_000
"""Bytes of an entry besides its texts, about."""


def sum_of(options: Mapping[str, Any], model_sum: str) -> str:
    """Return the SHA-256 of what the texts of a request share: their options with their types, and the model.

    `model_sum` is that of the model's manifest.
    """
    plain = {name: asdict(value) if is_dataclass(value) else value for name, value in options.items()}  # type: ignore[arg-type]
    return hashlib.sha256(json.dumps([model_sum, plain], sort_keys=True).encode()).hexdigest()


def key_of(text: str, shared: str) -> str:
    """Return the SHA-256 of a request: its text, and what `sum_of` gives of the rest."""
    return hashlib.sha256(json.dumps([shared, text]).encode()).hexdigest()


class TranslationCache:
    """Remembers the latest translations, bounded in number and in bytes; knows texts by their hashes only."""

    def __init__(self, entries: int, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes = entries, most_bytes
        self._kept: OrderedDict[str, Translation] = OrderedDict()
        self.bytes = 0
        """What is remembered takes, about."""
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Translation | None:
        """Return what is remembered, and count whether anything was."""
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found

    def put(self, key: str, translation: Translation) -> None:
        """Remember a translation; the least recently used are forgotten for it."""
        before = self._kept.pop(key, None)
        if before is not None:
            self.bytes -= _size(before)
        self._kept[key] = translation
        self.bytes += _size(translation)
        while self._kept and (len(self._kept) > self._most or self.bytes > self._most_bytes):
            _, forgotten = self._kept.popitem(last=False)
            self.bytes -= _size(forgotten)


def _size(translation: Translation) -> int:
    texts = 4 * (len(translation.source) + len(translation.text))
    pieces = 80 * (len(translation.tokens) + len(translation.words))
    alignment = translation.alignment
    weights = sum(table.nbytes for table in alignment.weights) if alignment else 0
    return _OF_ENTRY + texts + pieces + weights + sum(map(_size, translation.alternatives))
