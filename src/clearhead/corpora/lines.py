"""Lines of text files, packed or not; every fault is named by file, line and byte."""

import bz2
import gzip
import io
import lzma
import os
import select
import stat
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from clearhead.corpora import encoding
from clearhead.errors import DataError
from clearhead.extras import missing

_BOM = b"\xef\xbb\xbf"
STANDARD_INPUT = "-"
PACKED = (".gz", ".xz", ".zst", ".bz2")
LONGEST = 1_000_000
"""Bytes of a line; anything longer is not a sentence, and reading training text skips it."""
OVERLONG = f"line of more than {LONGEST:,} bytes"

try:
    _ZSTD: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
except ImportError:
    _ZSTD = None
PACKING_FAULTS: tuple[type[Exception], ...] = (OSError, EOFError, lzma.LZMAError, zlib.error)
if _ZSTD is not None:
    PACKING_FAULTS += (_ZSTD.ZstdError,)


class Overlong(str):
    """The beginning of a line of more than `LONGEST` bytes, whose rest was passed over."""

    __slots__ = ()


def read_lines(path: Path | str, *, bounded: bool = False) -> "Lines":
    r"""Yield the lines of a UTF-8 file, or of standard input for `-`; `.gz`, `.xz`, `.zst` and `.bz2` are unpacked.

    Only "\n" ends a line, with one "\r" before it; U+2028, U+0085 and a lone "\r" do not, since other
    programs' line counts would then differ from ours. A byte order mark at the start is dropped. `bounded`: a line
    of more than `LONGEST` bytes is an `Overlong`. Raises DataError naming the file, the line and, for invalid
    UTF-8, the byte offset in the unpacked file, and what the file is, if its bytes show it.
    """
    return Lines(path, bounded=bounded)


