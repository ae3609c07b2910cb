"""XML of an office file as elements that know their bytes, so that all but what is translated stays byte for byte.

Expat, of the standard library, tells where each element begins. Nothing is loaded from outside, and entities that a
file declares are refused. (OpenOffice named a document type in its manifests; that alone does no harm.)
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from clearhead.errors import DocumentError

DEEPEST = 128
"""Elements within each other; office programs nest some 60 for a table within a table within a text box."""
MOST_ELEMENTS = 3_000_000

_START_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*+>""")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Span = tuple[int, int]


@dataclass(slots=True, eq=False)
class Element:
    """An element, and where its bytes are."""

    name: str
    """With the prefix that this program uses for its namespace, such as w:p, whatever that of the file is."""
    attributes: dict[str, str]
    start: int
    inner: int
    """Where its start tag ends."""
    close: int = 0
    """Where its end tag begins; of an empty tag the end."""
    end: int = 0
    items: list["Element | str"] = field(default_factory=list)
    """Elements and text within it."""

    @property
    def elements(self) -> list["Element"]:
        """Return the elements directly within it."""
        return [item for item in self.items if isinstance(item, Element)]

    @property
    def text(self) -> str:
        """Return all the text within it."""
        return "".join(item if isinstance(item, str) else item.text for item in self.items)

    def child(self, name: str) -> "Element | None":
        """Return the first element of a name directly within it."""
        return next((element for element in self.elements if element.name == name), None)

    def walk(self, passed_over: frozenset[str] = frozenset()) -> Iterator["Element"]:
        """Yield it and all the elements within it, in their order, but none of some names nor what is within them."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if element.name not in passed_over:
                yield element
                waiting += [item for item in reversed(element.items) if not isinstance(item, str)]


def parsed(data: bytes, prefixes: Mapping[str, str]) -> Element:
    """Return the root of XML in UTF-8. `prefixes` gives those of namespaces; names of others have none.

    Raises DocumentError, with line and column, for what is not well-formed, too deep, too large or declares entities.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError("it is in UTF-16; save the file again, office programs write UTF-8")
    return _Reading(data, prefixes).root()


class _Reading:
    def __init__(self, data: bytes, prefixes: Mapping[str, str]) -> None:
        self._data, self._prefixes = data, prefixes
        self._open: list[Element] = []
        self._names: dict[str, str] = {}
        self._count = 0
        self._root: Element | None = None
        parser: Any = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._starts
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._says
        parser.StartDoctypeDeclHandler = self._declares
        parser.SkippedEntityHandler = self._passes_over
        parser.XmlDeclHandler = self._is_in
        self._parser = parser

    def root(self) -> Element:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise DocumentError(
                f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}; save the file again "
                "with the program that made it"
            ) from None
        assert self._root
        return self._root

    def _is_in(self, _: str, encoding: str | None, __: int) -> None:
        if (encoding or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise DocumentError(f"it is in {encoding}; save the file again, office programs write UTF-8")

    def _declares(self, _: str, __: str | None, ___: str | None, has_entities: bool) -> None:
        if has_entities:
            raise DocumentError(
                "it declares entities in a document type, which office files never do; do not open this file"
            )

    def _passes_over(self, name: str, _: bool) -> None:
        raise DocumentError(f"the entity {name!r} is not defined in it; do not open this file")

    def _starts(self, name: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        tag = _START_TAG.match(self._data, start)
        self._count += 1
        if not tag or self._count > MOST_ELEMENTS:
            raise DocumentError(f"it has more than {MOST_ELEMENTS:,} elements; split the document")
        if len(self._open) == DEEPEST:
            raise DocumentError(f"its elements are nested deeper than {DEEPEST}; do not open this file")
        named = {self._name(key): value for key, value in attributes.items()} if attributes else {}
        element = Element(self._name(name), named, start, tag.end())
        if self._open:
            self._open[-1].items.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _ends(self, _: str) -> None:
        element = self._open.pop()
        place = self._parser.CurrentByteIndex
        if self._data[element.inner - 2 : element.inner] == b"/>":
            element.close = element.end = element.inner
        else:
            element.close, element.end = place, self._data.index(b">", place) + 1

    def _says(self, text: str) -> None:
        self._open[-1].items.append(text)

    def _name(self, name: str) -> str:
        known = self._names.get(name)
        if known is None:
            space, _, local = name.rpartition(" ")
            prefix = self._prefixes.get(space)
            known = self._names[name] = f"{prefix}:{local}" if prefix else local
        return known


Bytes = bytes | Span
"""New bytes, or some of the source with the changes made there."""


class Splices:
    """A source with some of its spans replaced; a span may stand within another that keeps it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._made: list[tuple[Span, bytes]] = []

    def replace(self, changes: Mapping[Span, Callable[[], list[Bytes]]]) -> bytes:
        """Return the source with changes made: from the last to the first, so that outer ones see inner ones."""
        for span in sorted(changes, key=lambda span: (-span[0], span[1])):
            self._made.insert(0, (span, self.joined(changes[span]())))
        return self.joined([(0, len(self._data))])

    def joined(self, parts: list[Bytes]) -> bytes:
        """Return bytes and spans of the source, changed, one after another."""
        return b"".join(part if isinstance(part, bytes) else self._changed(*part) for part in parts)

    def _changed(self, start: int, end: int) -> bytes:
        parts = []
        place = bisect_left(self._made, start, key=lambda made: made[0][0])
        while place < len(self._made) and self._made[place][0][0] < end:
            (low, high), content = self._made[place]
            if low >= start and high <= end:
                parts += [self._data[start:low], content]
                start = high
            place = bisect_left(self._made, start, lo=place + 1, key=lambda made: made[0][0])
        return b"".join([*parts, self._data[start:end]])


def escaped(text: str) -> bytes:
    """Return text as it is written in XML; characters that XML cannot hold are left out."""
    plain = _NO_XML.sub("", text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """Return a start tag with another value for an attribute that it has, by the name without its prefix."""
    quoted = escaped(value).replace(b'"', b"&quot;")
    return re.sub(
        rb"""(\s(?:[^\s:="'<>]+:)?%s\s*=\s*)(?:"[^"]*"|'[^']*')""" % re.escape(name.encode()),
        lambda found: found[1] + b'"' + quoted + b'"',
        tag,
        count=1,
    )
