"""What all files of Office Open XML share: the parts of a package, its kinds of content, and text of DrawingML.

Source: ECMA-376, parts 1 (WordprocessingML, SpreadsheetML, PresentationML, DrawingML) and 2 (packages).
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clearhead.errors import DocumentError
from clearhead.office.package import Part, Passage, Stated, passage, with_region
from clearhead.office.rich_text import Inline, Look, Mark, Run
from clearhead.office.xml_source import Bytes, Element, parsed
from clearhead.segments import archive
from clearhead.segments.archive import Archive
from clearhead.segments.segment import Left

_OPEN = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_PREFIXES = {
    f"{_OPEN}wordprocessingml/2006/main": "w",
    f"{_STRICT}wordprocessingml/main": "w",
    f"{_OPEN}drawingml/2006/main": "a",
    f"{_STRICT}drawingml/main": "a",
    f"{_OPEN}presentationml/2006/main": "p",
    f"{_STRICT}presentationml/main": "p",
    f"{_OPEN}spreadsheetml/2006/main": "s",
    f"{_STRICT}spreadsheetml/main": "s",
    f"{_OPEN}officeDocument/2006/relationships": "r",
    f"{_STRICT}officeDocument/relationships": "r",
    f"{_OPEN}officeDocument/2006/math": "m",
    f"{_STRICT}officeDocument/math": "m",
    f"{_OPEN}markup-compatibility/2006": "mc",
    f"{_OPEN}package/2006/content-types": "types",
    f"{_OPEN}package/2006/relationships": "rel",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSEEN = {"lang", "altLang", "dirty", "err", "noProof", "smtClean", "smtId", "bmk"}
"""Attributes of a run of DrawingML that do not change how it looks."""
DRAWN = ("drawingml.chart+xml", "drawingml.diagramData+xml", "drawingml.diagramDrawing+xml", "drawing+xml")
"""Kinds of content, by their ends, with text of DrawingML that all three programs have."""


@dataclass(frozen=True)
class Package:
    """The parts of a file, and of what kind each is."""

    archive: Archive
    kinds: dict[str, str]

    def of_kind(self, *ends: str) -> list[str]:
        """Return the names of parts whose content type ends so, in the order of `ends`, then of their numbers."""
        return [
            name
            for end in ends
            for name in sorted(
                (name for name, kind in self.kinds.items() if kind.endswith(end)), key=_natural
            )
        ]

    def part(self, name: str) -> Part:
        """Return a part. Raises DocumentError, with the name, for one that is not XML."""
        data = self.archive.read(name)
        try:
            return Part(name, data, parsed(data, _PREFIXES))
        except DocumentError as error:
            raise DocumentError(f"{name}: {error}") from None

    def relations(self, name: str) -> dict[str, str]:
        """Return the parts that a part names, by the ids it has for them."""
        folder, file = posixpath.split(name)
        relations = f"{folder}/_rels/{file}.rels"
        if relations not in self.archive:
            return {}
        return {
            element.attributes["Id"]: posixpath.normpath(
                posixpath.join("/" + folder, element.attributes["Target"])
            ).lstrip("/")
            for element in self.part(relations).root.elements
            if {"Id", "Target"} <= set(element.attributes)
        }


def package(data: bytes, program: str, kinds: Sequence[str]) -> Package:
    """Return the package that some bytes are.

    Raises DocumentError for what is none, is of another program, is encrypted or has macros.
    """
    if data.startswith(_OLE):
        raise DocumentError(
            "it is encrypted, or in the old binary format; save it without a password in the XML format, such as .docx"
        )
    opened = archive.opened(data)
    types = "[Content_Types].xml"
    if types not in opened:
        raise DocumentError(f"it has no {types}, so this is no file of {program}; check --as")
    kinds_of: dict[str, str] = {}
    for element in Package(opened, {}).part(types).root.elements:
        kind = element.attributes.get("ContentType", "")
        if element.name == "types:Override":
            kinds_of[element.attributes.get("PartName", "").lstrip("/")] = kind
        if "macroEnabled" in kind or "vbaProject" in kind:
            raise DocumentError("it has macros, which may depend on its text; save it without them first")
    names = {name: kind for name, kind in kinds_of.items() if name in opened}
    found = Package(opened, names)
    if not found.of_kind(*kinds):
        raise DocumentError(f"it has no part of {program}, so this is another kind of file; check --as")
    return found


def signatures(of: Package) -> list[Left]:
    """Return a remark for a digital signature."""
    return [
        Left(place=name, why="a digital signature, which does not hold for the translation")
        for name in of.archive.names
        if name.startswith("_xmlsignatures/") and name.endswith(".xml")
    ][:1]


def drawn(of: Package, place: Callable[[str], str] = lambda name: posixpath.basename(name)) -> Iterator[Part]:
    """Yield charts, diagrams and drawings with their texts."""
    for name in of.of_kind(*DRAWN):
        part = of.part(name)
        part.passages += passages(part, place(name))
        yield part


def passages(part: Part, place: str) -> Iterator[Passage]:
    """Yield the paragraphs of DrawingML in a part."""
    for element in part.root.walk():
        if element.name != "a:p":
            continue
        inner = [child for child in element.elements if child.name not in ("a:pPr", "a:endParaRPr")]
        if not inner:
            continue
        items = [item for child in inner for item in _drawn_inline(child, part.data)]
        stated = [
            Stated((tag.start, tag.inner), (("lang", with_region),))
            for tag in element.walk()
            if tag.name in ("a:rPr", "a:endParaRPr") and "lang" in tag.attributes
        ]
        yield passage((inner[0].start, inner[-1].end), items, place, stated)


def _drawn_inline(element: Element, data: bytes) -> list[Inline]:
    if element.name == "a:br":
        return [Mark(((element.start, element.end),), "break")]
    text = element.child("a:t")
    if element.name != "a:r":
        return [Mark(((element.start, element.end),))]
    if text is None:
        return []
    before, after = (element.start, text.inner), (text.close, element.end)
    if text.close == text.end:  # an empty tag
        return []
    properties = element.child("a:rPr")
    key = b"" if properties is None else _look_key(properties, data)
    return [Run(text.text.replace("\n", " "), Look(key, (before,), (after,)))]


def _look_key(properties: Element, data: bytes) -> bytes:
    """Return how a run looks: its attributes but those a reader does not see, and its colours, fonts and links."""
    attributes = sorted((name, value) for name, value in properties.attributes.items() if name not in _UNSEEN)
    return repr(attributes).encode() + data[properties.inner : properties.close]


def prefix(element: Element, data: bytes) -> bytes:
    """Return the prefix of an element as its file has it, with the colon."""
    raw = re.match(rb"<([^\s/>]*)", data[element.start : element.inner])
    assert raw
    return raw[1].rpartition(b":")[0] + b":" if b":" in raw[1] else b""


def whole(element: Element) -> Bytes:
    """Return the span of an element."""
    return element.start, element.end


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() and part.isascii() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]
