"""Training text as people type it: each variant a pure function of a text and a source of random numbers."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from random import Random

from clearhead.config import AugmentationConfig
from clearhead.data.invented import exchange

Variant = Callable[[str, Random], str]

_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"'}
)
_FINAL = re.compile(r"\s*[.!?\u2026]+$")
_STRAIGHT_PAIR = re.compile(r'"([^"]*)"')
_SPACED = re.compile(r" (?=[!?:;\u00bb])|(?<=\u00ab) ")
_UNSPACED = re.compile(r"(?<=\w)(?=[!?;](?:\s|$))")
_WORD = re.compile(r"[^\W\d_]{4,}")


def vary(src: str, tgt: str, rates: AugmentationConfig, draws: Random) -> tuple[str, str]:
    """Return a pair as someone might have typed it; each variant is drawn on its own."""
    if draws.random() < rates.copied:
        src, tgt = exchange(src, tgt, draws)
    if rates.no_final_mark and draws.random() < rates.no_final_mark:
        src, tgt = without_final_mark(src, tgt)
    if draws.random() < rates.upper_case:
        src, tgt = src.upper(), tgt.upper()
    elif draws.random() < rates.lower_case:
        src = src.lower()
    for name, variant in SOURCE_VARIANTS.items():
        if draws.random() < getattr(rates, name):
            src = variant(src, draws) or src
    return src, tgt


def without_final_mark(src: str, tgt: str) -> tuple[str, str]:
    """Leave out the mark that ends both sides, and in Spanish the one that opens it; nothing if one has none."""
    bare_src, bare_tgt = _FINAL.sub("", src), _FINAL.sub("", tgt)
    if not (bare_src and bare_tgt) or bare_src == src or bare_tgt == tgt:
        return src, tgt
    return _without_opening(src, bare_src), _without_opening(tgt, bare_tgt)


def _without_opening(text: str, bare: str) -> str:
    """Return a text without its final mark, and without the one that opened the same sentence."""
    opening = {"?": "¿", "!": "¡"}.get(text[-1])
    if opening is None or opening not in bare:
        return bare
    place = bare.rindex(opening)
    rest = bare[place + 1 :]
    return bare[:place] + (rest[:1].upper() + rest[1:] if place == 0 else rest)


def drop_final_punctuation(text: str, draws: Random) -> str:
    """Leave out the last full stop, exclamation or question mark."""
    return _FINAL.sub("", text)


def drop_accents(text: str, draws: Random) -> str:
    """Leave out every accent: "Je suis étudiant" becomes "Je suis etudiant"."""
    letters = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c)))


def change_quotes(text: str, draws: Random) -> str:
    """Put straight quotes for typographic ones, or typographic ones where there are only straight ones."""
    straight = text.translate(_QUOTES)
    if straight != text:
        return straight
    return _STRAIGHT_PAIR.sub("\u201c\\1\u201d", text).replace("'", "\u2019")


def change_punctuation_spaces(text: str, draws: Random) -> str:
    """Leave out the space before `!`, `?`, `:`, `;`, or put one in where there is none."""
    closed = _SPACED.sub("", text)
    return closed if closed != text else _UNSPACED.sub(" ", text)


def misspell(text: str, draws: Random) -> str:
    """Make one slip inside one word of four letters or more: two letters swapped, one left out or doubled."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = words[draws.randrange(len(words))]
    place = word.start() + draws.randrange(1, len(word[0]) - 2)
    letters = text[place : place + 2]
    slip = (letters[::-1], letters[1:], letters[0] + letters)[draws.randrange(3)]
    return text[:place] + slip + text[place + 2 :]


SOURCE_VARIANTS: Mapping[str, Variant] = {
    "drop_accents": drop_accents,
    "quotes": change_quotes,
    "punctuation_spaces": change_punctuation_spaces,
    "spelling": misspell,
    "drop_final_punctuation": drop_final_punctuation,
}
"""Who makes each variant of the source, by the name of its rate, in the order they are applied."""
