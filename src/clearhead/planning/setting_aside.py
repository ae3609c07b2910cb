"""Setting pairs aside to validate on, so that the text to learn from holds none of their sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from clearhead.corpora.pair import Pair
from clearhead.data.held_out import sentence_key
from clearhead.errors import DataError
from clearhead.text.normalize import normalize

FEWEST = 20
"""Pairs, some of which can be set aside."""
_MOST, _SHARE, _LARGEST_SHARE = 1000, 20, 5
_NO_LETTER = re.compile(r"[\W_]+")
_LINE_ENDS = re.compile(r"[\r\n]+")


@dataclass
class SentenceKeys:
    """Which sentences a corpus holds, as 64 bits each; capitals and punctuation aside."""

    numbers: list[int] = field(default_factory=list)
    """Places of the pairs that have text on both sides, from 0."""
    keys: list[tuple[int, int]] = field(default_factory=list)

    def gathered(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """Pass pairs on, remembering their sentences."""
        for number, pair in enumerate(pairs):
            if not pair.fault and pair.src.strip() and pair.tgt.strip():
                self.numbers.append(number)
                self.keys.append((_key(pair.src), _key(pair.tgt)))
            yield pair


def how_many(pairs: int) -> int:
    """Return how many pairs to set aside: a twentieth, at least 20 and at most 1,000, but never above a fifth."""
    return min(_MOST, max(FEWEST, pairs // _SHARE), pairs // _LARGEST_SHARE)


def choose(corpus: SentenceKeys, seed: int) -> tuple[list[int], int]:
    """Return the places of the pairs to set aside, drawn from the seed, and how many others share a sentence with them.

    Pairs whose sentences occur nowhere else are taken first. Raises DataError for a corpus that is too small, or that
    repeats its sentences so often that too little would be left to learn from.
    """
    count = how_many(len(corpus.keys))
    if len(corpus.keys) < FEWEST:
        raise DataError(
            f"the corpus has {len(corpus.keys):,} pairs with text on both sides; to set some aside takes at least "
            f"{FEWEST}: give more text, or text to validate on with --valid-source and --valid-target"
        )
    keys: npt.NDArray[np.uint64] = np.array(corpus.keys, np.uint64)
    chosen = _rarest(keys, count, seed)
    shared: npt.NDArray[np.bool_] = np.isin(keys, keys[chosen]).reshape(keys.shape).max(axis=1)
    shared[chosen] = False
    if 2 * int(shared.sum()) > len(keys) - count:
        raise DataError(
            f"the corpus repeats its sentences too often to set {count:,} pairs aside: {int(shared.sum()):,} others "
            "have the same ones; give text to validate on with --valid-source and --valid-target"
        )
    return [corpus.numbers[place] for place in sorted(chosen.tolist())], int(shared.sum())


def taken(pairs: Iterable[Pair], numbers: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yield the sides of the pairs at some places, each on one line."""
    wanted = set(numbers)
    for number, pair in enumerate(pairs):
        if number in wanted:
            yield _LINE_ENDS.sub(" ", pair.src), _LINE_ENDS.sub(" ", pair.tgt)


def _rarest(keys: npt.NDArray[np.uint64], count: int, seed: int) -> npt.NDArray[np.intp]:
    """Return pairs whose sentences occur the fewest times; of those that occur as often, random ones."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    occurrences = counts[inverse].reshape(keys.shape).sum(axis=1)
    order = np.lexsort((np.random.default_rng(seed).random(len(keys)), occurrences))
    return order[:count]


def _key(text: str) -> int:
    return sentence_key(_NO_LETTER.sub("", normalize(text).casefold()))
