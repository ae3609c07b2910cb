"""Synthetic parallel text in English, French, Spanish and German: numbers, dates, codes, names, symbols."""

from collections.abc import Iterator, Sequence
from random import Random

from .frames import fill, frames

KINDS = (
    ("counts", True, 3),
    ("counts", False, 3),
    ("numbers", True, 2),
    ("numbers", False, 1),
    ("leading", True, 5),
    ("ordinals", True, 2),
    ("ordinals", False, 2),
    ("dates", False, 3),
    ("clock", False, 3),
    ("amounts", False, 3),
    ("measures", False, 3),
    ("codes", False, 3),
    ("programs", False, 3),
    ("names", False, 4),
    ("symbols", False, 3),
)
"""File of frames, whether its numbers are in words, and how often it is taken."""

DRILLS = {"hours": True, "repeats": False, "titled": False, "towns": False}
"""Files of frames that say more of what a model kept getting wrong, each with whether its numbers are in words."""


def lines(
    seed: int, count: int, kinds: Sequence[tuple[str, bool, int]] = KINDS
) -> Iterator[tuple[str, str, str, str]]:
    """Yield rows of English, French, Spanish and German, the same ones for a seed."""
    draws = Random(seed)
    shares = [share for _, _, share in kinds]
    for name, words, _ in draws.choices(kinds, shares, k=count):
        english, french, spanish, german = fill(draws.choice(frames(name)), draws, words=words)
        yield english, french, spanish, german
