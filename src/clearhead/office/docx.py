"""Word documents (.docx, .dotx): body, headers, footers, notes, text boxes, tables; see `office` for what stays.

Paragraphs with tracked changes, fields over several paragraphs and locked controls are left; comments stay as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clearhead.office import ooxml
from clearhead.office.package import OfficeDocument, Part, Passage, Stated, passage, with_region
from clearhead.office.rich_text import Group, Inline, Look, Mark, Run
from clearhead.office.xml_source import Bytes, Element
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left

_MAIN = ("wordprocessingml.document.main+xml", "wordprocessingml.template.main+xml")
_AROUND = tuple(f"wordprocessingml.{kind}+xml" for kind in ("header", "footer", "footnotes", "endnotes"))
_TRACKED = {"w:ins", "w:del", "w:moveFrom", "w:moveTo", "w:delText"}
_UNSEEN = {"w:lang", "w:noProof", "w:rPrChange"}
"""Properties of a run that do not change how it looks."""
_NOTHING = {"w:rPr", "w:proofErr", "w:lastRenderedPageBreak", "w:softHyphen"}
_RANGES = ("bookmark", "commentRange", "perm", "moveFromRange", "moveToRange")
_MOST_RANGES = 50
"""In a paragraph that are moved with their text, for they may stand within each other; of more, each end is a mark."""
_HOLDERS = {"w:hyperlink", "w:smartTag", "w:customXml", "w:dir", "w:bdo", "w:sdt"}
_BOX = frozenset({"w:txbxContent"})


@dataclass(frozen=True)
class _Field:
    """A sign of a field within a run: where it begins, is parted from its result, or ends; or its instruction."""

    kind: str
    run: Element
    text: str = ""


@dataclass(frozen=True)
class _Edge:
    """One end of a range, such as a bookmark."""

    range: str
    is_start: bool
    mark: Mark


class _LeftError(Exception):
    """A paragraph is left as it was, with the reason."""


def read(data: bytes, reading: Reading) -> OfficeDocument:
    """Return a Word document. Raises DocumentError for what is none, or is not safe to read."""
    package = ooxml.package(data, "Word", _MAIN)
    left = ooxml.signatures(package)
    parts = []
    for name in package.of_kind(*_MAIN, *_AROUND):
        part = package.part(name)
        label = "" if package.kinds[name].endswith(_MAIN) else f"{name.split('/')[-1]}, "
        _Story(part, label).read(left)
        parts.append(part)
    parts += ooxml.drawn(package)
    for name in package.of_kind("wordprocessingml.styles+xml"):
        part = package.part(name)
        part.stated += _languages(part.root)
        parts.append(part)
    for name in package.of_kind("wordprocessingml.settings+xml"):
        protection = package.part(name).root.child("w:documentProtection")
        if protection and protection.attributes.get("w:enforcement") in ("1", "true", "on"):
            left.append(Left(place="the document", why="its protection, which still restricts editing"))
    return OfficeDocument(package.archive, parts, left)


def _languages(root: Element, passed_over: frozenset[str] = frozenset()) -> Iterator[Stated]:
    """Yield the tags that name a language, but those that say there is none."""
    for element in root.walk(passed_over):
        if element.name == "w:lang" and element.attributes.get("w:val", "x-none") not in ("x-none", "zxx"):
            yield Stated((element.start, element.inner), (("val", with_region),))


class _Story:
    """A flow of paragraphs, such as the body or a header."""

    def __init__(self, part: Part, label: str) -> None:
        self._part, self._label = part, label
        self._open_fields = 0

    def read(self, left: list[Left]) -> None:
        """Give the part its paragraphs; what is left goes to `left`, runs of the same reason once."""
        last = None
        paragraphs = (element for element in self._part.root.walk() if element.name == "w:p")
        for number, element in enumerate(paragraphs, start=1):
            place = f"{self._label}paragraph {number}"
            try:
                found = self._passage(element, place, left)
            except _LeftError as error:
                if str(error) != last:
                    left.append(Left(place=place, why=str(error)))
                last = str(error)
                continue
            if found:
                self._part.passages.append(found)
                last = None

    def _passage(self, paragraph: Element, place: str, left: list[Left]) -> Passage | None:
        inner = [child for child in paragraph.elements if child.name != "w:pPr"]
        was_open = self._count_fields(paragraph)
        if not inner or not any(element.name == "w:t" for element in paragraph.walk(_BOX)):
            return None
        if any(element.name in _TRACKED for element in paragraph.walk(_BOX)):
            raise _LeftError("tracked changes; accept or reject them first")
        if was_open or self._open_fields:
            raise _LeftError(
                "a field over several paragraphs, such as a table of contents; update it in Word"
            )
        content = _Content(self._part.data)
        items = content.items(inner)
        left += [Left(place=place, why=why) for why in content.left]
        return passage((inner[0].start, inner[-1].end), items, place, list(_languages(paragraph, _BOX)))

    def _count_fields(self, paragraph: Element) -> int:
        """Keep how many fields are open, and return how many were before."""
        before = self._open_fields
        for element in paragraph.walk(_BOX):
            if element.name == "w:fldChar":
                kind = element.attributes.get("w:fldCharType")
                self._open_fields += {"begin": 1, "end": -1}.get(kind or "", 0)
        self._open_fields = max(self._open_fields, 0)
        return before


class _Content:
    """The content of one paragraph as items, and what of it is left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ranges_left = _MOST_RANGES
        self.left: list[str] = []

    def items(self, elements: Sequence[Element]) -> list[Inline]:
        """Return elements as items, with fields and ranges put together."""
        return self._with_ranges(
            self._with_fields([item for element in elements for item in self._inline(element)])
        )

    def _inline(self, element: Element) -> "list[Inline | _Field | _Edge]":
        mark = Mark((ooxml.whole(element),))
        if element.name == "w:r":
            return self._run(element)
        if element.name in _NOTHING:
            return []
        if element.name in _HOLDERS:
            return [self._held(element, mark)]
        if element.name.startswith("m:oMath"):
            self.left.append("an equation")
        if element.name == "w:fldSimple":
            self._leave_result(element.attributes.get("w:instr", ""), element.text)
        local = element.name.removeprefix("w:")
        for kind in _RANGES:
            if local in (f"{kind}Start", f"{kind}End"):
                identity = f"{kind} {element.attributes.get('w:id')}"
                return [_Edge(identity, local.endswith("Start"), mark)]
        return [mark]

    def _held(self, element: Element, mark: Mark) -> Inline:
        """Return what holds runs as a group; a control that is locked or filled from elsewhere as a mark."""
        holder = element
        if element.name == "w:sdt":
            properties, content = element.child("w:sdtPr"), element.child("w:sdtContent")
            names = {child.name: child for child in properties.elements} if properties else {}
            lock = names["w:lock"].attributes.get("w:val", "") if "w:lock" in names else ""
            if content is None or "ontentLocked" in lock or "w:dataBinding" in names:
                if any(map(str.isalpha, element.text)):
                    self.left.append("a control whose content is locked or comes from elsewhere")
                return mark
            holder = content
        inner = [child for child in holder.elements if not child.name.endswith("Pr")]
        if not inner:
            return mark
        return Group(
            ((element.start, inner[0].start),),
            tuple(self.items(inner)),
            ((inner[-1].end, element.end),),
            has_own_look=element.name == "w:hyperlink",
        )

    def _run(self, run: Element) -> "list[Inline | _Field | _Edge]":
        properties = run.child("w:rPr")
        opening: tuple[Bytes, ...] = ((run.start, properties.end if properties else run.inner),)
        closing: Bytes = (run.close, run.end)
        named = ooxml.prefix(run, self._data) + b"t"
        key = b"".join(
            self._data[element.start : element.end]
            for element in (properties.elements if properties else ())
            if element.name not in _UNSEEN
        )
        look = Look(
            key,
            (*opening, b"<" + named + b' xml:space="preserve">'),
            (b"</" + named + b">", closing),
        )
        items: list[Inline | _Field | _Edge] = []
        for child in run.elements:
            if child.name == "w:t":
                items.append(Run(_text(child), look))
            elif child.name == "w:noBreakHyphen":
                items.append(Run("\N{NON-BREAKING HYPHEN}", look))
            elif child.name == "w:fldChar":
                items.append(_Field(child.attributes.get("w:fldCharType", ""), run))
            elif child.name == "w:instrText":
                items.append(_Field("instruction", run, child.text))
            elif child.name not in _NOTHING:
                items.append(Mark((*opening, ooxml.whole(child), closing), _kind(child)))
        return items

    def _with_fields(self, items: "list[Inline | _Field | _Edge]") -> "list[Inline | _Edge]":
        """Return items with each field put together: a link as a group, any other as a mark."""
        out: list[Inline | _Edge] = []
        place = 0
        while place < len(items):
            item = items[place]
            if isinstance(item, _Field):
                end = _end_of_field(items, place)
                out += self._field(items[place : end + 1])
                place = end
            else:
                out.append(item)
            place += 1
        return out

    def _field(self, items: "list[Inline | _Field | _Edge]") -> "list[Inline | _Edge]":
        first, last = items[0], items[-1]
        assert isinstance(first, _Field)
        assert isinstance(last, _Field)
        signs = [item for item in items if isinstance(item, _Field)]
        instruction = "".join(sign.text for sign in signs)
        parted = [
            number
            for number, item in enumerate(items)
            if isinstance(item, _Field) and item.kind == "separate"
        ]
        is_simple = sum(sign.kind == "begin" for sign in signs) == 1
        if instruction.split()[:1] == ["HYPERLINK"] and len(parted) == 1 and is_simple:
            separate = items[parted[0]]
            assert isinstance(separate, _Field)
            if _ends_with(separate) and _begins_with(last) and _ends_with(last) and _begins_with(first):
                inner = self._with_ranges(
                    [item for item in items[parted[0] + 1 : -1] if not isinstance(item, _Field)]
                )
                opening, closing = (first.run.start, separate.run.end), (last.run.start, last.run.end)
                return [Group((opening,), tuple(inner), (closing,), has_own_look=True)]
        if not (_begins_with(first) and _ends_with(last)):
            raise _LeftError("a field within a run of text")
        self._leave_result(
            instruction, "".join(item.text for item in items[(parted or [0])[-1] :] if isinstance(item, Run))
        )
        return [Mark(((first.run.start, last.run.end),))]

    def _leave_result(self, instruction: str, result: str) -> None:
        if any(map(str.isalpha, result)):
            self.left.append(f"the field {(instruction.split() or ['without a name'])[0]}, which Word fills")

    def _with_ranges(self, items: "Sequence[Inline | _Edge]") -> list[Inline]:
        """Return items with each range put together that begins and ends here; of others, a mark at either end."""
        ends = {
            item.range: place
            for place, item in enumerate(items)
            if isinstance(item, _Edge) and not item.is_start
        }
        out: list[Inline] = []
        place = 0
        while place < len(items):
            item = items[place]
            if isinstance(item, _Edge):
                end = ends.get(item.range, -1) if item.is_start else -1
                if end > place and self._ranges_left:
                    self._ranges_left -= 1
                    other = items[end]
                    assert isinstance(other, _Edge)
                    inner = self._with_ranges(items[place + 1 : end])
                    out.append(Group(item.mark.parts, tuple(inner), other.mark.parts))
                    place = end
                else:
                    out.append(item.mark)
            else:
                out.append(item)
            place += 1
        return out


