"""Plain text as paragraphs: what stands between blank lines is translated whole, blank lines and indents stay.

Lines of a paragraph that was wrapped by hand are joined before translating and wrapped again to the same width. A
paragraph counts as wrapped where its lines are about as long as they can be: none but the last would have had room for
the first word of the next. A list, an address or a poem has room, and stays a text for each line.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_PARTS = re.compile(r"(?P<before>\s*)(?P<text>.*?)(?P<after>\s*)", re.DOTALL)
_BULLET = re.compile(r"(?:[-*+•–—▪◦·>]|\d{1,3}[.)])\s")
_NARROWEST = 40
"""Columns below which a line was hardly wrapped by hand; labels and verses are shorter."""


@dataclass(frozen=True)
class _Paragraph:
    """A text, and what stands around it."""

    before: str
    text: str
    after: str
    width: int = 0
    """Columns to wrap to; 0: one line."""
    indent: str = ""
    """What the lines after the first begin with."""
    newline: str = "\n"

    def with_text(self, text: str) -> str:
        if not self.width:
            return self.before + text + self.after
        lines = textwrap.wrap(
            text,
            max(self.width, 1),
            initial_indent=" " * len(self.before),
            subsequent_indent=self.indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return self.before + self.newline.join(lines)[len(self.before) :] + self.after


class PlainText:
    """Paragraphs of plain text. Written with its own segments, it is byte for byte what was read."""

    left: Sequence[Left] = ()

    def __init__(self, file: Decoded, reading: Reading) -> None:
        self._file = file
        self._originals: list[str] = []
        self._paragraphs: list[_Paragraph] = []
        self.segments: list[Segment] = []
        line = 1
        for block in _blocks(file.text):
            for original, paragraph in _paragraphs(block, reading):
                self._originals.append(original)
                self._paragraphs.append(paragraph)
                if paragraph.text:
                    self.segments.append(Segment(text=paragraph.text, place=f"line {line}"))
                line += len(_LINE.findall(original)) - 1

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the text with its paragraphs translated."""
        given = iter(translations)
        parts = []
        for original, paragraph in zip(self._originals, self._paragraphs, strict=True):
            translation = next(given) if paragraph.text else None
            unchanged = translation is None or translation.text == paragraph.text
            parts.append(
                original if unchanged or translation is None else paragraph.with_text(translation.text)
            )
        return self._file.encoded("".join(parts))


def read(data: bytes, reading: Reading) -> PlainText:
    """Return plain text as a document. Raises DocumentError for what is not text."""
    return PlainText(decoded(data), reading)


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield runs of lines that are blank, and of lines that are not, ends of lines included."""
    block: list[str] = []
    for line in _LINE.findall(text):
        if block and bool(block[-1].strip()) != bool(line.strip()):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _paragraphs(block: list[str], reading: Reading) -> Iterator[tuple[str, _Paragraph]]:
    """Yield texts of a block with the characters that they stand for."""
    rows = [row for row in block if row]
    if len(rows) > 1 and rows[0].strip() and _is_wrapped(rows, reading):
        yield "".join(rows), _joined(rows)
        return
    for row in rows:
        parts = _PARTS.fullmatch(row)
        assert parts
        yield (
            row,
            _Paragraph(
                parts["before"] if parts["text"] else row,
                parts["text"],
                parts["after"] if parts["text"] else "",
            ),
        )


def _is_wrapped(rows: list[str], reading: Reading) -> bool:
    if reading.wrap != "auto":
        return reading.wrap == "join"
    lines = [row.rstrip() for row in rows]
    if any(_BULLET.match(line.lstrip()) for line in lines[1:]):
        return False
    width = max(map(len, lines))
    no_room = all(len(line) + 1 + len(following.split()[0]) > width for line, following in pairwise(lines))
    return no_room and width >= _NARROWEST


def _joined(rows: list[str]) -> _Paragraph:
    """Return the paragraph that wrapped lines are."""
    lines = [row.strip() for row in rows]
    first, last = rows[0], rows[-1]
    second = rows[1]
    return _Paragraph(
        first[: len(first) - len(first.lstrip())],
        " ".join(lines),
        last[len(last.rstrip()) :],
        max(len(row.rstrip()) for row in rows),
        second[: len(second) - len(second.lstrip())],
        first[len(first.rstrip("\r\n")) :],
    )
