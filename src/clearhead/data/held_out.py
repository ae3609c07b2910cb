"""What a training pair shares with the validation sets, found by keys of 64 bits."""

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
    """The sentences of the validation sets, as keys."""

    pairs: frozenset[int] = frozenset()
    sentences: frozenset[int] = frozenset()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Remember normalised pairs; plain text has an empty source, which is nothing to share."""
        held = list(pairs)
        return cls(
            frozenset(pair_key(src, tgt) for src, tgt in held),
            frozenset(sentence_key(text) for pair in held for text in pair if text),
        )

    def overlap(self, src: str, tgt: str) -> str | None:
        """Return which fault a training pair has by what it shares with the held-out text."""
        if not self.sentences:
            return None
        src_key, tgt_key = sentence_key(src), sentence_key(tgt)
        if src_key not in self.sentences and tgt_key not in self.sentences:
            return None
        return OVERLAP if {pair_key(src, tgt), pair_key(tgt, src)} & self.pairs else PARTIAL_OVERLAP
