"""XLIFF 1.2 and 2.0: units without a target get one, with its language and state; all else stays byte for byte.

A unit also counts as untranslated whose target is empty or whose state says that it is new. Inline elements come into
the target as they are in the source: g, pc, mrk and pairs of codes around the words that came from theirs, all others
whole. A target made here is for a person to review: `needs-review-translation` and `leveraged-mt` in 1.2, `translated`
in 2.0.
"""

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from clearhead.errors import DocumentError
from clearhead.segments.decoded import decoded
from clearhead.segments.fields import spliced
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment
from clearhead.strings.xliff_units import Element, Text, Unit, Units, bare
from clearhead.text.language_codes import same

_DECLARED = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_WIDEST = 200
"""Bytes before an element in which its indent is looked for."""
_MOST_TAGS = 200
_SUB_STATE = re.compile(rb"""\ssubState\s*=\s*(?:"[^"]*"|'[^']*')""")
_NEW = {"new", "needs-translation", "initial"}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Xliff:
    """An XLIFF file with units to translate."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        head = data[:200].decode("latin-1").replace("\0", "")
        declared = _DECLARED.search(head)
        self._file = decoded(
            data, declared[1] if declared and "\0" not in data[:4].decode("latin-1") else None
        )
        found = Units(self._file.text.encode("utf-8", "surrogatepass"))
        if found.root is None:
            raise DocumentError("it is empty; give an XLIFF file")
        self._data, self._root = found.data, found.root
        self._is_2 = found.root.attributes.get("version", "").startswith("2.")
        self._everything = reading.everything
        self._texts: list[tuple[Unit, Text, str, str]] = []
        self.segments: list[Segment] = []
        self.left: list[Left] = []
        self._kept = 0
        for unit in found.units:
            self._take(unit)

    def _take(self, unit: Unit) -> None:
        """Make segments of a unit that is to be translated."""
        if unit.source is None or not unit.source.translate:
            return
        if not _is_untranslated(unit, is_2=self._is_2) and not self._everything:
            self._kept += 1
            return
        place = f"line {unit.element.line}, unit {unit.identifier[:80]}"
        for text in unit.texts:
            joined, tags, before, after = bare(text, preserve=unit.source.preserve)
            if len(tags) > _MOST_TAGS:
                why = f"it has {len(tags):,} inline elements, and at most {_MOST_TAGS} can be placed"
                self.left.append(Left(place=place, why=why))
            elif any(map(str.isalpha, joined)):
                self._texts.append((unit, text, before, after))
                self.segments.append(Segment(text=joined, tags=tuple(tags), place=place))

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its targets."""
        parts: dict[int, tuple[Unit, list[tuple[int, int, bytes]]]] = {}
        for (unit, text, before, after), segment, translation in zip(
            self._texts, self.segments, translations, strict=True
        ):
            replaced = parts.setdefault(id(unit), (unit, []))[1]
            if translation is not None and translation != segment:
                content = _escaped(before) + _woven(translation, text) + _escaped(after)
                replaced.append((text.start, text.end, content))
        changed = [(unit, replaced) for unit, replaced in parts.values() if replaced]
        if not changed:
            return self._file.encoded(self._file.text)
        changes = [change for unit, replaced in changed for change in self._target(unit, replaced, to)]
        changes += self._languages([unit for unit, _ in changed], to)
        return self._encoded(spliced(self._data, sorted(changes)).decode("utf-8", "surrogatepass"))

    def _encoded(self, text: str) -> bytes:
        """Return the bytes of a text; a character that the encoding of the file lacks becomes a reference."""
        return self._file.mark + text.encode(self._file.encoding, "xmlcharrefreplace")

    def _target(
        self, unit: Unit, replaced: Sequence[tuple[int, int, bytes]], to: str | None
    ) -> Iterator[tuple[int, int, bytes]]:
        """Yield what changes for the target of a unit."""
        source, holds, target = unit.source, unit.holds, unit.target
        assert source is not None
        assert holds is not None
        shifted = [(start - holds.content, end - holds.content, new) for start, end, new in replaced]
        content = spliced(self._data[holds.content : holds.content_end], shifted)
        name = source.name.removesuffix("source").encode() + b"target"
        tag = b"<" + name + b">"
        if space := source.attributes.get("xml:space"):
            tag = with_attribute(tag, "xml:space", space)
        if target is not None:
            tag = (
                self._data[target.start : target.content].removesuffix(b"/>").rstrip().removesuffix(b">")
                + b">"
            )
            if to is not None and not same(target.attributes.get("xml:lang", to), to):
                tag = with_attribute(tag, "xml:lang", to)
        if self._is_2:
            # A subState belongs to the state that it was given with (2.0, § 4.3.1.26).
            unit_tag = _SUB_STATE.sub(b"", self._data[unit.element.start : unit.element.content])
            yield unit.element.start, unit.element.content, with_attribute(unit_tag, "state", "translated")
        else:
            tag = with_attribute(tag, "state", "needs-review-translation")
            tag = with_attribute(tag, "state-qualifier", "leveraged-mt")
            if unit.element.attributes.get("approved") == "yes":
                unit_tag = self._data[unit.element.start : unit.element.content]
                yield unit.element.start, unit.element.content, with_attribute(unit_tag, "approved", "no")
        whole = tag + content + b"</" + name + b">"
        if target is None:
            yield holds.end, holds.end, self._indent(source) + whole
        else:
            yield target.start, target.end, whole

    def _indent(self, element: Element) -> bytes:
        """Return the line end and white space before an element; nothing where it has none of its own."""
        line = self._data.rfind(b"\n", max(0, element.start - _WIDEST), element.start) + 1
        before = self._data[line : element.start]
        if before.strip() or not line:
            return b""
        return (b"\r\n" if self._data[line - 2 : line] == b"\r\n" else b"\n") + before

    def _languages(self, units: Sequence[Unit], to: str | None) -> Iterator[tuple[int, int, bytes]]:
        """Yield the tags that name the language of the targets, with that language."""
        if to is None:
            return
        name = "trgLang" if self._is_2 else "target-language"
        holders = [self._root] if self._is_2 else [unit.file for unit in units]
        for element in {id(holder): holder for holder in holders}.values():
            held = element.attributes.get(name, "")
            if held and same(held, to):
                continue
            if held and self._kept:
                why = f"it says {name} {held}, and the new targets are in {to}"
                self.left.append(Left(place=f"line {element.line}", why=why))
                continue
            tag = self._data[element.start : element.content]
            yield element.start, element.content, with_attribute(tag, name, to)


