"""Lines of text files; every fault is named by file, line and byte."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from clearhead.corpora import encoding
from clearhead.corpora.packed import PACKING_FAULTS, file_name, opened, unreadable
from clearhead.corpora.streams import Stream, stream_of
from clearhead.errors import DataError

_BOM = b"\xef\xbb\xbf"
LONGEST = 1_000_000
"""Bytes of a line; anything longer is not a sentence, and reading training text skips it."""
OVERLONG = f"line of more than {LONGEST:,} bytes"


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
        self._name = file_name(path)
        self._stream: Stream | None = None
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
            self._stream = stream_of(file)
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
                    if number == 1:  # any of the bytes that tell what a file is may be a line's end
                        head = sample[: encoding.MAGIC]
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
