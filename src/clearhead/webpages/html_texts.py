"""Where the texts of a page stand: in its blocks and in attributes, and not in what is untouched."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html.entities import html5

from clearhead.segments.segment import Left, Segment
from clearhead.segments.template import Language, Slot, Template
from clearhead.webpages import html_elements as elements
from clearhead.webpages.html_attributes import (
    Value,
    is_untranslatable,
    primary,
    read_by_people,
    values,
)
from clearhead.webpages.html_stack import OpenElements
from clearhead.webpages.html_tokens import Token, tokens
from clearhead.webpages.pieces import Kind, Piece, Run, TooMany, texts

_REFERENCE = re.compile(r"&([A-Za-z][\w.-]*;)")


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A page as a template, whose slots are its texts."""

    template: Template
    slots: tuple[Slot, ...]
    left: tuple[Left, ...]


def texts_of(
    source: str, *, xml: bool, first_line: int = 0, untouched: frozenset[str] = frozenset()
) -> Texts:
    """Return the texts of a page of HTML, or of XHTML as `xml`; before it there are `first_line` lines.

    The content of `untouched` elements, named in small letters, stays as it is, besides that of code and scripts.
    """
    reader = _Reader(source, xml=xml, first_line=first_line, untouched=untouched)
    reader.read()
    return Texts(template=tuple(reader.template), slots=tuple(reader.slots), left=tuple(reader.left))


@dataclass(frozen=True, slots=True)
class _Untouched:
    """An element that stays as it is, or what of it follows a `translate="yes"` within it."""

    name: str
    depth: int
    tag: Template
    start: int
    """Where it begins in the source."""
    content: int
    """Where its content begins."""
    by_attribute: bool