def read(data: bytes, reading: Reading) -> Xliff:
    """Return an XLIFF file as a document. Raises DocumentError, with the line, for what is not XLIFF or not safe."""
    return Xliff(data, reading)


def _is_untranslated(unit: Unit, *, is_2: bool) -> bool:
    """Say whether a unit has no translation yet."""
    if unit.target is None or not unit.target_text.strip():
        return True
    holder = unit.element if is_2 else unit.target
    return holder.attributes.get("state") in _NEW


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """Return a start tag with an attribute set."""
    new = escape(value, {'"': "&quot;"}).encode()
    pattern = re.compile(rb"(\s" + name.encode() + rb"""\s*=\s*)(?:"[^"]*"|'[^']*')""")
    if pattern.search(tag):
        return pattern.sub(lambda match: match[1] + b'"' + new + b'"', tag, count=1)
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + b" " + name.encode() + b'="' + new + b'"' + tag[end:]


def _woven(translation: Marked, text: Text) -> bytes:
    """Return a translation as the content of an element."""
    woven = translation.woven(
        lambda number: text.raw[number][0].decode("utf-8", "surrogatepass"),
        lambda number: text.raw[number][1].decode("utf-8", "surrogatepass"),
        lambda part: _escaped(part).decode(),
    )
    return woven.encode("utf-8", "surrogatepass")


def _escaped(text: str) -> bytes:
    return escape(_ILLEGAL.sub("", text)).encode()
