"""The pairs of several corpora after the first pass: normalised, on the disk, not yet ids."""

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clearhead.corpora.word_links import Link
from clearhead.data.held_out import pair_key
from clearhead.data.rows import FileBytes, Rows, RowWriter

_LINK_TYPE = np.dtype("<i4")
_NAMES = ("raw.src", "raw.tgt", "raw.links")


class RawPairs:
    """Pairs in temporary files of a folder: all are written, then `close`, then they are read by row."""

    srcs: Rows
    """The sources in UTF-8, once closed."""
    tgts: Rows

    def __init__(self, folder: Path) -> None:
        """Begin the files."""
        self._paths = [folder / name for name in _NAMES]
        self._writers = [RowWriter(path) for path in self._paths]
        self._readers: list[FileBytes] = []
        self.lines = array("q")
        """The line of each pair in its file."""
        self.starts = [0]
        """The first row of each corpus, and the number of all rows."""
        self._keys = array("Q")

    def append(self, src: str, tgt: str, links: Sequence[Link], line: int, languages: str) -> None:
        """Write a pair; the same words are another pair in other languages."""
        numbers = np.array(links, dtype=_LINK_TYPE).tobytes() if links else b""
        rows = src.encode(), tgt.encode(), numbers
        for writer, row in zip(self._writers, rows, strict=True):
            writer.append(row)
        self.lines.append(line)
        self._keys.append(pair_key(f"{languages}\n{src}", tgt))

    def end_corpus(self) -> None:
        """Let the next pair belong to the next corpus."""
        self.starts.append(len(self.lines))

    def close(self) -> None:
        """Finish writing; from now on pairs are read."""
        for writer in self._writers:
            writer.close()
        self._readers = [FileBytes(path) for path in self._paths]
        self.srcs, self.tgts, self._links = (
            Rows(reader, writer.offsets) for reader, writer in zip(self._readers, self._writers, strict=True)
        )

    def first_of_equals(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which rows equal none before them. Their keys are forgotten: they take memory."""
        first = np.zeros(len(self._keys), dtype=bool)
        first[np.unique(np.frombuffer(self._keys, dtype=np.uint64), return_index=True)[1]] = True
        self._keys = array("Q")
        return first

    def corpus_of(self, row: int) -> int:
        """Return the number of the corpus that a row belongs to."""
        return int(np.searchsorted(self.starts, row, side="right")) - 1

    def encoded(self, row: int) -> tuple[bytes, bytes]:
        """Return both sides of a pair in UTF-8."""
        return self.srcs[row], self.tgts[row]

    def text(self, row: int) -> tuple[str, str]:
        """Return both sides of a pair."""
        return self.srcs[row].decode(), self.tgts[row].decode()

    def links(self, row: int) -> tuple[Link, ...]:
        """Return the known links of a pair's words."""
        numbers: list[int] = np.frombuffer(self._links[row], _LINK_TYPE).tolist()
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))

    def remove(self) -> None:
        """Remove the files."""
        for reader in self._readers:
            reader.close()
        for path in self._paths:
            path.unlink()
