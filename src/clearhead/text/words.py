"""Where tokens and words are in a text: character spans, counted from 0, the end not included."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from clearhead.config.choices import WordKind

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

    `space`: anything between spaces, as alignments in Pharaoh format count it; `split`: punctuation
    marks are words of their own. Vowel signs, accents and joiners belong to the letter before them.
    """
    if kind == "space":
        return [Span(*match.span()) for match in _NO_SPACE.finditer(text)]
    return [
        Span(*match.span()) for match in _WORD.finditer(text if text.isascii() else _marks_as_letters(text))
    ]


def _marks_as_letters(text: str) -> str:
    """Return a text of the same length whose combining marks and joiners within words are letters."""
    shown: list[str] = []
    for character in text:
        mark = character == "\u200d" or unicodedata.category(character).startswith("M")
        within = bool(shown) and (shown[-1].isalnum() or shown[-1] == "_")
        shown.append("a" if mark and within else character)
    return "".join(shown)


def is_punctuation(word: str) -> bool:
    """Say whether a word is nothing but punctuation; signs that are read aloud, such as % or an emoji, are not."""
    return all(
        unicodedata.category(character).startswith("P") and character not in "%&@#" for character in word
    )


def word_of(tokens: Sequence[Span | None], places: Sequence[Span]) -> list[int | None]:
    """Return for each token the index of the word that it mostly lies in; None for one in no word.

    A token that is nothing but the space before a word belongs to that word. Tokens and words are in order.
    """
    homes: list[int | None] = []
    first = 0
    for token in tokens:
        if token is None:
            homes.append(None)
            continue
        while first < len(places) and places[first].end <= token.start:
            first += 1
        best, most = None, 0
        for number in range(first, len(places)):
            word = places[number]
            if word.start > token.end or (word.start == token.end and token.end > token.start):
                break
            shared = token.overlap(word) or int(token == (word.start, word.start))
            if shared > most:
                best, most = number, shared
        homes.append(best)
    return homes
