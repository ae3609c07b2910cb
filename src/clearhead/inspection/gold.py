"""Known word alignments: how right others are by them, and the choice of the heads that agree with them best."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self, get_args

from clearhead.config.alignment import Reader, Reading
from clearhead.corpora.word_links import Link
from clearhead.errors import DataError, TextError
from clearhead.inspection.alignment import Words, links, word_weights
from clearhead.inspection.tokens import Attended, Maps

_LINK = re.compile(r"(\d+)([-?])(\d+)")
_SHARES = (0.5, 0.7, 0.9, 1.0)
_LEAST = (0.0, 0.05, 0.1, 0.2, 0.3)
_GROW = (0.05, 0.1, 0.15, 0.2, 0.3, 2.0)


@dataclass(frozen=True)
class Gold:
    """The links of a pair as people, or a grammar, have it."""

    sure: frozenset[Link]
    possible: frozenset[Link] = frozenset()
    """Links that are neither asked for nor wrong; the sure ones need not be among them."""

    @classmethod
    def parse(cls, line: str, where: str = "the line") -> Self:
        """Read `0-0 1-2 3?3`: sure links with a hyphen, possible ones with a question mark."""
        kinds: dict[str, set[Link]] = {"-": set(), "?": set()}
        for item in line.split():
            match = _LINK.fullmatch(item)
            if not match:
                raise TextError(
                    f"{where}: {item!r} is not a link; links are written 0-0 for sure ones, 1?2 for possible ones"
                )
            kinds[match[2]].add((int(match[1]), int(match[3])))
        return cls(frozenset(kinds["-"]), frozenset(kinds["?"]))


def error_rate(predicted: Iterable[Iterable[Link]], gold: Iterable[Gold]) -> float:
    """Return 1 - (|A & S| + |A & P|) / (|A| + |S|) (Och and Ney 2003), counted over all pairs together."""
    hits = total = 0
    for links_found, truth in zip(predicted, gold, strict=True):
        mine = set(links_found)
        hits += len(mine & truth.sure) + len(mine & (truth.sure | truth.possible))
        total += len(mine) + len(truth.sure)
    return 1.0 - hits / total if total else 0.0


@dataclass(frozen=True, eq=False)
class Pair:
    """A pair to choose a reader on: its attention, its words and its known links."""

    attended: Attended
    words: Words
    gold: Gold

    def weights(self, reader: Reader) -> Maps:
        """Return the weights of its words."""
        return word_weights(self.attended.cross, self.words, reader)


def measured(pairs: Sequence[Pair], reader: Reader) -> float:
    """Return the error rate of a reader."""
    return _rate([pair.weights(reader) for pair in pairs], pairs, reader)


def _rate(weights: Sequence[Maps], pairs: Sequence[Pair], reader: Reader) -> float:
    return error_rate(
        (links(pair_weights, reader) for pair_weights in weights), (pair.gold for pair in pairs)
    )


def choose(pairs: Sequence[Pair]) -> tuple[Reader, float]:
    """Return the reader with the lowest error rate on some pairs, and that rate; measure it on others.

    Every head alone, in both readings; then heads are added while that helps; then the thresholds. Raises
    DataError where there are no pairs.
    """
    if not pairs:
        raise DataError("there are no pairs to choose on; give some with known alignments")
    layers, heads = pairs[0].attended.cross.shape[:2]
    alone = [
        Reader(heads=((layer, head),), reading=reading)
        for layer, head, reading in product(range(layers), range(heads), get_args(Reading))
    ]
    rates = {reader: measured(pairs, reader) for reader in alone}
    ranked = sorted(alone, key=rates.__getitem__)
    best, lowest = ranked[0], rates[ranked[0]]
    for other in ranked[1:]:
        if other.reading != best.reading:
            continue
        more = replace(best, heads=tuple(sorted((*best.heads, *other.heads))))
        rate = measured(pairs, more)
        if rate < lowest:
            best, lowest = more, rate
    weights = [pair.weights(best) for pair in pairs]
    for share, least, grow in product(_SHARES, _LEAST, _GROW):
        other = replace(best, share=share, least=least, grow=grow)
        rate = _rate(weights, pairs, other)
        if rate < lowest:
            best, lowest = other, rate
    return best, lowest
