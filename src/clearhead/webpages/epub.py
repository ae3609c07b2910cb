"""Books of EPUB 2 and 3: their chapters are read as pages, and so are their tables of contents.

The archive is written with its entries in their order, `mimetype` first and not compressed; entries without a
translation keep their bytes. Title and description of the book are translated, and its language is named.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from clearhead.errors import DocumentError
from clearhead.segments.archive import Archive, opened
from clearhead.segments.protocol import Document, Reading
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.segments.template import is_changed
from clearhead.webpages.epub_package import Package, package
from clearhead.webpages.html import Page, page
from clearhead.webpages.xml_texts import XmlTexts, xml_texts

_CONTAINER = "META-INF/container.xml"
_RIGHTS = ("META-INF/encryption.xml", "META-INF/rights.xml")
_TYPE = b"application/epub+zip"


@dataclass(frozen=True)
class Book:
    """A book as a document: the documents that it is made of, by their names in the archive."""

    archive: Archive
    name: str
    """Of the package in the archive."""
    package: XmlTexts
    parts: dict[str, Document]
    """Tables of contents and chapters, by their names in the archive."""
    refused: tuple[Left, ...]

    @property
    def _all(self) -> list[tuple[str, Document]]:
        return [(self.name, self.package), *self.parts.items()]

    @property
    def segments(self) -> Sequence[Segment]:
        """Return the texts of the book: what it says of itself, then its chapters in the order of reading."""
        return [
            Segment(text=segment.text, tags=segment.tags, place=f"{name}, {segment.place}")
            for name, part in self._all
            for segment in part.segments
        ]

    @property
    def left(self) -> Sequence[Left]:
        """Return chapters that could not be read, and what was left in the others."""
        within = (
            Left(place=f"{name}, {left.place}", why=left.why)
            for name, part in self._all
            for left in part.left
        )
        return [*self.refused, *within]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the book with its translations."""
        if not any(map(is_changed, self.segments, translations)):
            return self.archive.data
        remaining = iter(translations)
        own = list(islice(remaining, len(self.package.segments)))
        return self.archive.replaced(
            {self.name: self.package.named(own, to)}
            | {
                name: part.written(list(islice(remaining, len(part.segments))), to)
                for name, part in self.parts.items()
            }
        )


def read(data: bytes, reading: Reading) -> Book:
    """Return a book as a document.

    Raises DocumentError for what is no book, is not safe to unpack, or is locked by its publisher.
    """
    archive = opened(data)
    if not archive.names or archive.names[0] != "mimetype" or archive.read("mimetype").strip() != _TYPE:
        raise DocumentError(
            "not an EPUB book: its archive does not begin with mimetype, application/epub+zip; save the book again"
        )
    if any(name in archive for name in _RIGHTS) and _is_locked(archive):
        raise DocumentError(
            "the book is encrypted by its publisher; only books without a lock are translated"
        )
    name = _package_name(archive)
    contents = package(archive.read(name))
    parts: dict[str, Document] = {}
    refused = []
    for part in _parts(contents, name, archive):
        try:
            parts[part.name] = part.read(archive)
        except DocumentError as error:
            refused.append(Left(place=part.name, why=str(error)))
    return Book(archive, name, contents.texts, parts, tuple(refused))


@dataclass(frozen=True)
class _Part:
    name: str
    is_contents: bool

    def read(self, archive: Archive) -> Page | XmlTexts:
        data = archive.read(self.name)
        if self.is_contents:
            return xml_texts(data, texts=frozenset({"text"}), languages=frozenset())
        return page(data, xml=True)


def _parts(contents: Package, name: str, archive: Archive) -> Iterator[_Part]:
    """Yield the files of a book that hold text, in the order of reading."""
    folder = posixpath.dirname(name)
    seen = set()
    for item in contents.items:
        path = posixpath.normpath(posixpath.join(folder, unquote(item.href.partition("#")[0])))
        if path in archive and path not in seen and path != name:
            seen.add(path)
            yield _Part(path, item.is_contents)


def _package_name(archive: Archive) -> str:
    """Return the name of the file that lists what is in the book."""
    names = xml_texts(archive.read(_CONTAINER), texts=frozenset(), languages=frozenset()).attributes(
        "rootfile", "full-path"
    )
    if not names or names[0] not in archive:
        raise DocumentError(f"{_CONTAINER} names no package that is in the book; save the book again")
    return names[0]


def _is_locked(archive: Archive) -> bool:
    """Say whether a chapter is encrypted; fonts that are scrambled, which many books have, are no text."""
    names = [
        name
        for file in _RIGHTS
        if file in archive
        for name in xml_texts(archive.read(file), texts=frozenset(), languages=frozenset()).attributes(
            "CipherReference", "URI"
        )
    ]
    return "META-INF/rights.xml" in archive or any(
        name.lower().endswith((".html", ".xhtml", ".htm", ".opf", ".ncx", ".xml")) for name in names
    )
