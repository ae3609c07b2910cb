"""Texts of a memory that are nearly a given one, by the edit distance between their words.

Of two texts of n and m words, d of which are inserted, left out or replaced (Levenshtein 1966), the score is
1 - d / max(n, m). Nothing of a score at or above the threshold is missed: such a text shares so many words that it
holds one of the rarest of the other, so only the texts with one of these are compared (the prefix filter of Chaudhuri
et al. 2006, "A primitive operator for similarity joins in data cleaning").
"""

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clearhead.text.normalize import normalize
from clearhead.text.words import words

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
"""Letters of scripts without spaces between words, each of which counts as one."""
_NOT_EQUAL = 0.99
"""Highest score of a text that is not the same: it may differ in capitals only."""
_EXACTNESS = 1e-9


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of a memory for a text."""

    score: float
    """Share of the words that are the same, in order; 1 for the very text."""
    source: str
    target: str


class Similar:
    """An index of texts by their words; a text is named by its place among them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._vocabulary: dict[str, int] = {}
        ids = [self._learned(text) for text in texts]
        self._places = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        self._texts = [
            ids[place] for place in self._places
        ]  # by length, so that a range of lengths is one slice
        self._lengths = [len(text) for text in self._texts]
        self._holders = [array("I") for _ in self._vocabulary]
        for number, text in enumerate(self._texts):
            for word in set(text):
                self._holders[word].append(number)

    def search(self, text: str, threshold: float) -> list[tuple[float, int]]:
        """Return the score and the place of each text with at least this score, best first, then in their order."""
        wanted = [self._vocabulary.get(word, -1 - number) for number, word in enumerate(words_of(text))]
        found = []
        for number in self._candidates(wanted, threshold):
            longest = max(len(wanted), self._lengths[number])
            most = math.floor((1 - threshold) * longest + _EXACTNESS)
            edits = distance(wanted, self._texts[number], most)
            if edits <= most:
                found.append((1 - edits / longest, self._places[number]))
        return sorted(found, key=lambda match: (-match[0], match[1]))

    def _learned(self, text: str) -> "array[int]":
        return array(
            "I", [self._vocabulary.setdefault(word, len(self._vocabulary)) for word in words_of(text)]
        )

    def _candidates(self, wanted: Sequence[int], threshold: float) -> Iterator[int]:
        """Yield the texts that share enough words for the threshold, in whatever order these are."""
        shared = math.ceil(threshold * len(wanted) - _EXACTNESS)
        rarest = sorted(wanted, key=lambda word: len(self._holders[word]) if word >= 0 else 0)
        low = bisect_left(self._lengths, shared)
        high = bisect_left(self._lengths, math.floor(len(wanted) / threshold + _EXACTNESS) + 1)
        holds = frozenset(wanted).__contains__
        seen: set[int] = set()
        for word in {word for word in rarest[: len(wanted) - shared + 1] if word >= 0}:
            holders = self._holders[word]
            seen.update(holders[bisect_left(holders, low) : bisect_left(holders, high)])
        for number in seen:
            needed = threshold * max(len(wanted), self._lengths[number]) - _EXACTNESS
            if sum(map(holds, self._texts[number])) >= needed:
                yield number


def words_of(text: str) -> list[str]:
    """Return the words of a text and its marks, capitals aside."""
    spaced = _UNSPACED.sub(" \\g<0> ", normalize(text).casefold())
    return [spaced[word.start : word.end] for word in words(spaced)]


def distance(first: Sequence[int], second: Sequence[int], most: int) -> int:
    """Return how many words must be inserted, left out or replaced to get from one text to another.

    Above `most` it is any number above it.
    """
    row = list(range(len(second) + 1))
    for place, word in enumerate(first, start=1):
        before, row[0] = row[0], place
        for number, other in enumerate(second, start=1):
            before, row[number] = (
                row[number],
                min(row[number] + 1, row[number - 1] + 1, before + (word != other)),
            )
        if min(row) > most:
            return most + 1
    return row[-1]


def not_equal(score: float) -> float:
    """Return the score of a text that is not the very same."""
    return min(score, _NOT_EQUAL)
