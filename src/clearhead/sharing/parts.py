"""A file cut into parts of so many lines, each with a sum by which it is known again."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from clearhead.errors import ConfigError
from clearhead.sharing.inputs import Input

Row = tuple[str, ...]
"""A line of the source, and of pairs that of the target."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some rows of a file that stand one after another."""

    input: Input
    number: int
    """From 0."""
    rows: Sequence[Row]
    sha256: str
    """Of the text of its rows."""


@dataclass(frozen=True)
class Results:
    """What was made of the rows of a part: a line for each."""

    lines: Sequence[str]
    """Without their ends."""
    notes: int = 0
    """How many of them somebody should look at."""


@dataclass(frozen=True)
class Share:
    """Which part of the work is this process's: number `index`, from 0, of `count` shares."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read `3/8`. Raises ConfigError for anything else."""
        index, slash, count = text.partition("/")
        if slash and index.isdecimal() and count.isdecimal() and int(index) < int(count):
            return cls(int(index), int(count))
        raise ConfigError(
            f"--shard must be I/N, where I counts from 0: 0/8 to 7/8 for 8 processes, got {text!r}"
        )

    def reads(self, file: int, files: int) -> bool:
        """Say whether anything of a file, by its place among so many, is in this share."""
        return files < self.count or file % self.count == self.index

    def has(self, file: int, files: int, part: int) -> bool:
        """Say whether a part of a file is in this share.

        Files are dealt whole where there are enough of them, so that nobody reads those of others; else their parts.
        """
        if files >= self.count:
            return file % self.count == self.index
        return (file + part) % self.count == self.index


def parts(input: Input, rows: Iterable[Row], size: int) -> Iterator[Part]:
    """Yield the parts of a file, each of `size` rows but the last."""
    remaining = iter(rows)
    number = 0
    while taken := list(islice(remaining, size)):
        yield Part(input=input, number=number, rows=taken, sha256=sum_of(taken))
        number += 1


def sum_of(rows: Sequence[Row]) -> str:
    """Return the SHA-256 of rows, a line of text for each side."""
    return hashlib.sha256(
        "\n".join("\n".join(row) for row in rows).encode("utf-8", "surrogatepass")
    ).hexdigest()
