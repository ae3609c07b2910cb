"""Where tokens and words stand in a text: character spans, counted from 0, the end not included."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

WordKind = Literal["space", "split"]
_NO_SPACE = re.compile(r"\S+")
# A word with its inner hyphens, apostrophes, points and commas (l'eau, 3.14, e-mail), or one other character.
_WORD = re.compile(r"\w+(?:[-'’.,·/@:]\w+)*|[^\w\s]")


class Span(NamedTuple):
    """A stretch of a text."""

    start: int
    end: int

    def overlap(self, other: "Span") -> int:
        """Return how many characters both hold."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


def words(text: str, kind: WordKind = "split") -> list[Span]:
    """Return the words of a text.

    `space`: whatever stands between spaces, as alignments in Pharaoh form count it; `split`: punctuation
    marks are words of their own.
    """
    return [Span(*found.span()) for found in (_WORD if kind == "split" else _NO_SPACE).finditer(text)]


def word_of(tokens: Sequence[Span | None], found: Sequence[Span]) -> list[int | None]:
    """Return for each token the index of the word that it mostly lies in; None for one in no word.

    A token that is nothing but the space before a word belongs to that word.
    """
    return [None if token is None else _home(token, found) for token in tokens]


def _home(token: Span, found: Sequence[Span]) -> int | None:
    best, most = None, 0
    for number, word in enumerate(found):
        shared = token.overlap(word) or token == (word.start, word.start)
        if shared > most:
            best, most = number, shared
    return best
