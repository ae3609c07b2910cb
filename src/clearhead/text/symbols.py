"""The symbols that stand, while a text is translated, for what must come through it letter by letter.

A symbol is one private-use character and one piece of the vocabulary, so a model learns to carry it as it
learns any word. There are `EACH` of every kind, numbered, so that several in one sentence stay distinct;
the kind is what grammar needs to know: `in 1998` and `for 250 people` are built differently.
"""

from collections.abc import Mapping
from types import MappingProxyType

KINDS = ("thing", "word", "mark", "opening", "closing", "number", "year", "amount", "time", "date")
"""What a symbol stands for: addresses, placeholders and code; a name; an emoji or sign; an opening and a closing
tag; a number of two digits or more; a year; an amount with its unit; a time of day; a date in figures."""
EACH = 8
"""Symbols of each kind. A sentence with more uses them again, in order."""

_FIRST, _ROW = 0xE100, 16

SYMBOLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        kind: tuple(chr(_FIRST + row * _ROW + number) for number in range(EACH))
        for row, kind in enumerate((*KINDS, "term"))
    }
)
"""The symbols of each kind; those of `term` hold the places of terms while a source is written for the model."""

ALL_SYMBOLS: tuple[str, ...] = tuple(symbol for kind in KINDS for symbol in SYMBOLS[kind])
"""The symbols that a vocabulary may have."""

KIND_OF: Mapping[str, str] = MappingProxyType(
    {symbol: kind for kind, symbols in SYMBOLS.items() for symbol in symbols}
)
"""The kind of each symbol."""

TERM_MARKS = ("\ue1f0", "\ue1f1", "\ue1f2")
"""What stands before a word whose translation is given, between the two, and behind that translation."""

RESERVED = frozenset(KIND_OF) | frozenset(TERM_MARKS)
"""Characters that mean something to a model; where a text itself holds them they are only carried."""


def with_term(source: str, target: str) -> str:
    """Return words of a source together with the translation to use (Dinu et al. 2019, their method "append").

    Marks take the place of the source factors of that paper. Both texts keep the space before their first word,
    so that they are cut into the same pieces as elsewhere.
    """
    opening, between, closing = TERM_MARKS
    return f"{opening} {source}{between} {target}{closing}"
