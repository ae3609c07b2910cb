"""Terms found in a text: as whole words, the longest first, from left to right, none overlapping another.

A term with `match = "inflected"` is found in other forms of its words by a rule of endings: two words are forms of
one if they are equal up to a last vowel or y, and go on with one of `ENDINGS`. It knows no language, so it finds
"cities" for "city" and misses "mice" for "mouse", which gets an entry of its own.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from clearhead.terms.term import Case, Term

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts that put no spaces between words: each character is a word."""
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w\u0300-\u036f])+|[^\w\s]")
_ENDINGS = " a e i o s t n r d x as en em er es et ed ie in is ns os rn st ux ern ers est ied ies ing sen ses ten tes"
ENDINGS = frozenset(_ENDINGS.split(" "))
"""What a form of a word may end in, behind the stem that its forms share."""
_STEM = 3
"""Letters of the shortest stem."""


@dataclass(frozen=True)
class Token:
    """A word or sign of a text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Occurrence:
    """A term at its place in a text."""

    start: int
    end: int
    text: str
    """As the text has it."""
    term: Term


def tokens_of(text: str) -> list[Token]:
    """Return the words and signs of a text."""
    return [Token(*match.span(), match[0]) for match in _TOKEN.finditer(text)]


def stem(word: str) -> str:
    """Return a word without its last letter where that is a vowel or y and enough is left."""
    return word[:-1] if len(word) > _STEM and word[-1] in "aeiouy" else word


def same_word(word: str, other: str) -> bool:
    """Say whether a word may be a form of another; both in small letters."""
    root = stem(word)
    if word == other or len(root) < _STEM or not other.startswith(root):
        return word == other
    rest = other[len(root) :]
    return rest in ENDINGS or (root != word and rest == "y")


class Finder:
    """Finds the terms of a glossary; `always` are those that hold for every text."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.always = tuple(term for term in terms if not term.source)
        self._by_word: dict[str, list[tuple[tuple[Token, ...], Term]]] = defaultdict(list)
        for term in terms:
            parts = tuple(tokens_of(term.source))
            if parts:
                first = parts[0].text.casefold()
                self._by_word[first[:_STEM] if term.match == "inflected" else first].append((parts, term))
        for entries in self._by_word.values():  # of equally long ones the first in the glossary is taken
            entries.sort(key=lambda entry: -len(entry[1].source))

    def find(self, text: str) -> list[Occurrence]:
        """Return the terms of a text."""
        if not self._by_word:
            return []
        tokens = tokens_of(text)
        occurrences: list[Occurrence] = []
        place = 0
        while place < len(tokens):
            term, length = self._at(tokens, place)
            if term is not None:
                start, end = tokens[place].start, tokens[place + length - 1].end
                occurrences.append(Occurrence(start, end, text[start:end], term))
            place += length
        return occurrences

    def _at(self, tokens: Sequence[Token], place: int) -> tuple[Term | None, int]:
        """Return the longest term at a place and how many tokens it takes; (None, 1) for none."""
        first = tokens[place].text.casefold()
        entries = [*self._by_word.get(first, ()), *self._by_word.get(first[:_STEM], ())]
        for parts, term in sorted(entries, key=lambda entry: -len(entry[1].source)):
            if _stands(parts, tokens, place, term):
                return term, len(parts)
        return None, 1


def _stands(parts: Sequence[Token], tokens: Sequence[Token], place: int, term: Term) -> bool:
    """Say whether a term stands at a place: its words, parted where it parts them."""
    there = tokens[place : place + len(parts)]
    return _gaps(parts) == _gaps(there) and all(
        part.text == token.text or _is_form(part.text, token.text, term)
        for part, token in zip(parts, there, strict=True)
    )


def _gaps(tokens: Sequence[Token]) -> list[bool]:
    """Return where there is space between words; one more entry than there are gaps, so that the numbers tell."""
    return [after.start > before.end for before, after in pairwise(tokens)] + [True] * bool(tokens)


def _is_form(word: str, other: str, term: Term) -> bool:
    if term.case == "keep" and (term.match == "exact" or word[:1] != other[:1]):
        return False
    word, other = word.casefold(), other.casefold()
    return word == other or (term.match == "inflected" and same_word(word, other))


class Held:
    """Says which of some words and phrases a text has, none sharing a word with another."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._free = [True] * len(self._tokens)

    def take(self, words: Sequence[str], case: Case = "any") -> str | None:
        """Return which of several ways to write a term the text has at a place not taken yet, and take that."""
        for word in words:
            parts = tokens_of(word)
            for place in range(len(self._tokens) - len(parts) + 1):
                taken = slice(place, place + len(parts))
                if all(self._free[taken]) and _stands(
                    parts, self._tokens, place, Term(source=word, forbidden=(word,), case=case)
                ):
                    self._free[taken] = [False] * len(parts)
                    return word
        return None
