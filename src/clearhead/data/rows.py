"""Columns of a table on the disk: bytes or numbers, written end to end and read by place."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BYTES = np.dtype(np.uint8)


class Column:
    """A file that grows at its end, and can go on from a length that it had."""

    def __init__(self, path: Path, dtype: np.dtype[Any] = BYTES, *, size: int = 0) -> None:
        """Open a file for what comes after its first `size` bytes; the rest of it is cut off."""
        self.path, self.dtype, self.size = path, dtype, size
        self._file = path.open("r+b" if size else "wb", buffering=1 << 20)
        self._file.truncate(size)
        self._file.seek(size)

    def append(self, data: Any) -> None:
        """Write bytes, or numbers of its type."""
        data = data if isinstance(data, bytes) else np.ascontiguousarray(data, dtype=self.dtype).tobytes()
        self._file.write(data)
        self.size += len(data)

    def flush(self) -> None:
        """Wait until the disk has all of it."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows end to end in bytes."""

    data: Any
    """What gives bytes by slice: an array, or a file."""
    offsets: Any

    def __getitem__(self, row: Any) -> bytes:
        """Return a row."""
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]])
