"""Reading parallel text: every fault is named by file and line, and no alignment is ever shifted."""

import gzip
import lzma
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, NamedTuple

from clearhead.errors import DataError

_BOM = b"\xef\xbb\xbf"
STANDARD_INPUT = "-"


class Pair(NamedTuple):
    """A line and its translation, and where they came from."""

    src: str
    tgt: str
    file: str
    line: int
    """Counted from 1."""


@dataclass(frozen=True)
class CorpusReport:
    """What reading a corpus found."""

    pairs_read: int
    pairs_kept: int
    empty_side: int
    """Pairs left out because a side is blank."""
    src_characters: int
    tgt_characters: int


def read_lines(path: Path | str) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file, or of standard input for `-`; `.gz` and `.xz` are unpacked.

    Only "\n" ends a line, with one "\r" before it; U+2028, U+0085 and a lone "\r" do not, since other
    programs' line counts would then differ from ours. A byte order mark at the start is dropped. Raises
    DataError naming the file, the line and, for invalid UTF-8, the byte offset in the unpacked file.
    """
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    offset = 0
    with _opened(path, name) as file:
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
def _opened(path: Path | str, name: str) -> Iterator[IO[bytes]]:
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(Path(path).suffix, open)
    try:
        file: IO[bytes] = opener(path, "rb")
    except FileNotFoundError:
        raise DataError(f"there is no file {name}; check the path") from None
    except OSError as error:
        raise DataError(f"cannot read {name}: {error.strerror or error}; give a file of text") from None
    with file:
        yield file


def _raw_lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        yield from file
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(
            f"cannot read {name} to its end: {error}; the file may be cut or not of its type"
        ) from None


def read_parallel(source: Path | str, target: Path | str) -> Iterator[Pair]:
    """Yield the pairs of two files, line by line; blank lines stay. Raises DataError for unequal counts."""
    counts = [0, 0]
    for number, (src, tgt) in enumerate(zip_longest(read_lines(source), read_lines(target)), start=1):
        counts[0] += src is not None
        counts[1] += tgt is not None
        if src is not None and tgt is not None:
            yield Pair(src, tgt, str(source), number)
    if counts[0] != counts[1]:
        raise DataError(
            f"{source} has {counts[0]:,} lines but {target} has {counts[1]:,}; the two must have one line for "
            "each sentence, in the same order"
        )


def read_tsv(path: Path | str) -> Iterator[Pair]:
    """Yield the pairs of a file with source and target in its first two tab-separated columns."""
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split("\t")
        if len(columns) < 2:
            raise DataError(
                f"{path}, line {number}: it has no tab; a .tsv file has source and target in two columns"
            )
        yield Pair(columns[0], columns[1], str(path), number)


def read_pairs(source: Path | str, target: Path | str | None = None) -> Iterator[Pair]:
    """Yield the pairs of two line-aligned files, or of one tab-separated file or standard input."""
    if target is not None:
        return read_parallel(source, target)
    name = str(source)
    if name == STANDARD_INPUT or any(name.endswith(f".tsv{packed}") for packed in ("", ".gz", ".xz")):
        return read_tsv(source)
    raise DataError(
        f"{source} was given without a target; give the target file too, or a .tsv file with both sides"
    )


def usable(pairs: Iterable[Pair]) -> tuple[list[Pair], CorpusReport]:
    """Return the pairs with text on both sides, and a report. Raises DataError where none is left."""
    kept, read, src_characters, tgt_characters, where = [], 0, 0, 0, "the corpus"
    for pair in pairs:
        read += 1
        where = pair.file
        if pair.src.strip() and pair.tgt.strip():
            kept.append(pair)
            src_characters += len(pair.src)
            tgt_characters += len(pair.tgt)
    if not kept:
        found = f"none of its {read:,} pairs has text on both sides" if read else "it has no lines"
        raise DataError(f"{where} is an empty corpus: {found}; give at least one pair of sentences")
    return kept, CorpusReport(read, len(kept), read - len(kept), src_characters, tgt_characters)
