"""Lines of text files, packed or not; every fault is named by file, line and byte."""

import gzip
import io
import lzma
import os
import select
import stat
import sys
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from clearhead.data import encoding
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


def read_lines(path: Path | str) -> "Lines":
    r"""Yield the lines of a UTF-8 file, or of standard input for `-`; `.gz`, `.xz` and `.zst` are unpacked.

    Only "\n" ends a line, with one "\r" before it; U+2028, U+0085 and a lone "\r" do not, since other
    programs' line counts would then differ from ours. A byte order mark at the start is dropped. Raises
    DataError naming the file, the line and, for invalid UTF-8, the byte offset in the unpacked file, and what
    the file is where its bytes tell.
    """
    return Lines(path)


class Lines(Iterator[str]):
    """The lines of a text file, which can tell whether the next has yet to be written."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
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
            for number, raw in enumerate(_raw_lines(self._stream or file, self._name), start=1):
                body = raw.removesuffix(b"\n").removesuffix(b"\r")
                start = 0
                if number == 1:
                    head = raw[: encoding.MAGIC]
                    start = len(_BOM) if body.startswith(_BOM) else 0
                line = fault = ""
                try:
                    line = body[start:].decode("utf-8")
                except UnicodeDecodeError as error:
                    fault = self._invalid(number, raw, start + error.start, offset, beyond_ascii)
                if "\0" in line:
                    fault = (
                        f"{self._name}, line {number}: it holds a NUL character, so this is hardly a text file; "
                        "give UTF-8 text, a sentence a line"
                    )
                if fault:
                    sample = self._sample(raw, file) if blank else b""
                    raise DataError(encoding.told(self._path, head, sample, offset) or fault)
                yield line
                offset += len(raw)
                blank = blank and not line
                beyond_ascii = beyond_ascii or not line.isascii()

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
            return f"{seen}, though lines before it are; mend that line"
        if encoding.suits_windows(raw):
            command = encoding.converted("WINDOWS-1252", self._path)
            return f"{seen}; convert the file, for example with: {command}"
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
        with suppress(OSError):  # whoever reads the next line is told
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
    except OSError:  # it is none of the system's files
        return None
    if regular or (os.name == "nt" and not file.isatty()):
        return None
    return _Stream(file)


def _name(path: Path | str) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


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


def _raw_lines(file: Iterable[bytes], name: str) -> Iterator[bytes]:
    try:
        yield from file
    except PACKING_FAULTS as error:
        raise DataError(
            f"cannot read {name} to its end: {error}; the file may be cut or not of its type"
        ) from None
