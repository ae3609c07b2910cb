"""What single characters tell of many lines at once, by tables.

Nearly every line of a corpus is in its normal form already and has nothing wrong with it. Which ones these are is
found here for thousands at a time; the others are looked at one by one.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from clearhead.text.script import foreignness

_KNOWN = 1 << 16
"""Characters in the tables; those beyond are looked at one by one."""
_BEYOND = _KNOWN - 1
"""Their place in the tables: U+FFFF is no character."""
_CLOSER, _LETTER = np.uint8(1), np.uint8(2)
_SPACE, _BREAK = ord(" "), ord("\n")
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Survey:
    """What is known of lines by their characters."""

    lengths: np.ndarray[Any, np.dtype[np.int64]]
    """Characters of each."""
    normal: Flags
    """Whether it is not blank and `normalize` certainly returns it as it is; of others nothing is known."""
    lettered: Flags
    """Whether it has a letter."""
    foreign: Flags
    """Whether most letters are of another script than its language; right where `normal`."""


def survey(lines: Sequence[str], language: str) -> Survey:
    r"""Look at lines without "\n"."""
    text = "\n".join(lines) + "\n"
    # One number a character, and the narrowest.
    narrow = text.isascii()
    codes = np.frombuffer(
        text.encode() if narrow else text.encode("utf-32-le"), np.uint8 if narrow else "<u4"
    )
    ends = np.flatnonzero(codes == _BREAK)
    assert len(ends) == len(lines), "a line has no line break"
    starts = np.concatenate(([0], ends[:-1] + 1))
    places = codes if narrow else np.minimum(codes, _BEYOND)
    flags = _flags()[places]
    spaces = codes == _SPACE
    last_of_run = spaces & np.append(spaces[1:] | (codes[1:] == _BREAK), True)
    flags = flags | last_of_run  # _CLOSER is 1
    closer, lettered = _any(flags & _CLOSER, starts), _any(flags & _LETTER, starts)
    normal = ~closer & (ends > starts) & (codes[starts] != _SPACE)
    foreign = np.add.reduceat(_foreign(language)[places], starts, dtype=np.int64) > 0
    return Survey(ends - starts, normal, lettered, foreign)


def _any(flags: np.ndarray[Any, np.dtype[np.uint8]], starts: np.ndarray[Any, Any]) -> Flags:
    """Return which lines have a flag somewhere; every line has its break at least."""
    anywhere: Flags = np.bitwise_or.reduceat(flags, starts) != 0
    return anywhere


@cache
def _flags() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return of each character whether it is a letter, and whether a line with it has to be looked at closer."""
    parts = [unicodedata.decomposition(chr(code)).split() for code in range(_KNOWN)]
    # Second characters of canonical compositions, Hangul's too, may change the one before.
    composing = {int(codes[1], 16) for codes in parts if len(codes) == 2 and "<" not in codes[0]}
    composing |= set(range(0x1160, 0x1200))
    table = np.zeros(_KNOWN, dtype=np.uint8)
    for code in range(_KNOWN):
        character = chr(code)
        plain = (
            character.isprintable()
            and not unicodedata.combining(character)
            and code not in composing
            and unicodedata.is_normalized("NFC", character)
        )
        table[code] = (0 if plain else _CLOSER) | (_LETTER if character.isalpha() else 0)
    table[_BREAK] = 0
    return table


@cache
def _foreign(language: str) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return of each character how many letters of it are foreign to a language, less the others."""
    foreign = foreignness(language)
    if foreign is None:
        return np.zeros(_KNOWN, dtype=np.int8)
    return np.array([foreign(chr(code)) for code in range(_KNOWN)], dtype=np.int8)
