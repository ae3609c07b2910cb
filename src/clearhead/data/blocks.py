"""The pairs of a corpus in blocks of a fixed number, so that any number of processes gives the same.

Two plain files are cut at line ends without a look at the lines, which leaves all other work to those who examine
them. Whatever is not as usual there is left to the ordinary reader, which knows what to say of it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

import numpy as np

from clearhead.corpora.lines import LONGEST
from clearhead.corpora.packed import PACKING_FAULTS, opened
from clearhead.corpora.pair import Pair
from clearhead.data.examination import LineBlock, PairBlock, Unexamined
from clearhead.errors import DataError

_PART = 1 << 18
"""Bytes that are read at a time."""
_MOST = 64 << 20
"""Bytes of a block; more is no text in lines."""
_UNREADABLE: tuple[type[Exception], ...] = (DataError, *PACKING_FAULTS)
_BOM = b"\xef\xbb\xbf"


def blocks_of(
    corpus: int, pairs: "Iterator[Pair]", size: int, *, files: Sequence[str] = (), skipped: int = 0
) -> Iterator[Unexamined]:
    """Yield the pairs of a corpus after the first `skipped`; `files` are the two plain files that hold them."""
    done = 0
    if files:
        for block in _line_blocks(corpus, files, size):
            if block is None:
                break
            done = block.lines[-1]
            if done > skipped:
                yield block
        else:
            return
    waiting = islice(pairs, max(done, skipped), None)
    while block_pairs := tuple(islice(waiting, size)):
        yield PairBlock(corpus, block_pairs)


def _line_blocks(corpus: int, files: Sequence[str], size: int) -> Iterator[LineBlock | None]:
    """Yield the lines of two files until their end; None where the ordinary reader has to go on."""
    first = 1
    try:
        with opened(files[0]) as source, opened(files[1]) as target:
            sides = _Side(source), _Side(target)
            while True:
                src, tgt = (side.take(size) for side in sides)
                if not (src or tgt):
                    return
                counts = {_count(src), _count(tgt)}
                if len(counts) > 1 or not (_is_usual(src) and _is_usual(tgt)):
                    yield None
                    return
                yield LineBlock(corpus, files[0], first, src, tgt)
                first += counts.pop()
    except _UNREADABLE:
        yield None


def _count(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def _is_usual(data: bytes) -> bool:
    """Say whether lines are text in UTF-8, none of them too long."""
    if b"\0" in data or (len(data) > LONGEST and max(map(len, data.split(b"\n"))) > LONGEST):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Side:
    """A file that is taken so many lines at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rest = file.read(_PART).removeprefix(_BOM)
        self._ends = _line_ends(self._rest)

    def take(self, count: int) -> bytes:
        """Return the next lines, or those that are left."""
        while len(self._ends) < count and len(self._rest) < _MOST:
            more = self._file.read(_PART)
            if not more:
                data, self._rest, self._ends = self._rest, b"", _line_ends(b"")
                return data
            self._ends = np.concatenate((self._ends, _line_ends(more) + len(self._rest)))
            self._rest += more
        end = int(self._ends[min(count, len(self._ends)) - 1]) if len(self._ends) else len(self._rest)
        data, self._rest = self._rest[:end], self._rest[end:]
        self._ends = self._ends[count:] - end
        return data


def _line_ends(data: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the places behind the line ends."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
