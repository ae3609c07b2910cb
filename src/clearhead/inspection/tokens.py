"""The tokens of a pair, how they are shown, and the attention between its two sides."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from clearhead.text.escape import SPACE_MARK
from clearhead.text.words import Span, WordKind, words

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
    """The tokens of one side, and where they stand in its text."""

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    spans: tuple[Span | None, ...]
    """None for a control, such as the end of the sentence."""

    def __len__(self) -> int:
        return len(self.ids)

    def words(self, kind: WordKind = "split") -> list[Span]:
        """Return where the words of the text stand."""
        return words(self.text, kind)


@dataclass(frozen=True, eq=False)
class Attended:
    """The attention to the source of one pair, and how probable its target is."""

    source: Tokens
    target: Tokens
    cross: Maps
    """[layer, head, target, source]."""
    probabilities: Maps
    """Of each target token."""
