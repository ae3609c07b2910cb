"""A line and its translation, as they were read."""

from typing import NamedTuple


class Pair(NamedTuple):
    """A line and its translation, and where they came from."""

    src: str
    tgt: str
    file: str
    line: int
    """Counted from 1."""
    links: tuple[tuple[int, int], ...] = ()
    """Known links of its words, (source, target) from 0."""
    fault: str = ""
    """What was wrong with it already when it was read, so that its sides are not its text."""
