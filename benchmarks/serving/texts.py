"""Sentences to ask for: English ones that differ, from a file or from the project's own gold data."""

import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.inline import gold
from clearhead.corpora.lines import read_lines

_SEED = 11


def sentences(file: Path | None) -> list[str]:
    """Return the lines of a file, or the English sentences that benchmarks have; each once, in a random order."""
    if file:
        lines = [line.strip() for line in read_lines(str(file))]
    else:
        lines = [one.marked.text for one in gold.read() if one.source == "en"]
    different = list(dict.fromkeys(line for line in lines if line))
    random.Random(_SEED).shuffle(different)
    return different


def some(texts: Sequence[str], first: int, count: int) -> list[str]:
    """Return so many texts, from one on and around."""
    return [texts[number % len(texts)] for number in range(first, first + count)]
