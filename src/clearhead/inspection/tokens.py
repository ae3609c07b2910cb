"""The tokens of a pair, how they are shown, and the attention between its two sides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from clearhead.config.choices import WordKind
from clearhead.surface.masking import Placed
from clearhead.text.escape import SPACE_MARK
from clearhead.text.words import Span, words

Maps = np.ndarray[Any, np.dtype[np.float32]]


class Guess(NamedTuple):
    """A token that might have come at a step, and its probability."""

    piece: str
    probability: float


class Choice(NamedTuple):
    """A continuation that the search considered."""

    piece: str
    parent: int
    """Place among the kept choices of the step before; 0 at the first."""
    probability: float
    """Of this token."""
    score: float
    """Of all tokens so far, as the search compares them: log-probability over length penalty."""
    fate: str
    """`kept`, `finished` or `pruned`."""


def label(piece: str) -> str:
    """Return a piece as people read it: a word's beginning plain, what goes on within a word with a dot before it."""
    if piece.startswith(SPACE_MARK):
        return piece.removeprefix(SPACE_MARK) or "\u2423"
    return f"\u00b7{piece}" if piece[:1].isalnum() else piece


@dataclass(frozen=True)
class Tokens:
    """The tokens of one side, and their spans in its text."""

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    spans: tuple[Span | None, ...]
    """None for a control, such as the end of the sentence."""
    carried: tuple[Span, ...] = ()
    """What symbols stand for: one token each, whatever it is made of."""

    def __len__(self) -> int:
        return len(self.ids)

    def words(self, kind: WordKind = "split") -> list[Span]:
        """Return the spans of the words of the text; anything carried is one word, unless kind is `space`."""
        if kind == "space" or not self.carried:
            return words(self.text, kind)
        text = self.text
        for start, end in self.carried:
            text = text[:start] + "a" * (end - start) + text[end:]
        return words(text, kind)

    def spelled_out(self, placed: Sequence[Placed]) -> "Tokens":
        """Return the same tokens over the text in which everything carried is back in its place.

        `placed` are the symbols of the text, from left to right.
        """
        shown = list(self.text)
        carried: list[int] = []
        for symbol in placed:
            place = self.text.find(symbol.symbol, carried[-1] + 1 if carried else 0)
            if place < 0:
                continue
            carried.append(place)
            shown[place] = symbol.carried.text
            # The spaces that kept the symbol apart.
            if symbol.joined_before and place and shown[place - 1] == " ":
                shown[place - 1] = ""
            if symbol.joined_after and shown[place + 1 : place + 2] == [" "]:
                shown[place + 1] = ""
        starts = [0, *accumulate(map(len, shown))]
        spans = [None if span is None else Span(starts[span.start], starts[span.end]) for span in self.spans]
        return replace(
            self,
            text="".join(shown),
            spans=tuple(spans),
            carried=tuple(Span(starts[place], starts[place + 1]) for place in carried),
        )


@dataclass(frozen=True, eq=False)
class Attended:
    """The attention to the source of one pair, and how probable its target is."""

    source: Tokens
    target: Tokens
    cross: Maps
    """[layer, head, target, source]."""
    probabilities: Maps
    """Of each target token."""
