"""Rows of different lengths, written end to end into a file and read by number."""

import hashlib
import os
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BYTES = np.dtype(np.uint8)


class RowWriter:
    """Writes rows of different lengths end to end, and keeps where each begins."""

    def __init__(self, path: Path, dtype: np.dtype[Any] = BYTES) -> None:
        """Begin a file; `dtype` is what its offsets count."""
        self.path, self.dtype = path, dtype
        self.offsets = array("q", [0])
        self.position = 0
        """Bytes so far."""
        self._file = path.open("wb", buffering=1 << 20)
        self._digest = hashlib.sha256()

    def append(self, row: bytes) -> None:
        """Write one more row."""
        self._file.write(row)
        self._digest.update(row)
        self.position += len(row)
        self.offsets.append(self.position // self.dtype.itemsize)

    def close(self) -> None:
        """Wait until the disk has all rows."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    @property
    def sha256(self) -> str:
        """The sum of the file."""
        return self._digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows end to end in bytes."""

    data: Any
    """What gives bytes by slice: an array, or a file."""
    offsets: Any

    @property
    def sizes(self) -> np.ndarray[Any, Any]:
        """Bytes of each row."""
        return np.diff(np.asarray(self.offsets))

    def __getitem__(self, row: Any) -> bytes:
        """Return a row."""
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]])


class FileBytes:
    """The bytes of a file by slice, read when asked for: pages of a map would count as memory in use."""

    def __init__(self, path: Path) -> None:
        """Open a file."""
        self._file = path.open("rb", buffering=1 << 16)

    def __getitem__(self, part: slice) -> bytes:
        """Read a stretch."""
        self._file.seek(part.start)
        return self._file.read(part.stop - part.start)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
