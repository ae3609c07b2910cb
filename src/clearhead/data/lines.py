"""Lines of text files, packed or not; every fault is named by file, line and byte."""

import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from clearhead.errors import DataError

_BOM = b"\xef\xbb\xbf"
STANDARD_INPUT = "-"
PACKED = (".gz", ".xz", ".zst")

try:
    _ZSTD: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
except ImportError:
    _ZSTD = None
PACKING_FAULTS: tuple[type[Exception], ...] = (OSError, EOFError, lzma.LZMAError, zlib.error)
if _ZSTD is not None:
    PACKING_FAULTS += (_ZSTD.ZstdError,)


class Pair(NamedTuple):
    """A line and its translation, and where they came from."""

    src: str
    tgt: str
    file: str
    line: int
    """Counted from 1."""
    links: tuple[tuple[int, int], ...] = ()
    """Known links of its words, (source, target) from 0."""


def read_lines(path: Path | str) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file, or of standard input for `-`; `.gz`, `.xz` and `.zst` are unpacked.

    Only "\n" ends a line, with one "\r" before it; U+2028, U+0085 and a lone "\r" do not, since other
    programs' line counts would then differ from ours. A byte order mark at the start is dropped. Raises
    DataError naming the file, the line and, for invalid UTF-8, the byte offset in the unpacked file.
    """
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    offset = 0
    with opened(path) as file:
        for number, raw in enumerate(_raw_lines(file, name), start=1):
            body = raw.removesuffix(b"\n").removesuffix(b"\r")
            start = len(_BOM) if number == 1 and body.startswith(_BOM) else 0
            try:
                line = body[start:].decode("utf-8")
            except UnicodeDecodeError as error:
                byte = offset + start + error.start
                raise DataError(
                    f"{name}, line {number}: byte {byte} (0x{body[start + error.start]:02x}) is not valid UTF-8; "
                    "convert the file, for example with: iconv -f latin1 -t utf-8"
                ) from None
            if "\0" in line:
                raise DataError(
                    f"{name}, line {number}: it holds a NUL character, so this is hardly a text file; "
                    "give UTF-8 text, a sentence a line"
                )
            yield line
            offset += len(raw)


@contextmanager
def opened(path: Path | str) -> Iterator[IO[bytes]]:
    """Open a file for its unpacked bytes; raise DataError saying why it cannot be."""
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    opener: Any = {".gz": gzip.open, ".xz": lzma.open, ".zst": _open_zst}.get(Path(path).suffix, open)
    try:
        file: IO[bytes] = opener(path, "rb")
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; give a file of text") from None
    with file:
        yield file


def is_stream(path: str) -> bool:
    """Say whether a file can be read once only: standard input, a pipe, another program's output."""
    return path == STANDARD_INPUT or (Path(path).exists() and not Path(path).is_file())


def _open_zst(path: Path | str, mode: str) -> IO[bytes]:
    if _ZSTD is None:
        raise DataError(f"cannot read {path}: .zst needs a package; pip install backports.zstd")
    file: IO[bytes] = _ZSTD.open(path, mode)
    return file


def _raw_lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        yield from file
    except PACKING_FAULTS as error:
        raise DataError(
            f"cannot read {name} to its end: {error}; the file may be cut or not of its type"
        ) from None