def _text(element: Element) -> str:
    text = element.text.replace("\n", " ")
    return text if element.attributes.get("xml:space") == "preserve" else text.strip()


def _kind(element: Element) -> str:
    """Return what a mark of a run is to the text around it."""
    if element.name in ("w:tab", "w:ptab"):
        return "gap"
    if element.name == "w:br":
        return "break" if element.attributes.get("w:type", "textWrapping") == "textWrapping" else "gap"
    return "break" if element.name == "w:cr" else "mark"


def _end_of_field(items: "list[Inline | _Field | _Edge]", start: int) -> int:
    depth = 0
    for place in range(start, len(items)):
        item = items[place]
        if isinstance(item, _Field):
            depth += {"begin": 1, "end": -1}.get(item.kind, 0)
            if depth <= 0:
                break
    else:
        raise _LeftError("a field that does not end")
    first = items[start]
    assert isinstance(first, _Field)
    if first.kind != "begin":
        raise _LeftError("a field that does not begin")
    return place


def _begins_with(sign: _Field) -> bool:
    """Say whether a run begins with a sign of this kind."""
    first = next((child for child in sign.run.elements if child.name not in _NOTHING), None)
    return first is not None and first.attributes.get("w:fldCharType") == sign.kind


def _ends_with(sign: _Field) -> bool:
    last = sign.run.elements[-1]
    return last.attributes.get("w:fldCharType") == sign.kind
