"""Files of Markdown: paragraphs, headings, list items and cells with their emphasis and links.

Code, link targets, HTML comments and all that is not translated stay byte for byte. A paragraph that was wrapped is
one line when it was translated. Blocks of HTML are read as pages are; of front matter the title and the description
are translated.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.segments.template import Language, Slot, Template, filled, is_changed
from clearhead.webpages.html_texts import texts_of
from clearhead.webpages.markdown_front import end_of_front, front_values
from clearhead.webpages.markdown_inline import Block, parser, pieces
from clearhead.webpages.pieces import Run, TooMany, texts

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_ALWAYS = re.compile(r"[`*\[\]]|\\(?=[!-/:-@\[-`{-~])|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|~(?=~)|(?<=~)~")
_REFERENCE = re.compile(r"&(?=#?\w+;)")
_START = re.compile(
    r"\s*(?:#{1,6}(?=\s|\Z)|>|[-+](?=\s|\Z)|=+\s*\Z|-+\s*\Z|(?P<number>\d{1,9})[.)](?=\s|\Z))"
)


@dataclass(frozen=True)
class MarkdownText:
    """A file of Markdown as a document."""

    data: bytes
    file: Decoded
    template: Template
    slots: tuple[Slot, ...]
    left: tuple[Left, ...]

    @property
    def segments(self) -> Sequence[Segment]:
        """Return paragraphs, headings and cells in the order of reading."""
        return [slot.segment for slot in self.slots]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its translations, in which nothing becomes markup that was none."""
        if not any(map(is_changed, self.segments, translations)):
            return self.data
        return self.file.encoded(filled(self.template, self.slots, translations, to))


def read(data: bytes, reading: Reading) -> MarkdownText:
    """Return a file of Markdown as a document. Raises DocumentError for what is not text."""
    file = decoded(data)
    reader = _Reader(file.text)
    reader.read()
    return MarkdownText(data, file, tuple(reader.template), tuple(reader.slots), tuple(reader.left))


class _Reader:
    """What is known of a file while its blocks go by."""

    def __init__(self, source: str) -> None:
        self.template: list[str | int | Language] = []
        self.slots: list[Slot] = []
        self.left: list[Left] = []
        self._source = source
        self._starts = [0]
        for line in _LINE.finditer(source):
            self._starts.append(line.end())
        self._escape = _escape
        self._cursor = 0  # what is before it is in the template

    def read(self) -> None:
        """Read the source from its beginning to its end."""
        front = end_of_front(self._source)
        for start, end, value in front_values(self._source[:front], self._place):
            self._keep(start)
            self._add(value)
            self._cursor = end
        first = bisect_right(self._starts, front) - 1
        for block in parser().parse(self._source[front:]):
            if block.type.startswith("table_"):
                self._escape = _escape_cell if block.nesting > 0 else _escape
            if block.type == "inline" and block.map:
                self._inline(block, block.map[0] + first, block.map[1] + first)
            elif block.type == "html_block" and block.map:
                self._html(
                    *(self._starts[min(number + first, len(self._starts) - 1)] for number in block.map)
                )
        self._keep(len(self._source))

    def _place(self, start: int) -> str:
        return f"line {bisect_right(self._starts, start)}"

    def _keep(self, end: int) -> None:
        """Add the source up to a place as it is."""
        self.template.append(self._source[self._cursor : end])
        self._cursor = end

    def _slot(self, slot: Slot) -> int:
        self.slots.append(slot)
        return len(self.slots) - 1

    def _add(self, slot: Slot) -> None:
        self.template.append(self._slot(slot))

    def _html(self, start: int, end: int) -> None:
        """Add a block of HTML."""
        self._keep(start)
        first = bisect_right(self._starts, start) - 1
        read = texts_of(self._source[start:end], xml=False, first_line=first)
        count = len(self.slots)
        self.template += [part + count if isinstance(part, int) else part for part in read.template]
        self.slots += read.slots
        self.left += read.left
        self._cursor = end

    def _inline(self, block: Token, first: int, last: int) -> None:
        """Add a paragraph, a heading or a cell."""
        if not block.content.strip():
            return
        rows = list(self._rows(block.content, first, last))
        if not rows:
            self.left.append(
                Left(place=f"line {first + 1}", why="its text is not found in the source as it is read")
            )
            return
        start, end = rows[0][1], rows[-1][1] + len(rows[-1][2])
        self._keep(start)
        place = Block(
            source=self._source,
            start=start,
            end=end,
            place=_mapped(rows),
            said=self._place,
            escape=self._escape,
            add=self._slot,
        )
        for part in texts(pieces(block.children or [], place), self._place, self._escape):
            if isinstance(part, Run):
                self._add(part)
                continue
            if isinstance(part, TooMany):
                self.left.append(part.left)
            self.template += part.template if isinstance(part, TooMany) else part
        self._cursor = end

    def _rows(self, content: str, first: int, last: int) -> Iterator[tuple[int, int, str]]:
        """Yield the lines of a text: their places in it and in the source, and what stands there in both.

        Yield nothing where one of them is not found.
        """
        rows, place = [], 0
        cursor = max(self._cursor, self._starts[first])
        for number, line in enumerate(content.split("\n"), first):
            text = line.strip()
            if number >= min(last, len(self._starts) - 1):
                return
            end = self._starts[number + 1]
            found = (
                self._source.find(text, cursor, end)
                if number == first
                else self._source.rfind(text, cursor, end)
            )
            if found < 0:
                return
            rows.append((place + len(line) - len(line.lstrip()), found, text))
            place += len(line) + 1
            cursor = found + len(text)
        yield from rows


def _mapped(rows: Sequence[tuple[int, int, str]]) -> Callable[[int], int]:
    """Return a function from places of a text to those of its source."""
    starts = [start for start, _, _ in rows]

    def place(position: int) -> int:
        start, found, text = rows[max(bisect_right(starts, position) - 1, 0)]
        return found + min(max(position - start, 0), len(text))

    return place


def _escape(text: str) -> str:
    """Return a text with what would be markup in it escaped."""
    text = _REFERENCE.sub(
        "&amp;", _ALWAYS.sub(lambda mark: "\\" + mark[0], " ".join(text.splitlines()) or text)
    )
    start = _START.match(text)
    if not start:
        return text
    place = start.end("number") if start["number"] else len(text) - len(text.lstrip())
    return f"{text[:place]}\\{text[place:]}"


def _escape_cell(text: str) -> str:
    return _escape(text).replace("|", "\\|")
