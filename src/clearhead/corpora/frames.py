"""Sources that are no text: frames of numbers, [length, features], from `.npy` and `.npz` files.

A source file names them: an `.npz` archive with an array for each pair, in the order in which they were saved; an
`.npy` array [pairs, length, features] where all are of one length; or a list of `.npy` files, one a line, seen from
the folder of the list. What stands for a source in texts and reports is its reference: `A.npy`, `A.npy:PLACE` or
`A.npz:NAME`. Nothing is ever unpickled.
"""

import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from clearhead.corpora.lines import read_lines
from clearhead.errors import DataError

Frames = np.ndarray[Any, np.dtype[np.float32]]
"""[length, features], every number finite."""
ARCHIVE, ARRAY = ".npz", ".npy"
_REFERENCE = re.compile(r"(?P<file>.*\.np[yz])(?::(?P<key>.*))?", re.DOTALL)
_FOREIGN = (OSError, ValueError, EOFError, KeyError, IndexError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a file that is damaged, or none of these, may raise."""


def references(source: Path | str) -> Iterator[str]:
    """Yield the reference of each source that a file names, in order.

    Raises DataError for a file that cannot be read, and for a line of a list that names no `.npy` file.
    """
    path = Path(source)
    if path.suffix == ARCHIVE:
        yield from (f"{path}:{name}" for name in _opened(str(path)).files)
    elif path.suffix == ARRAY:
        array = _opened(str(path))
        yield from (f"{path}:{place}" for place in range(len(array))) if array.ndim == 3 else [str(path)]
    else:
        for number, line in enumerate(read_lines(source), start=1):
            name = line.strip()
            if Path(name).suffix != ARRAY:
                raise DataError(
                    f"{source}:{number} is {name[:60]!r}, which names no {ARRAY} file; with source_kind = features a "
                    f"source is an {ARCHIVE} archive, an {ARRAY} array, or a list of {ARRAY} files, one a line"
                )
            yield str(path.parent / name)


def are_frames(source: object) -> TypeGuard[Frames]:
    """Say whether a source is frames, and not ids or the name of a file."""
    return isinstance(source, np.ndarray)


def is_frames(source: Path | str) -> bool:
    """Say whether a file holds frames itself, and is no list of files that do."""
    return Path(source).suffix in (ARCHIVE, ARRAY)


def read_frames(reference: str, features: int = 0) -> Frames:
    """Return the frames of a source; raise DataError unless they are whole, finite and `features` wide (0: any)."""
    parts = _REFERENCE.fullmatch(reference)
    if not parts:
        raise DataError(
            f"{reference[:60]!r} names no frames; this model reads frames of numbers: give an {ARRAY} file, or "
            f"{ARCHIVE}:NAME"
        )
    key: Any = parts["key"]
    opened = _opened(parts["file"])
    if parts["file"].endswith(ARCHIVE):
        key = key or next(iter(opened.files), "arr_0")
    elif key:
        key = int(key) if key.isdigit() else -1 - len(opened)
    try:
        raw = opened[key] if key is not None else opened
    except (KeyError, IndexError):
        raise DataError(f"there is no {key} in {parts['file']}; name another") from None
    except _FOREIGN:
        raise _damaged(reference) from None
    return checked(raw, reference, features)


def checked(raw: Any, reference: str, features: int = 0) -> Frames:
    """Return an array as frames; raise DataError unless it is [length, features] of finite numbers."""
    if not isinstance(raw, np.ndarray) or raw.ndim != 2 or raw.dtype.kind not in "fiub":
        seen = f"{raw.dtype} {list(raw.shape)}" if isinstance(raw, np.ndarray) else type(raw).__name__
        raise DataError(f"{reference} holds {seen}; a source is a table of numbers, [length, features]")
    if 0 in raw.shape:
        raise DataError(f"{reference} is empty, {list(raw.shape)}; leave it out, with its line of the target")
    if features and raw.shape[1] != features:
        raise DataError(
            f"{reference} has {raw.shape[1]} features in each frame, and {features} are expected; make all sources "
            "alike"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and reported as that
        frames: Frames = np.ascontiguousarray(raw, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(frames).all(axis=1))
    if len(bad):
        raise DataError(
            f"{reference} has a number that is not finite (NaN or infinity) in frame {bad[0]}; correct the file or "
            "leave it out"
        )
    return frames


def padded_frames(rows: Sequence[Frames]) -> Frames:
    """Return frames as [rows, longest, features], padded on the right with NaN, which no frame has."""
    padded = np.full((len(rows), max(map(len, rows)), rows[0].shape[1]), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


def _opened(path: str) -> Any:
    """Open an archive, or map an array into memory; what it holds is read when it is asked for."""
    try:
        facts = os.stat(path)
        return _held(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; correct its name, or make it") from None
    except PermissionError:
        raise DataError(f"cannot read {path}: permission denied; allow it, or give a copy") from None
    except _FOREIGN:
        raise _damaged(path) from None


def _damaged(name: str) -> DataError:
    """Return the error for what numpy cannot read, whose own words would advise to unpickle it."""
    return DataError(
        f"cannot read {name}: it is damaged, or holds no array of numbers; write it again, with numpy.save or "
        "numpy.savez"
    )


@lru_cache(maxsize=8)
def _held(path: str, *_state: int) -> Any:
    """Open a file once, as long as nobody writes it anew."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
