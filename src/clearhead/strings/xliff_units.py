"""The units of an XLIFF file, and where they stand in its bytes.

Read with expat, which says where each tag begins, so that all else can stay byte for byte. Nothing outside the file
is ever opened, and a file that declares entities is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from clearhead.errors import DocumentError
from clearhead.segments.fields import spliced
from clearhead.segments.segment import Tag
from clearhead.strings.xliff_pairs import Half, half, joined, pairs

_DEEPEST = 200
_START_TAG = re.compile(rb"""<[^<>"']*+(?:"[^"]*+"[^<>"']*+|'[^']*+'[^<>"']*+)*+>""")
_ENCLOSING = {"g", "mrk", "pc"}
"""Inline elements whose contents are text; those of others, as ph and bpt, are codes of another format."""
_SPACE = re.compile(r"\s+")


@dataclass(kw_only=True)
class Element:
    """An element that is open, or was; numbers are bytes."""

    name: str
    attributes: dict[str, str]
    start: int
    content: int
    """Where its content begins."""
    translate: bool
    preserve: bool
    """Whether its white space is kept."""
    line: int
    content_end: int = 0
    end: int = 0

    @property
    def local(self) -> str:
        """Return its name without a prefix."""
        return self.name.rpartition(":")[2]


@dataclass(kw_only=True)
class Text:
    """A text to translate within an element, and its tags as they are written."""

    start: int
    end: int = 0
    text: str = ""
    tags: list[Tag] = field(default_factory=list)
    raw: list[tuple[bytes, bytes]] = field(default_factory=list)
    halves: dict[int, tuple[Half, bool]] = field(default_factory=dict)
    """Tags that are one half of a pair of codes."""


@dataclass(kw_only=True)
class Unit:
    """What has a source and perhaps a target: a trans-unit of XLIFF 1.2, a segment of 2.0."""

    element: Element
    identifier: str
    file: Element
    source: Element | None = None
    texts: list[Text] = field(default_factory=list)
    target: Element | None = None
    target_text: str = ""
    holds: Element | None = None
    """The element whose content is the pattern of the target: the source, or its seg-source."""


class Units:
    """The units of a file, read at once. Raises DocumentError, with the line, for what is not well-formed XLIFF."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.units: list[Unit] = []
        self.root: Element | None = None
        self._stack: list[Element] = []
        self._unit: Unit | None = None
        self._text: Text | None = None
        self._holder: Element | None = None
        self._open: list[int | None] = []
        self._skipped: Element | None = None
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.DefaultHandler = self._other
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.buffer_text = False
        self._last = ""
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise DocumentError(
                f"line {error.lineno}: it is not well-formed XML: {what}; export it again"
            ) from None

    def _doctype(self, name: str, system: Any, public: Any, internal: bool) -> None:
        if internal:
            raise DocumentError(
                f"line {self._parser.CurrentLineNumber}: its DOCTYPE declares entities or the like, which is not "
                "safe to read; take the part in brackets out"
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        line = self._parser.CurrentLineNumber
        if len(self._stack) >= _DEEPEST:
            raise DocumentError(f"line {line}: it is nested more than {_DEEPEST} deep, which no XLIFF needs")
        above = self._stack[-1] if self._stack else None
        tag = _START_TAG.match(self.data, start)
        assert tag
        space = attributes.get("xml:space")
        element = Element(
            name=name,
            attributes=attributes,
            start=start,
            content=tag.end(),
            line=line,
            translate=attributes.get("translate", "yes" if above is None or above.translate else "no")
            != "no",
            preserve=space == "preserve" if space else bool(above and above.preserve),
        )
        self._stack.append(element)
        if above is None:
            self._begin_file(element)
        elif self._text is not None:
            self._begin_inline(element)
        elif self._holder is not None:
            if element.local == "mrk" and attributes.get("mtype") == "seg":
                self._begin_text(element)
        else:
            self._begin_block(element, above)

    def _begin_file(self, element: Element) -> None:
        version = element.attributes.get("version", "")
        if element.local != "xliff" or version[:2] not in ("1.", "2."):
            raise DocumentError(
                f"line {element.line}: it is not XLIFF 1.2 or 2.0, but <{element.name[:40]}> {version[:20]}; choose "
                "another format with --as"
            )
        self.root = element

    def _begin_block(self, element: Element, above: Element) -> None:
        """Note the beginning of a unit, or of what belongs to it."""
        if element.local in ("trans-unit", "segment"):
            named = element if element.local == "trans-unit" else above
            files = [other for other in self._stack if other.local == "file"]
            if files:
                identifier = named.attributes.get("id") or named.attributes.get("name") or "?"
                self._unit = Unit(element=element, identifier=identifier, file=files[-1])
        elif self._unit is not None and above is self._unit.element:
            if element.local == "source":
                self._unit.source = self._unit.holds = self._holder = element
                self._begin_text(element)
            elif element.local == "seg-source":
                self._unit.holds = self._holder = element
                self._unit.texts = []
            elif element.local == "target":
                self._unit.target = element

    def _begin_text(self, element: Element) -> None:
        self._text = Text(start=element.content)
        self._open = []

    def _begin_inline(self, element: Element) -> None:
        """Note an inline element: a tag around its text, or at one place with all that is in it."""
        text = self._text
        assert text is not None
        if self._skipped is not None:
            return
        number = len(text.tags)
        parent = self._open[-1] if self._open else None
        text.tags.append(Tag(start=len(text.text), end=len(text.text), parent=parent))
        closed = self.data[element.content - 2 : element.content - 1] == b"/"
        protected = not element.translate or element.attributes.get("mtype") == "protected"
        if element.local in _ENCLOSING and not closed and not protected:
            text.raw.append((self.data[element.start : element.content], b""))
            self._open.append(number)
        else:
            text.raw.append((b"", b""))
            self._skipped = element
            if found := half(element.local, element.attributes):
                text.halves[number] = found

    def _end(self, name: str) -> None:
        element = self._stack.pop()
        place = self._parser.CurrentByteIndex
        closed = self.data[element.content - 2 : element.content - 1] == b"/"
        element.content_end = element.content if closed else place
        element.end = element.content if closed else self.data.index(b">", place) + 1
        if self._text is not None:
            self._end_inline(element)
        elif element is self._holder:
            self._holder = None
        elif self._unit is not None and element is self._unit.element:
            if self._unit.source is not None:
                self.units.append(self._unit)
            self._unit = None

    def _end_inline(self, element: Element) -> None:
        text = self._text
        assert text is not None
        if self._skipped is not None:
            if element is self._skipped:
                number = len(text.tags) - 1
                text.raw[number] = self.data[element.start : element.end], b""
                self._skipped = None
            return
        if self._open:
            number = self._open.pop() or 0
            tag = text.tags[number]
            text.tags[number] = Tag(start=tag.start, end=len(text.text), parent=tag.parent)
            text.raw[number] = text.raw[number][0], self.data[element.content_end : element.end]
            return
        text.end = element.content_end
        text.tags, text.raw = joined(text.tags, text.raw, pairs(text.tags, text.halves))
        assert self._unit is not None
        self._unit.texts.append(text)
        self._text = None
        if element is self._holder:
            self._holder = None

    def _characters(self, text: str) -> None:
        if self._text is not None and self._skipped is None:
            self._text.text += text
        elif self._unit is not None and self._unit.target is not None and not self._unit.target.end:
            self._unit.target_text += text

    def _other(self, raw: str) -> None:
        """Keep comments and the like where they stand in a text."""
        text = self._text
        if text is None or self._skipped is not None or not raw.strip():
            return
        if raw in ("<![CDATA[", "]]>"):
            return
        place = len(text.text)
        text.tags.append(Tag(start=place, end=place, parent=self._open[-1] if self._open else None))
        text.raw.append((raw.encode(), b""))


def bare(text: Text, *, preserve: bool) -> tuple[str, Sequence[Tag], str, str]:
    """Return a text without white space around it and, unless it is kept, without line breaks; its tags there; and
    the white space before and behind it.
    """
    core = text.text.strip()
    before = text.text[: text.text.index(core)] if core else text.text
    after = text.text[len(before) + len(core) :]
    places = [0] * (len(text.text) + 1)
    gaps = [] if preserve else [match.span() for match in _SPACE.finditer(core) if "\n" in match[0]]
    shift, following = len(before), iter([*gaps, (len(text.text) + 1, 0)])
    start, end = next(following)
    joined = spliced(core, [(*gap, " ") for gap in gaps])
    for place in range(len(core) + 1):
        if place >= end > start:
            shift += end - start - 1
            start, end = next(following)
        inside = start < place < end
        places[place + len(before)] = (start + 1 if inside else place) + len(before) - shift
    for place in range(len(before) + len(core) + 1, len(text.text) + 1):
        places[place] = len(joined)
    tags = [
        Tag(
            start=min(places[tag.start], len(joined)),
            end=min(places[tag.end], len(joined)),
            parent=tag.parent,
        )
        for tag in text.tags
    ]
    return joined, tags, before, after
