"""The pairs of several corpora after the first pass: normalised, on the disk, not yet ids.

They are written in blocks of some thousand, and of each block only its places in the files are held in memory.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.corpora.word_links import Link
from clearhead.data.rows import Column
from clearhead.storage.files import write_flushed

_LINKS = np.dtype("<i4")
_COLUMNS: Mapping[str, "np.dtype[Any]"] = {
    "raw.src": np.dtype("u1"),
    "raw.tgt": np.dtype("u1"),
    "raw.lines": np.dtype("<i8"),
    "raw.keys": np.dtype("<u8"),
    "raw.fits": np.dtype("u1"),
    "raw.links": _LINKS,
    "raw.link_counts": np.dtype("<u4"),
    "raw.blocks": np.dtype("<i8"),
}
_KEPT = "raw.kept"
_PLACES = 5
"""Numbers of a block: its corpus, and where its rows, sources, targets and links end."""
Kept = np.ndarray[Any, np.dtype[np.bool_]]
"""Which raw pairs stay."""


@dataclass(frozen=True, kw_only=True)
class RawRows:
    """Some pairs in a row, as they are written and read."""

    src: bytes = b""
    r"""The sources in UTF-8, each with "\n" behind it."""
    tgt: bytes = b""
    lines: np.ndarray[Any, Any]
    """The line of each in its file."""
    links: Sequence[Sequence[Link]] = ()
    """Known links of the words of each; () where none are known at all."""

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self.lines)

    @cached_property
    def sides(self) -> tuple[list[str], list[str]]:
        """The texts of both sides."""
        src, tgt = (side.decode().split("\n")[:-1] for side in (self.src, self.tgt))
        return src, tgt


@dataclass(frozen=True)
class Block:
    """Where some pairs are."""

    corpus: int
    rows: tuple[int, int]
    src: tuple[int, int]
    tgt: tuple[int, int]
    links: tuple[int, int]
    """Counted in numbers, two a link."""


class RawPairs:
    """Pairs in temporary files of a folder: all are appended, block by block, and then read."""

    def __init__(self, folder: Path, *, linked: bool = False, sizes: Mapping[str, int] | None = None) -> None:
        """Begin the files, or go on with those that had these sizes; `linked` where links of words are known."""
        self.folder, self.linked = folder, linked
        self.columns = {
            name: Column(folder / name, dtype, size=(sizes or {}).get(name, 0))
            for name, dtype in _COLUMNS.items()
            if linked or "link" not in name
        }
        places = np.fromfile(folder / "raw.blocks", "<i8").reshape(-1, _PLACES)
        self.blocks: list[Block] = []
        for place in places.tolist():
            self._add(*place)

    def _add(self, corpus: int, *ends: int) -> None:
        last = self.blocks[-1] if self.blocks else Block(0, (0, 0), (0, 0), (0, 0), (0, 0))
        starts = (last.rows[1], last.src[1], last.tgt[1], last.links[1])
        self.blocks.append(Block(corpus, *zip(starts, ends, strict=True)))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self.blocks[-1].rows[1] if self.blocks else 0

    def append(self, corpus: int, rows: RawRows, keys: np.ndarray[Any, Any], fits: Kept) -> None:
        """Write a block of pairs of a corpus, their 64-bit keys, and which of them may teach the vocabulary."""
        write = {name: column.append for name, column in self.columns.items()}
        start = len(self)
        write["raw.src"](rows.src)
        write["raw.tgt"](rows.tgt)
        write["raw.lines"](rows.lines)
        write["raw.keys"](keys)
        write["raw.fits"](fits)
        if self.linked:
            links = rows.links or [()] * len(rows)
            write["raw.link_counts"]([len(row) for row in links])
            write["raw.links"](np.array([link for row in links for link in row], _LINKS))
        ends = (
            start + len(rows),
            self.columns["raw.src"].size,
            self.columns["raw.tgt"].size,
            self.columns["raw.links"].size // _LINKS.itemsize if self.linked else 0,
        )
        write["raw.blocks"]([corpus, *ends])
        self._add(corpus, *ends)

    def close(self) -> None:
        """Finish writing; from now on pairs are read."""
        for column in self.columns.values():
            column.flush()
            column.close()

    @property
    def reader(self) -> "RawReader":
        """What reads the pairs that were written."""
        return RawReader(self.folder, linked=self.linked)

    def corpora_of(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the number of the corpus that each row belongs to."""
        starts = [block.rows[0] for block in self.blocks]
        corpora = np.array([block.corpus for block in self.blocks])
        return corpora[np.searchsorted(starts, rows, side="right") - 1]

    def pair(self, row: int) -> tuple[str, str, int]:
        """Return both sides of a pair, and its line."""
        block = self.blocks[bisect_right(self.blocks, row, key=lambda block: block.rows[0]) - 1]
        rows = self.reader.read(block)
        src, tgt = rows.sides
        place = row - block.rows[0]
        return src[place], tgt[place], int(rows.lines[place])

    def texts(self, rows: np.ndarray[Any, Any]) -> Iterator[tuple[str, str]]:
        """Yield both sides of rows, which are in order."""
        reader, done = self.reader, 0
        for block in self.blocks:
            wanted = int(np.searchsorted(rows, block.rows[1]))
            if wanted > done:
                src, tgt = reader.read(block).sides
                for row in (rows[done:wanted] - block.rows[0]).tolist():
                    yield src[row], tgt[row]
            done = wanted

    def fits(self) -> Kept:
        """Return which rows may teach the vocabulary."""
        return np.fromfile(self.folder / "raw.fits", dtype=bool)

    def keep(self, kept: Kept) -> None:
        """Write which rows stay."""
        write_flushed(self.folder / _KEPT, kept.tobytes())

    def kept(self) -> Kept:
        """Return which rows stay, as it was written."""
        return np.fromfile(self.folder / _KEPT, dtype=bool)

    def remove(self) -> None:
        """Remove the files."""
        for column in self.columns.values():
            column.close()
            column.path.unlink(missing_ok=True)
        (self.folder / _KEPT).unlink(missing_ok=True)


@dataclass(frozen=True)
class RawReader:
    """Reads raw pairs, here or in another process."""

    folder: Path
    linked: bool

    def read(self, block: Block) -> RawRows:
        """Return the pairs of a block."""
        lines = self._numbers("raw.lines", *block.rows)
        links: list[list[Link]] = []
        if self.linked:
            counts = self._numbers("raw.link_counts", *block.rows).tolist()
            pairs = iter(self._numbers("raw.links", *block.links).reshape(-1, 2).tolist())
            links = [[(source, target) for source, target in islice(pairs, count)] for count in counts]
        return RawRows(
            src=self._numbers("raw.src", *block.src).tobytes(),
            tgt=self._numbers("raw.tgt", *block.tgt).tobytes(),
            lines=lines,
            links=links,
        )

    def _numbers(self, name: str, start: int, end: int) -> np.ndarray[Any, Any]:
        """Return a stretch of a column, read: pages of a map would count as memory in use."""
        dtype = _COLUMNS[name]
        numbers: np.ndarray[Any, Any] = np.fromfile(
            self.folder / name, dtype, count=end - start, offset=start * dtype.itemsize
        )
        return numbers