class Lines(Iterator[str]):
    """The lines of a text file, which know whether the next has yet to be written."""

    def __init__(self, path: Path | str, *, bounded: bool = False) -> None:
        self._path = path
        self._bounded = bounded
        self._name = _name(path)
        self._stream: _Stream | None = None
        self._lines = self._read()

    def __next__(self) -> str:
        return next(self._lines)

    def waits(self) -> bool:
        """Say whether the next line would have to be waited for; it never has in a file on a disk."""
        return self._stream is not None and self._stream.waits()

    def _read(self) -> Iterator[str]:
        offset, head = 0, b""
        blank, beyond_ascii = True, False
        with opened(self._path) as file:
            self._stream = _stream(file)
            for number, (raw, size) in enumerate(self._raw_lines(file), start=1):
                body = raw.removesuffix(b"\n").removesuffix(b"\r")
                start = 0
                if number == 1:
                    head = raw[: encoding.MAGIC]
                    start = len(_BOM) if body.startswith(_BOM) else 0
                line = fault = ""
                try:
                    line = _text(body[start:], whole=size == len(raw))
                except UnicodeDecodeError as error:
                    fault = self._invalid(number, raw, start + error.start, offset, beyond_ascii)
                if number == 1 and isinstance(line, Overlong):
                    fault = encoding.told(self._path, head) or ""
                elif "\0" in line:
                    fault = (
                        f"{self._name}, line {number}: it holds a NUL character, so this is hardly a text file; "
                        "give UTF-8 text, one sentence per line"
                    )
                if fault:
                    sample = self._sample(raw, file) if blank else b""
                    raise DataError(encoding.told(self._path, head, sample, offset) or fault)
                yield line
                offset += size
                blank = blank and not line
                beyond_ascii = beyond_ascii or not line.isascii()

    def _raw_lines(self, file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield the bytes of each line, or of the beginning of a long one, and how many it has."""
        try:
            if self._stream is not None:
                for raw in self._stream:
                    cut = self._bounded and len(raw) > LONGEST + 2
                    yield raw[:_BEGINNING] if cut else raw, len(raw)
            elif self._bounded:
                yield from _bounded(file)
            else:
                yield from ((raw, len(raw)) for raw in file)
        except PACKING_FAULTS as error:
            raise DataError(unreadable(self._path, error)) from None

    def _sample(self, raw: bytes, file: IO[bytes]) -> bytes:
        """Return a line and some of what follows, where nobody has to wait for it."""
        if self._stream is None:
            with suppress(*PACKING_FAULTS):
                return raw + file.read(1024)
        return raw

    def _invalid(self, number: int, raw: bytes, place: int, offset: int, beyond_ascii: bool) -> str:
        """Say that a line is not UTF-8 from a place on, and what to do."""
        seen = f"{self._name}, line {number}: byte {offset + place} (0x{raw[place]:02x}) is not valid UTF-8"
        if beyond_ascii:
            return f"{seen}, though lines before it are; fix that line"
        if encoding.suits_windows(raw):
            command = encoding.converted("WINDOWS-1252", self._path)
            return (
                f"{seen}; convert the file, if its language is one of Western Europe from Windows-1252 (not Latin-1, "
                f"which lacks its quotation marks), else from that language's code: {command}"
            )
        command = encoding.converted("CODE", self._path)
        return f"{seen}, nor Windows-1252; find out its code (file -i), then: {command}"


class _Stream:
    """Lines that another program, or somebody, may still be writing."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._lines: deque[bytes] = deque()
        self._begun: list[bytes] = []
        """Of a line whose end has not come."""
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            while not self._lines and not self._ended:
                self._take()
            if not self._lines:
                return
            yield self._lines.popleft()

    def waits(self) -> bool:
        """Say whether no whole line is there, and no byte comes for a moment."""
        with suppress(OSError):  # reading the next line reports it
            while not self._lines and not self._ended:
                if not _readable(self._file):
                    return True
                self._take()
        return False

    def _take(self) -> None:
        """Wait for bytes, and take those that are there."""
        taken = self._file.read1(1 << 16)
        *whole, rest = taken.split(b"\n")
        if whole:
            self._lines.append(b"".join([*self._begun, whole[0], b"\n"]))
            self._lines.extend(line + b"\n" for line in whole[1:])
            self._begun.clear()
        if rest:
            self._begun.append(rest)
        if not taken:
            self._ended = True
            if self._begun:
                self._lines.append(b"".join(self._begun))


_MOMENT = 0.01
"""Seconds; a program that writes line by line needs less from one to the next."""


def _readable(file: io.BufferedReader) -> bool:
    """Say whether reading would give bytes, or the end, within a moment."""
    if os.name == "nt":  # select knows only sockets there: a terminal is answered line by line
        return False
    return bool(select.select([file], [], [], _MOMENT)[0])


def _stream(file: IO[bytes]) -> _Stream | None:
    """Return the lines of a pipe, a socket or a terminal; None for a file on a disk and for packed text."""
    if not isinstance(file, io.BufferedReader):
        return None
    try:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:  # it is not a file of the system
        return None
    if regular or (os.name == "nt" and not file.isatty()):
        return None
    return _Stream(file)


def _name(path: Path | str) -> str:
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


def is_stream(path: str) -> bool:
    """Say whether a file can be read once only: standard input, a pipe, another program's output."""
    return path == STANDARD_INPUT or (Path(path).exists() and not Path(path).is_file())


def _open_plain(path: Path | str) -> IO[bytes]:
    return open(path, "rb")


def _open_gz(path: Path | str) -> IO[bytes]:
    opener: Any = gzip.open
    file: IO[bytes] = opener(path, "rb")
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


def _bounded(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield lines as `Lines._raw_lines` does, never holding more than the beginning of a long one."""
    while raw := file.readline(LONGEST + 2):
        size, last = len(raw), raw
        while len(last) == LONGEST + 2 and not last.endswith(b"\n"):
            last = file.readline(LONGEST + 2)
            size += len(last)
        yield raw[:_BEGINNING] if size > len(raw) else raw, size


_BEGINNING = 400
"""Bytes of a long line that are kept, to show."""


def _text(raw: bytes, *, whole: bool) -> str:
    """Return a line, or the beginning of one, as text."""
    if whole:
        return raw.decode("utf-8")
    return Overlong(raw.decode("utf-8", errors="ignore").replace("\0", ""))


def unreadable(path: Path | str, error: Exception) -> str:
    """Say why packed text cannot be read to its end."""
    if suffix_of(path) not in PACKED:
        return f"cannot read {_name(path)} to its end: {error}; try it again, or a copy of the file"
    return (
        f"cannot read {_name(path)} to its end: {error}; the file is cut or damaged, or not of its type, so nothing "
        "of it is used: download it again, or compress it again"
    )
