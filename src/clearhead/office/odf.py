"""OpenDocument texts, presentations and spreadsheets (.odt, .odp, .ods and their templates); see `office`.

Source: OASIS OpenDocument 1.3, part 3. Paragraphs with tracked changes, tables of contents and other indexes are left;
comments, formulas and names of sheets stay as they are. A cell's text that a formula names stays too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from clearhead.errors import DocumentError
from clearhead.office.ooxml import prefix, whole
from clearhead.office.package import OfficeDocument, Part, Stated, language, passage, region
from clearhead.office.rich_text import Group, Inline, Look, Mark, Run
from clearhead.office.sheets import Cell, chosen, letters, literals
from clearhead.office.xml_source import Element, parsed
from clearhead.segments import archive
from clearhead.segments.archive import Archive
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left

_PREFIXES = {
    f"urn:oasis:names:tc:opendocument:xmlns:{space}:1.0": name
    for space, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "style": "style",
        "drawing": "draw",
        "presentation": "presentation",
        "xsl-fo-compatible": "fo",
    }.items()
}
_KINDS = ("text", "presentation", "spreadsheet")
_INDEXES = {
    f"text:{kind}"
    for kind in (
        "table-of-content",
        "illustration-index",
        "table-index",
        "object-index",
        "user-index",
        "alphabetical-index",
        "bibliography",
    )
}
_CHANGES = {"text:change", "text:change-start", "text:change-end"}
_PASSED_OVER = {
    "text:tracked-changes",
    "office:annotation",
    "office:scripts",
    "text:variable-decls",
    "office:styles",
}
_INVISIBLE = {"rsid", "paragraph-rsid", "fo:language", "fo:country"}
"""Properties that do not change how a text looks: its language, and what LibreOffice keeps to compare documents."""
_HOLDERS = {"text:span", "text:a", "text:meta"}
_BLANKS = re.compile("[ \t\r\n]+")
_MOST_BLANKS = 1_000


def read(data: bytes, reading: Reading) -> OfficeDocument:
    """Return an OpenDocument file. Raises DocumentError for what is none, or is not safe to read."""
    opened = archive.opened(data)
    if "content.xml" not in opened or "mimetype" not in opened:
        raise DocumentError("it has no content.xml and mimetype, so this is no OpenDocument file; check --as")
    kind = opened.read("mimetype").decode("ascii", "replace").strip()
    if not any(kind.startswith(f"application/vnd.oasis.opendocument.{known}") for known in _KINDS):
        raise DocumentError("it is no text, presentation or spreadsheet of OpenDocument; check --as")
    manifest = "META-INF/manifest.xml"  # not read as XML: what OpenOffice wrote had its namespaces in a document type
    if manifest in opened and b"encryption-data" in opened.read(manifest):
        raise DocumentError("it is encrypted; save it without a password")
    content = _part(opened, "content.xml")
    parts = [content, *(_part(opened, name) for name in ("styles.xml",) if name in opened)]
    left: list[Left] = []
    if "META-INF/documentsignatures.xml" in opened:
        left.append(
            Left(place="the document", why="a digital signature, which does not hold for the translation")
        )
    for part in parts:
        _Reading(part, left, reading).read()
    return OfficeDocument(opened, parts, left)


def _part(opened: Archive, name: str) -> Part:
    data = opened.read(name)
    try:
        return Part(name, data, parsed(data, _PREFIXES))
    except DocumentError as error:
        raise DocumentError(f"{name}: {error}") from None


@dataclass(frozen=True)
class _Place:
    """Where an element stands."""

    name: str = ""
    sheet: str = ""
    cell: Cell | None = None


@dataclass
class _Found:
    paragraphs: list[tuple[Element, _Place]] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)


class _Reading:
    """The paragraphs of one part."""

    def __init__(self, part: Part, left: list[Left], reading: Reading) -> None:
        self._part, self._left, self._settings = part, left, reading
        self._found = _Found()
        self._slides = self._paragraphs = 0
        self._without_look = _without_look(part.root)

    def read(self) -> None:
        """Give the part its paragraphs and the languages that it states."""
        self._walk(self._part.root, _Place())
        self._part.stated += _languages(self._part.root)
        cells = [place.cell for _, place in self._found.paragraphs if place.cell]
        wanted = chosen(cells, self._settings.columns) if cells else set()
        named = literals(self._found.formulas)
        last = ""
        for element, place in self._found.paragraphs:
            text = element.text.strip()
            if place.cell and place.cell not in wanted:
                continue
            if place.cell and text in named:
                self._left.append(Left(place=place.name, why=f"{text[:40]!r}, which a formula names"))
                continue
            changed = any(
                inner.name in _CHANGES for inner in element.walk(frozenset({"text:note", "draw:text-box"}))
            )
            if changed:
                if last != "changed":
                    self._left.append(
                        Left(place=place.name, why="tracked changes; accept or reject them first")
                    )
                last = "changed"
                continue
            last = ""
            items = self._items(element)
            if items:
                self._part.passages.append(passage((element.inner, element.close), items, place.name))

    def _walk(self, element: Element, place: _Place) -> None:
        """Find the paragraphs below an element."""
        if element.name in _PASSED_OVER:
            return
        if element.name in _INDEXES:
            self._left.append(Left(place=self._here(place), why="an index; update it in the office program"))
            return
        if element.name == "table:table":
            place = _Place(place.name, element.attributes.get("table:name", ""))
        elif element.name == "draw:page":
            self._slides += 1
            place = _Place(f"slide {self._slides}")
        elif element.name == "presentation:notes":
            place = _Place(f"{place.name}, notes")
        elif element.name in ("text:p", "text:h"):
            self._paragraphs += 1
            self._found.paragraphs.append((element, _Place(self._here(place), cell=place.cell)))
        for attribute in ("table:formula", "table:condition"):
            if attribute in element.attributes:
                self._found.formulas.append(element.attributes[attribute])
        if element.name == "table:table" and place.sheet and self._is_spreadsheet():
            self._walk_sheet(element, place)
            return
        is_master = element.name == "style:master-page"  # what else stands in one are prompts
        for child in element.elements:
            if not is_master or child.name.startswith(("style:header", "style:footer")):
                self._walk(child, place)

    def _here(self, place: _Place) -> str:
        label = "" if self._part.name == "content.xml" else f"{self._part.name}, "
        return place.name or f"{label}paragraph {max(self._paragraphs, 1)}"

    def _is_spreadsheet(self) -> bool:
        return any(element.name == "office:spreadsheet" for element in self._body())

    def _body(self) -> list[Element]:
        body = self._part.root.child("office:body")
        return body.elements if body else []

    def _walk_sheet(self, table: Element, place: _Place) -> None:
        """Find the texts in the cells of a sheet, and in its drawings."""
        row = 1
        for element in _rows(table):
            if element.name != "table:table-row":
                self._walk(element, _Place(place.sheet))
                continue
            column = 1
            for cell in element.elements:
                self._walk_cell(cell, place.sheet, column, row)
                column += _repeated(cell, "table:number-columns-repeated")
            row += _repeated(element, "table:number-rows-repeated")

    def _walk_cell(self, element: Element, sheet: str, column: int, row: int) -> None:
        formula = element.attributes.get("table:formula")
        if formula is not None:
            self._found.formulas.append(formula)
        kind = element.attributes.get("office:value-type", "string")
        if formula is not None or kind != "string" or "office:string-value" in element.attributes:
            return
        cell = Cell(sheet, column, row, element.text)
        for child in element.elements:
            self._walk(child, _Place(f"{sheet}!{letters(column)}{row}", cell=cell))

    def _items(self, element: Element) -> list[Inline]:
        blank = b"<" + prefix(element, self._part.data) + b"s/>"
        return self._within(element, Look(b"", blank=blank))

    def _within(self, element: Element, look: Look) -> list[Inline]:
        return [item for child in element.items for item in self._inline(child, look)]

    def _inline(self, item: Element | str, look: Look) -> list[Inline]:
        """Return what stands in a paragraph as items, in the format of the spans around it."""
        if isinstance(item, str):
            return [Run(_BLANKS.sub(" ", item), look)]
        if item.name == "text:s":
            return [Run(" " * min(_repeated(item, "text:c"), _MOST_BLANKS), look)]
        if item.name == "text:soft-page-break":
            return []
        if item.name in _HOLDERS and item.items:
            return self._held(item, look)
        kind = {"text:tab": "gap", "text:line-break": "break"}.get(item.name, "mark")
        return [Mark((*look.opening, whole(item), *look.closing), kind)]

    def _held(self, item: Element, look: Look) -> list[Inline]:
        if item.attributes.get("text:style-name") in self._without_look:
            return self._within(item, look)
        opening, closing = (item.start, item.inner), (item.close, item.end)
        if item.name != "text:span":
            return [Group((opening,), tuple(self._within(item, look)), (closing,), has_own_look=True)]
        key = look.key + self._part.data[slice(*opening)]
        inner = Look(key, (*look.opening, opening), (closing, *look.closing), look.blank)
        return self._within(item, inner)


def _rows(table: Element) -> Iterator[Element]:
    """Yield the rows of a table, also of groups of rows, and what else is in it."""
    for element in table.elements:
        if element.name in ("table:table-row-group", "table:table-header-rows", "table:table-rows"):
            yield from _rows(element)
        else:
            yield element


def _repeated(element: Element, attribute: str) -> int:
    count = element.attributes.get(attribute, "1")
    return int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else 1


def _without_look(root: Element) -> set[str | None]:
    """Return the styles of a part that change nothing that a reader sees."""
    styles: Sequence[Element] = getattr(root.child("office:automatic-styles"), "elements", ())
    return {
        style.attributes.get("style:name")
        for style in styles
        if style.name == "style:style"
        and style.attributes.get("style:family") == "text"
        and "style:parent-style-name" not in style.attributes
        and all(
            name in _INVISIBLE
            for properties in style.elements
            for name in [*properties.attributes, *(inner.name for inner in properties.elements)]
        )
    } - {None}


def _languages(root: Element) -> Iterator[Stated]:
    """Yield the styles that name a language, but those that say there is none."""
    for element in root.walk(frozenset({"office:body"})):
        if element.attributes.get("fo:language", "none") not in ("none", "zxx"):
            attributes = (("language", language), ("country", region))
            yield Stated((element.start, element.inner), attributes)
