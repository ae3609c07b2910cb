"""Excel workbooks (.xlsx, .xltx): texts of cells and of drawings; see `office` for what stays.

Numbers, formulas, names of sheets, comments and printed headers stay. A text that a formula, a filter or a list of
choices names stays too, and so does the head of a table's column: what names it would not find it any more.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from clearhead.office import ooxml
from clearhead.office.ooxml import Package
from clearhead.office.package import OfficeDocument, Part, passage
from clearhead.office.rich_text import LINE_END, Inline, Look, Run
from clearhead.office.sheets import Cell, chosen, literals, numbers
from clearhead.office.xml_source import Element
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left

_MAIN = ("spreadsheetml.sheet.main+xml", "spreadsheetml.template.main+xml")
_ESCAPE = re.compile(r"_x[0-9A-Fa-f]{4}_")
_PRINTED = {f"s:{kind}{end}" for kind in ("odd", "even", "first") for end in ("Header", "Footer")}


def read(data: bytes, reading: Reading) -> OfficeDocument:
    """Return a workbook. Raises DocumentError for what is none, or is not safe to read."""
    package = ooxml.package(data, "Excel", _MAIN)
    book = _Workbook(package, reading)
    left = [*ooxml.signatures(package), *book.left]
    return OfficeDocument(package.archive, [*book.parts, *ooxml.drawn(package)], left)


class _Workbook:
    """The sheets of a workbook, and the texts that their cells share."""

    def __init__(self, package: Package, reading: Reading) -> None:
        self.parts: list[Part] = []
        self.left: list[Left] = []
        shared = [package.part(name) for name in package.of_kind("spreadsheetml.sharedStrings+xml")][:1]
        self._strings = shared[0].root.elements if shared else []
        self._texts = list(map(_text, self._strings))
        self._uses: dict[int, list[Cell]] = defaultdict(list)
        self._inline: list[tuple[Part, Element, Cell]] = []
        self._fixed = _named_elsewhere(package)
        for name, sheet in _sheets(package):
            self._read_sheet(package.part(name), sheet)
        cells = [
            *(cell for uses in self._uses.values() for cell in uses),
            *(cell for *_, cell in self._inline),
        ]
        self._chosen = chosen(cells, reading.columns)
        if shared:
            for number in sorted(self._uses):
                self._translate(shared[0], self._strings[number], self._uses[number])
        for part, element, cell in self._inline:
            self._translate(part, element, [cell])
        self.parts += [part for part in shared if part not in self.parts]

    def _read_sheet(self, part: Part, sheet: str) -> None:
        """Take down the cells with text, and what formulas name."""
        formulas: list[str] = []
        computed = 0
        for element in part.root.walk():
            if element.name == "s:c":
                computed += self._read_cell(part, element, sheet)
            elif element.name in ("s:f", "s:formula1", "s:formula2", "s:formula"):
                formulas.append(element.text)
            elif element.name == "s:filter":
                self._fixed.add(element.attributes.get("val", ""))
            elif element.name in _PRINTED and any(map(str.isalpha, re.sub(r"&.", "", element.text))):
                self.left.append(Left(place=sheet, why="a printed header or footer"))
        self._fixed |= literals(formulas)
        if computed:
            self.left.append(
                Left(
                    place=sheet,
                    why=f"{computed:,} texts that formulas give; they change when it is calculated",
                )
            )
        if part.root.child("s:sheetProtection"):
            self.left.append(Left(place=sheet, why="its protection, which still restricts editing"))

    def _read_cell(self, part: Part, element: Element, sheet: str) -> bool:
        """Take down a cell; say whether its text comes from a formula."""
        kind = element.attributes.get("t")
        place = numbers(element.attributes.get("r", "")) or (0, 0)
        value, inline = element.child("s:v"), element.child("s:is")
        if element.child("s:f"):
            return kind == "str" and value is not None and any(map(str.isalpha, value.text))
        if kind == "s" and value is not None:
            number = value.text.strip()
            if (
                number.isascii()
                and number.isdecimal()
                and len(number) < 10
                and int(number) < len(self._strings)
            ):
                self._uses[int(number)].append(Cell(sheet, *place, self._texts[int(number)]))
        elif kind == "inlineStr" and inline is not None:
            self._inline.append((part, inline, Cell(sheet, *place, _text(inline))))
        return False

    def _translate(self, part: Part, element: Element, cells: list[Cell]) -> None:
        """Make a text a passage, or say why it is left."""
        text, place = cells[0].text, cells[0].place
        if not any(map(str.isalpha, text)) or not self._chosen.intersection(cells):
            return
        others = [cell for cell in cells if cell not in self._chosen]
        if text.strip() in self._fixed or text in self._fixed:
            self.left.append(
                Left(place=place, why=f"{_short(text)}, which a formula, a filter or a table names")
            )
        elif others:
            self.left.append(Left(place=place, why=f"{_short(text)}, which {others[0].place} shares"))
        elif _ESCAPE.search(text):
            self.left.append(Left(place=place, why="a text with control characters"))
        else:
            inner = (element.inner, element.close)
            part.passages.append(passage(inner, _items(element, part.data), place))
            if part not in self.parts:
                self.parts.append(part)


def _sheets(package: Package) -> Iterator[tuple[str, str]]:
    """Yield the sheets with cells and their names, in the order of the workbook."""
    main = package.of_kind(*_MAIN)[0]
    relations = package.relations(main)
    known = package.of_kind("spreadsheetml.worksheet+xml")
    for element in package.part(main).root.walk():
        name = relations.get(element.attributes.get("r:id", ""), "")
        if element.name == "s:sheet" and name in known:
            known.remove(name)
            yield name, element.attributes.get("name", name)


def _named_elsewhere(package: Package) -> set[str]:
    """Return the texts that tables, pivot tables and names of formulas depend on."""
    named: set[str] = set()
    formulas: list[str] = []
    for name in package.of_kind("spreadsheetml.table+xml", "spreadsheetml.pivotCacheDefinition+xml", *_MAIN):
        for element in package.part(name).root.walk():
            if element.name in ("s:tableColumn", "s:cacheField"):
                named.add(re.sub(r"_x000[aAdD]_", "\n", element.attributes.get("name", "")).strip())
            elif element.name == "s:s" and "v" in element.attributes:
                named.add(element.attributes["v"])
            elif element.name in ("s:definedName", "s:calculatedColumnFormula"):
                formulas.append(element.text)
    return (named | literals(formulas)) - {""}


def _text(element: Element) -> str:
    """Return the text of a string, without the readings of its characters."""
    parts = [element, *(child for child in element.elements if child.name == "s:r")]
    return "".join(child.text for part in parts for child in part.elements if child.name == "s:t")


def _items(element: Element, data: bytes) -> list[Inline]:
    """Return the runs of a string; each line is a text."""
    items: list[Inline] = []
    for child in element.elements:
        text = child if child.name == "s:t" else child.child("s:t")
        if text is None or child.name not in ("s:t", "s:r"):
            continue
        named = ooxml.prefix(text, data) + b"t"
        opening, closing = b"<" + named + b' xml:space="preserve">', b"</" + named + b">"
        look = Look(b"plain", (opening,), (closing,))
        if child is not text:
            properties = child.child("s:rPr")
            start, end = (child.start, text.start), (text.end, child.end)
            key = data[properties.inner : properties.close] if properties else b""
            look = Look(key, (start, opening), (closing, end))
        for number, line in enumerate(text.text.split("\n")):
            items += [Run(LINE_END, look)] * bool(number) + [Run(line, look)] * bool(line)
    return items


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 40 else line[:39] + "…")
