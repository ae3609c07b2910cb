"""The bytes of files, packed (`.gz`, `.xz`, `.zst`, `.bz2`) or not, and of standard input."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from clearhead.corpora.addresses import is_address, open_address
from clearhead.errors import DataError
from clearhead.extras import missing

STANDARD_INPUT = "-"
PACKED = (".gz", ".xz", ".zst", ".bz2")

try:
    _ZSTD: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
except ImportError:
    _ZSTD = None
PACKING_FAULTS: tuple[type[Exception], ...] = (OSError, EOFError, lzma.LZMAError, zlib.error)
if _ZSTD is not None:
    PACKING_FAULTS += (_ZSTD.ZstdError,)


def file_name(path: Path | str) -> str:
    """Return how a file is called in messages."""
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


def suffix_of(path: Path | str) -> str:
    """Return how the name of a file ends, in small letters: `.gz` for `A.TSV.GZ`."""
    return Path(path).suffix.lower()


@contextmanager
def opened(path: Path | str) -> Iterator[IO[bytes]]:
    """Open a file for its unpacked bytes; raise DataError saying why it cannot be."""
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file: IO[bytes] = _OPENERS.get(suffix_of(path), _open_plain)(path)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; give a file of text") from None
    with file:
        yield file


@contextmanager
def packing(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Give what packs the bytes written to it into a file, as the ending of a name says; always the same bytes.

    The file stays open. Raises DataError for `.zst` where nothing packs it.
    """
    packed: Any
    match suffix_of(name):
        case ".gz":
            packed = gzip.GzipFile("", "wb", 6, file, mtime=0)
        case ".xz":
            packed = lzma.LZMAFile(file, "wb", preset=2)  # noqa: SIM115  (closed below)
        case ".bz2":
            packed = bz2.BZ2File(file, "wb")
        case ".zst":
            if _ZSTD is None:
                raise DataError(f"cannot write {name}: {missing('.zst', 'backports.zstd')}")
            packed = _ZSTD.ZstdFile(file, "wb")
        case _:
            packed = nullcontext(file)
    with packed as out:
        yield out


def is_stream(path: str) -> bool:
    """Say whether a file can be read once only: standard input, a pipe, another program's output."""
    return path == STANDARD_INPUT or (Path(path).exists() and not Path(path).is_file())


def _open_plain(path: Path | str) -> IO[bytes]:
    return open_address(str(path)) if is_address(path) else open(path, "rb")


def _open_gz(path: Path | str) -> IO[bytes]:
    opener: Any = gzip.open
    file: IO[bytes] = opener(open_address(str(path)) if is_address(path) else path, "rb")
    return file


def _open_zst(path: Path | str) -> IO[bytes]:
    if _ZSTD is None:
        raise DataError(f"cannot read {path}: {missing('.zst', 'backports.zstd')}")
    return _unpacked(path, _ZSTD.ZstdDecompressor)


def _unpacked(path: Path | str, new: Callable[[], Any]) -> IO[bytes]:
    return io.BufferedReader(_Unpacked(_open_plain(path), new), 1 << 17)


_OPENERS: dict[str, Callable[[Path | str], IO[bytes]]] = {
    ".gz": _open_gz,
    ".xz": lambda path: _unpacked(path, lzma.LZMADecompressor),
    ".bz2": lambda path: _unpacked(path, bz2.BZ2Decompressor),
    ".zst": _open_zst,
}


class _Unpacked(io.RawIOBase):
    """The text of packed streams, one after another.

    The readers of the standard library take whatever cannot be unpacked after the first stream for the end of the
    file; that may be garbage, or the damaged rest of the text.
    """

    def __init__(self, file: IO[bytes], new: Callable[[], Any]) -> None:
        self._file, self._new = file, new
        self._unpacker: Any = None

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        """Return some unpacked bytes, none at the end."""
        data = b""
        while not data:
            if self._unpacker is None or self._unpacker.eof:
                packed = self._start()
                if not packed:
                    break
                data = self._begin(packed, size)
                continue
            packed = self._file.read(1 << 16) if self._unpacker.needs_input else b""
            if self._unpacker.needs_input and not packed:
                raise EOFError("it ends within its packed text")
            data = self._unpacker.decompress(packed, size)
        return data

    def _start(self) -> bytes:
        """Return the first bytes of the next stream, none where only padding follows."""
        packed: bytes = self._unpacker.unused_data if self._unpacker else b""
        while not (packed := packed.lstrip(b"\0")):
            packed = self._file.read(1 << 16)
            if not packed:
                break
        if not packed and self._unpacker is None:
            raise EOFError("it is empty")
        return packed

    def _begin(self, packed: bytes, size: int) -> bytes:
        first, self._unpacker = self._unpacker is None, self._new()
        try:
            data: bytes = self._unpacker.decompress(packed, size)
        except PACKING_FAULTS as error:
            raise error if first else OSError("something else follows the end of the packed text") from None
        return data


def unreadable(path: Path | str, error: Exception) -> str:
    """Say why packed text cannot be read to its end."""
    if suffix_of(path) not in PACKED:
        return f"cannot read {file_name(path)} to its end: {error}; try it again, or a copy of the file"
    return (
        f"cannot read {file_name(path)} to its end: {error}; the file is cut or damaged, or not of its type, so "
        "nothing of it is used: download it again, or compress it again"
    )
