"""What a training pair shares with the validation sets, and keys of 64 bits that stand for text."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from clearhead.data.faults import OVERLAP, PARTIAL_OVERLAP


def sentence_key(text: str) -> int:
    """Return 64 bits that stand for a normalised sentence; two different ones agree by chance of 5e-20."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def pair_key(src: str, tgt: str) -> int:
    """Return 64 bits that stand for a normalised pair."""
    return sentence_key(f"{src}\n{tgt}")


@dataclass(frozen=True)
class HeldOut:
    """The normalised sentences of the validation sets."""

    pairs: frozenset[tuple[str, str]] = frozenset()
    sentences: frozenset[str] = frozenset()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Remember normalised pairs; plain text has an empty source, which is nothing to share."""
        held = list(pairs)
        return cls(frozenset(held), frozenset(text for pair in held for text in pair if text))

    def overlap(self, src: str, tgt: str) -> str | None:
        """Return which fault a training pair has by what it shares with the held-out text."""
        if src not in self.sentences and tgt not in self.sentences:
            return None
        return OVERLAP if {(src, tgt), (tgt, src)} & self.pairs else PARTIAL_OVERLAP

    @property
    def digest(self) -> str:
        """What distinguishes it from any other."""
        return hashlib.sha256(json.dumps(sorted(self.pairs)).encode()).hexdigest()
