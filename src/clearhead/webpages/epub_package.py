"""The package of a book (OPF): what the book says of itself, and which files it is made of (EPUB 3.3, §5)."""

from dataclasses import dataclass

from clearhead.webpages.xml_texts import XmlTexts, xml_texts

_TEXTS = frozenset({"title", "description"})
_PAGES = ("application/xhtml+xml", "text/html")
_CONTENTS = "application/x-dtbncx+xml"


@dataclass(frozen=True)
class Item:
    """A file of a book that holds text."""

    href: str
    is_contents: bool


@dataclass(frozen=True)
class Package:
    """What a book says of itself, and its files with text: tables of contents, then chapters as they are read."""

    texts: XmlTexts
    items: tuple[Item, ...]


def package(data: bytes) -> Package:
    """Return the package of a book. Raises DocumentError for what is not text."""
    texts = xml_texts(data, texts=_TEXTS, languages=frozenset({"language"}))
    items = {said["id"]: said for said in texts.elements("item") if "id" in said and "href" in said}
    order = [said.get("idref", "") for said in texts.elements("itemref")]
    first = [key for key, said in items.items() if "nav" in said.get("properties", "").split()]
    contents = [key for key, said in items.items() if said.get("media-type") == _CONTENTS]
    read = [key for key in (*first, *order, *items) if items.get(key, {}).get("media-type") in _PAGES]
    chosen = dict.fromkeys([*contents, *read])
    return Package(texts, tuple(Item(items[key]["href"], key in contents) for key in chosen))
