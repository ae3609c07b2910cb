"""Subword sampling: the same text cut differently each time it is learned from.

Unigram vocabularies: Kudo, "Subword Regularization", ACL 2018. Byte-pair vocabularies: Provilkov et al.,
"BPE-Dropout", ACL 2020. The library samples too, but what it draws for a seed differs from process to
process (0.2.3), and a run that is resumed must see the same text; so the draws are made here.
"""

import math
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from clearhead.errors import TextError
from clearhead.text.bpe import merges_of
from clearhead.text.escape import SPACE_MARK, marked
from clearhead.text.tokenizer import Tokenizer

Edge = tuple[int, Sequence[int]]
"""Where a piece begins, and its ids: one, or the bytes of a character that is not a piece."""

_UNKNOWN_PENALTY = 10.0
"""How much less likely than the rarest piece a character spelled in bytes is, as the library has it."""
_MOST_WORDS = 20_000  # about 5 kB each
"""Words whose segmentations are remembered."""


class SubwordSampler:
    """Draws segmentations of texts: unigram by probability ** alpha, BPE leaving out merges with probability alpha."""

    def __init__(self, tokenizer: Tokenizer, alpha: float) -> None:
        """Take 0.1 to 0.5 for unigram and 0.1 for BPE. Raises TextError for what cannot be sampled from."""
        if tokenizer.kind not in ("unigram", "bpe"):
            raise TextError(
                f"a {tokenizer.kind} tokenizer has one segmentation of a text and cannot sample; "
                "switch subword sampling off, or train a unigram or bpe tokenizer"
            )
        most = 1.0 if tokenizer.kind == "bpe" else math.inf
        if not (0.0 <= alpha <= most and math.isfinite(alpha)):
            allowed = "from 0 to 1" if tokenizer.kind == "bpe" else "at least 0"
            raise TextError(
                f"alpha must be {allowed} to sample from a {tokenizer.kind} tokenizer, got {alpha}; 0.1 is usual"
            )
        self.tokenizer, self.alpha = tokenizer, alpha
        self._draw_word = self._bpe_word if tokenizer.kind == "bpe" else self._unigram_word
        self._merges = merges_of(tokenizer) if tokenizer.kind == "bpe" else {}
        self._scores = tokenizer.scores() if tokenizer.kind == "unigram" else {}
        self._longest = max(map(len, self._scores), default=0)
        self._unknown = min(self._scores.values(), default=0.0) - _UNKNOWN_PENALTY
        self._lattices: dict[str, list[tuple[list[float], list[Edge]]]] = {}

    def encode(self, text: str, draws: Random) -> list[int]:
        """Normalise a text and return the ids of one of its segmentations, without bos and eos."""
        words = marked(text).split(SPACE_MARK)[1:]
        return [i for word in words for i in self._draw_word(SPACE_MARK + word, draws)]

    def _bpe_word(self, word: str, draws: Random) -> list[int]:
        """Join pairs as `bpe.apply_merges` does, each overlooked with probability alpha each time."""
        merges, alpha, random = self._merges, self.alpha, draws.random
        symbols = list(word)
        while len(symbols) > 1:
            best, place = math.inf, -1
            for number in range(len(symbols) - 1):
                rank = merges.get((symbols[number], symbols[number + 1]))
                if rank is not None and rank < best and random() >= alpha:
                    best, place = rank, number
            if place < 0:
                break
            symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
        return [i for symbol in symbols for i in self._ids(symbol)]

    def _unigram_word(self, word: str, draws: Random) -> list[int]:
        """Draw pieces from the last to the first, each by the weight of all segmentations that end in it."""
        lattice = self._lattices.get(word)
        if lattice is None:
            if len(self._lattices) >= _MOST_WORDS:
                self._lattices.clear()
            lattice = self._lattices[word] = self._lattice(word)
        drawn: list[Sequence[int]] = []
        end = len(word)
        while end:
            weights, edges = lattice[end]
            end, ids = edges[min(bisect(weights, draws.random() * weights[-1]), len(edges) - 1)]
            drawn.append(ids)
        return [i for ids in reversed(drawn) for i in ids]

    def _lattice(self, word: str) -> list[tuple[list[float], list[Edge]]]:
        """Return, for each place in a word, the pieces that end there with their running weights.

        The forward pass of Kudo's lattice, with every log-probability multiplied by alpha.
        """
        forward, lattice = [0.0], [([0.0], [])]  # type: tuple[list[float], list[tuple[list[float], list[Edge]]]]
        for end in range(1, len(word) + 1):
            logs: list[float] = []
            edges: list[Edge] = []
            for start in range(max(0, end - max(1, self._longest)), end):
                score = self._scores.get(word[start:end])
                if score is None and end - start == 1:
                    score = self._unknown
                if score is not None:
                    logs.append(forward[start] + self.alpha * score)
                    edges.append((start, self._ids(word[start:end])))
            top = max(logs)
            weights = list(accumulate(math.exp(log - top) for log in logs))
            forward.append(top + math.log(weights[-1]))
            lattice.append((weights, edges))
        return lattice

    def _ids(self, symbol: str) -> Sequence[int]:
        known = self.tokenizer.text_pieces.get(symbol)
        return (known,) if known is not None else self.tokenizer.byte_ids(symbol)