class _Reader:
    """What is known of a page while its tokens go by."""

    def __init__(self, source: str, *, xml: bool, first_line: int, untouched: frozenset[str]) -> None:
        self.template: list[str | int | Language] = []
        self.slots: list[Slot] = []
        self.left: list[Left] = []
        self._source, self._xml, self._first_line = source, xml, first_line
        self._never_touched = elements.UNTOUCHED | untouched
        self._line: list[Piece] = []  # what stands in the line of text that is being read
        self._open = OpenElements(xml=xml)
        self._untouched: _Untouched | None = None
        self._outer: list[
            tuple[int, _Untouched]
        ] = []  # depths of `translate="yes"` and what is untouched around
        self._language: str | None = None
        self._line_ends = [match.start() for match in re.finditer("\n", source)]
        self._escape = _escape_xml if xml else _escape_html

    def read(self) -> None:
        """Read the source from its beginning to its end."""
        for token in tokens(self._source, xml=self._xml):
            if token.kind == "start":
                self._start(token)
            elif token.kind == "end":
                self._end(token)
            elif self._untouched is None:
                self._characters(token)
        if self._untouched:
            why = f"<{self._untouched.name}> does not end, so it may hold all that follows"
            self.left.append(Left(place=self._place(self._untouched.start), why=why))
            self._finish(len(self._source), whole=False)
        self._flush()

    def _place(self, start: int) -> str:
        return f"line {bisect_right(self._line_ends, start - 1) + 1 + self._first_line}"

    def _characters(self, token: Token) -> None:
        """Add text, or a comment, to the line."""
        source = self._source[token.start : token.end]
        if token.kind == "other":
            self._line.append(Piece("unseen", (source,), token.start))
            return
        unknown = self._xml and next((name for name in _REFERENCE.findall(source) if name not in html5), None)
        if unknown:
            self._flush()
            self.template.append(source)
            self.left.append(
                Left(place=self._place(token.start), why=f"what &{unknown} stands for is not known")
            )
        else:
            self._line.append(Piece("text", (source,), token.start, text=html.unescape(source)))

    def _start(self, token: Token) -> None:
        name, empty = token.name.lower(), self._is_empty(token)
        implied = self._open.ended_before(name)
        if implied is not None:
            self._close(implied, token.start)
            self._resume(token.start)
        said = values(token, self._source)
        if name == "html" and not self._untouched:
            self._language = primary(said.get("lang") or said.get("xml:lang"))
        stays = is_untranslatable(said, self._language)
        if self._untouched and not self._is_touched_again(said, empty):
            self._push(token, empty)
            return
        if self._untouched:
            self._outer.append((len(self._open), self._untouched))
            self._finish(token.start, whole=False)
        if name in elements.BLOCKS:
            self._flush()
        tag = (self._source[token.start : token.end],) if stays else self._tag(token, said)
        if not empty and (stays or name in self._never_touched):
            self._untouched = _Untouched(name, len(self._open), tag, token.start, token.end, stays)
        else:
            self._add(Piece(_kind(name, empty), tag, token.start, token.name))
        self._push(token, empty)

    def _end(self, token: Token) -> None:
        depth = self._open.ended_by(token.name)
        if self._untouched and depth == self._untouched.depth:
            self._open.cut(depth)
            self._finish(token.end, whole=True)
            return
        if depth is not None:
            self._close(depth, token.start)
        if self._untouched:
            return
        name = token.name.lower()
        kind: Kind = "break" if name == "br" else "close"
        self._add(Piece(kind, (self._source[token.start : token.end],), token.start, token.name))
        self._resume(token.end)

    def _is_empty(self, token: Token) -> bool:
        """Say whether a start tag begins nothing that would end."""
        if self._xml:
            return token.closed
        foreign = token.name in ("svg", "math") or "svg" in self._open or "math" in self._open
        return token.closed if foreign else token.name in elements.VOID

    def _is_touched_again(self, said: Mapping[str, str], empty: bool) -> bool:
        """Say whether an element within what is untouched is to be translated."""
        return (
            self._untouched is not None
            and self._untouched.by_attribute
            and not empty
            and said.get("translate", "").lower() == "yes"
        )

    def _push(self, token: Token, empty: bool) -> None:
        if not empty:
            self._open.push(token.name)

    def _add(self, piece: Piece) -> None:
        """Add a tag: of a block beside the line of text, of others to it."""
        if piece.name.lower() in elements.BLOCKS:
            self._flush()
            self.template += piece.template
        else:
            self._line.append(piece)

    def _close(self, depth: int, place: int) -> None:
        """Close elements down to a depth; what is untouched within them ends at a place of the source."""
        self._open.cut(depth)
        if self._untouched and depth <= self._untouched.depth:
            self._finish(place, whole=False)

    def _resume(self, place: int) -> None:
        """Go on leaving untouched what is around a `translate="yes"` that has ended."""
        while self._outer and len(self._open) <= self._outer[-1][0]:
            outer = self._outer.pop()[1]
            if len(self._open) > outer.depth:
                self._flush()
                self._untouched = replace(outer, tag=(), start=place, content=place)
                return

    def _finish(self, end: int, *, whole: bool) -> None:
        """Add what is untouched up to a place: what is whole moves with the words around it, other parts do not."""
        assert self._untouched
        untouched, self._untouched = self._untouched, None
        source = (*untouched.tag, self._source[untouched.content : end])
        if whole and untouched.tag and untouched.name not in elements.BLOCKS:
            self._line.append(Piece(_kind(untouched.name, True), source, untouched.start))
        else:
            self._flush()
            self.template += source

    def _tag(self, token: Token, said: Mapping[str, str]) -> Template:
        """Return a start tag as a template: its texts are slots, and it names the language where it did."""
        if not said and token.name.lower() != "html":
            return (self._source[token.start : token.end],)
        parts: list[str | int | Language] = []
        place = token.start
        for start, end, part in sorted(self._gaps(token, said), key=lambda gap: gap[0]):
            parts += [self._source[place:start], part]
            place = end
        return (*parts, self._source[place : token.end])

    def _gaps(self, token: Token, said: Mapping[str, str]) -> Iterator[tuple[int, int, int | Language]]:
        """Yield the parts of a start tag that a translation changes."""
        for attribute in read_by_people(token, said):
            source = self._source[attribute.start : attribute.end]
            segment = Segment(text=" ".join(said[attribute.name].split()), place=self._place(attribute.start))
            self.slots.append(
                Value(segment=segment, source=source, quote=attribute.quote, escape=self._escape)
            )
            yield attribute.start, attribute.end, len(self.slots) - 1
        languages = [attribute for attribute in token.attributes if attribute.name in ("lang", "xml:lang")]
        for attribute in languages:
            if said[attribute.name] and primary(said[attribute.name]) == self._language:
                source = self._source[attribute.start : attribute.end]
                yield attribute.start, attribute.end, Language(source)
        if token.name.lower() == "html" and not languages:
            place = token.start + len("<html")
            yield place, place, Language("", ' lang="', '"')
            if self._xml:
                yield place, place, Language("", ' xml:lang="', '"')

    def _flush(self) -> None:
        """End the line of text."""
        if not self._line:
            return
        for part in texts(self._line, self._place, self._escape):
            if isinstance(part, Run):
                self.template.append(len(self.slots))
                self.slots.append(part)
                continue
            if isinstance(part, TooMany):
                self.left.append(part.left)
            self.template += part.template if isinstance(part, TooMany) else part
        self._line = []


def _kind(name: str, empty: bool) -> Kind:
    """Return what a start tag is in a line of text."""
    if name == "br":
        return "break"
    if not empty:
        return "open"
    return "unseen" if name in elements.UNSEEN else "object"


def _escape_html(text: str) -> str:
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _escape_xml(text: str) -> str:
    return html.escape(text, quote=False).replace("\xa0", "&#160;")
