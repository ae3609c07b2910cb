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
        for row, kind in enumerate(KINDS)
    }
)
"""The symbols of each kind."""

ALL_SYMBOLS: tuple[str, ...] = tuple(symbol for symbols in SYMBOLS.values() for symbol in symbols)

KIND_OF: Mapping[str, str] = MappingProxyType(
    {symbol: kind for kind, symbols in SYMBOLS.items() for symbol in symbols}
)
"""The kind of each symbol."""
