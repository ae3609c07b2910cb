"""Pieces of a line of text with its inline markup, and the texts to translate that they make.

A text goes from one boundary to the next. Markup that opens and closes within it becomes its tags; markup that does
not, because it is broken or goes over a boundary, is itself a boundary, so that what nests is always what was read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from clearhead.segments.segment import Left, Marked, Segment, Tag
from clearhead.segments.template import Template

MOST_TAGS = 200
"""Tags of one text; no person writes more, and what moves them looks at each pair."""

_SPACE = re.compile(r"[ \t\n\f\r]+")
_BLANK = " \t\n\f\r\xa0"
_BLANKS = ("&nbsp;", "&#160;", "&#xa0;", "&#xA0;")
_BEFORE = re.compile(rf"(?:[{_BLANK}]|{'|'.join(_BLANKS)})*+")
_SENTENCE_END = re.compile(r"[.!?:;。！？…][\"'»”’)\]]*\s*\Z")
_NO_SPACE_BEFORE = tuple(".,;:!?)]}»”…。，")


Kind = Literal["text", "open", "close", "object", "unseen", "break"]
"""Text; markup that opens or closes; something in the line such as a picture or code; something that takes no room,
such as a comment; the end of a line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of a source in a line of text."""

    kind: Kind
    template: Template
    place: int
    """Where it begins in the source."""
    name: str = ""
    text: str = ""
    """What a reader reads there: of text, with all that stands for other characters decoded."""
    changed: Template | None = None
    """What markup that closes becomes where the text that it closes is another one, if not the same."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A text to translate, with the source of its tags."""

    segment: Segment
    original: Template
    openings: tuple[Template, ...]
    closings: tuple[Template, ...]
    spaced: tuple[tuple[bool, bool], ...]
    """Of each tag without content: whether white space stood before it and after it."""
    escape: Callable[[str], str]

    def written(self, translation: Marked, fill: Callable[[Template], str]) -> str:
        """Return the source of a translation."""

        last = 0  # where the object before stands

        def is_nothing(number: int) -> bool:
            """Say whether markup such as Markdown's `**`, which cannot be empty, would enclose nothing."""
            tag = translation.tags[number]
            return tag.start == tag.end and self.closings[number] == self.openings[number]

        def opening(number: int) -> str:
            nonlocal last
            tag, (before, after) = translation.tags[number], self.spaced[number]
            source = "" if is_nothing(number) else fill(self.openings[number])
            if before and tag.start and (tag.start == last or not translation.text[tag.start - 1].isspace()):
                source = " " + source
            following = translation.text[tag.end : tag.end + 1]
            if after and following and not following.isspace():
                source += "" if following in _NO_SPACE_BEFORE else " "
            last = tag.start if before or after else last
            return source

        def closing(number: int) -> str:
            return "" if is_nothing(number) else fill(self.closings[number])

        return translation.woven(opening, closing, self.escape)


@dataclass(frozen=True)
class TooMany:
    """A text that is left, since it has more tags than are moved."""

    template: Template
    left: Left


def texts(
    pieces: Sequence[Piece], place: Callable[[int], str], escape: Callable[[str], str]
) -> Iterator[Template | Run | TooMany]:
    """Yield what pieces are, in their order: characters that stay, and texts to translate.

    `place` names a place of the source for people, `escape` writes characters of a translation.
    """
    boundaries = _boundaries(pieces)
    start = 0
    for end in [*sorted(boundaries), len(pieces)]:
        yield from _text(pieces[start:end], place, escape)
        if end < len(pieces):
            yield pieces[end].template
        start = end + 1


def _boundaries(pieces: Sequence[Piece]) -> set[int]:
    """Return which pieces part texts: markup that does not nest, ends of lines that are ends of texts."""
    pairs = _pairs(pieces)
    partners = {number for pair in pairs for number in pair}
    boundaries = {
        number
        for number, piece in enumerate(pieces)
        if (piece.kind in ("open", "close") and number not in partners) or _parts(pieces, number)
    }
    counts = [0]
    for number in range(len(pieces)):
        counts.append(counts[-1] + (number in boundaries))
    for opened, closed in pairs:  # markup around a boundary cannot be in one text
        if counts[closed] > counts[opened + 1]:
            boundaries |= {opened, closed}
    return boundaries


def _pairs(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return which pieces open and close the same markup."""
    pairs, stack = [], []
    open_names: dict[str, int] = {}
    for number, piece in enumerate(pieces):
        if piece.kind == "open":
            stack.append(number)
            open_names[piece.name] = open_names.get(piece.name, 0) + 1
        elif piece.kind == "close" and open_names.get(piece.name):
            while True:
                opened = stack.pop()
                open_names[pieces[opened].name] -= 1
                if pieces[opened].name == piece.name:
                    pairs.append((opened, number))
                    break
    return pairs


def _parts(pieces: Sequence[Piece], number: int) -> bool:
    """Say whether the end of a line ends a text: after a sentence, or beside another one."""
    if pieces[number].kind != "break":
        return False
    before = number - 1
    while before >= 0 and pieces[before].kind in ("open", "close", "unseen"):
        before -= 1
    if before >= 0 and pieces[before].kind == "text":
        return not pieces[before].text.strip() or bool(
            _SENTENCE_END.search(pieces[before].text.rstrip()[-8:])
        )
    neighbours = [pieces[number].kind for number in (before, number + 1) if 0 <= number < len(pieces)]
    return "break" in neighbours


def _text(
    pieces: Sequence[Piece], place: Callable[[int], str], escape: Callable[[str], str]
) -> Iterator[Template | Run | TooMany]:
    """Yield the text of some pieces, and before and after it what belongs to no text."""
    first, last = _within(pieces)
    inner = list(pieces[first:last])
    if not any(piece.kind == "text" and any(map(str.isalpha, piece.text)) for piece in inner):
        yield _joined(pieces)
        return
    tags = sum(piece.kind not in ("text", "close") for piece in inner)
    if tags > MOST_TAGS:
        why = f"{tags:,} tags in one text; at most {MOST_TAGS} are moved"
        yield TooMany(_joined(pieces), Left(place=place(pieces[0].place), why=why))
        return
    before, inner[0] = _cut_before(inner[0])
    inner[-1], after = _cut_after(inner[-1])
    yield (*_joined(pieces[:first]), before)
    yield _run(inner, place, escape)
    yield (after, *_joined(pieces[last:]))


def _within(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return where a text begins and ends: without objects at its ends, and without markup around all of it."""
    partner = {number: other for pair in _pairs(pieces) for number, other in (pair, pair[::-1])}
    first, last = 0, len(pieces)

    def is_empty(number: int) -> bool:
        piece = pieces[number]
        if piece.kind == "text":
            return not piece.text.strip(_BLANK)
        return piece.kind not in ("open", "close")

    while first < last:
        if is_empty(first):
            first += 1
        elif is_empty(last - 1):
            last -= 1
        elif pieces[first].kind == "open" and partner[first] == last - 1:
            first, last = first + 1, last - 1
        elif pieces[first].kind == "open" and partner[first] == first + 1:
            first += 2
        elif pieces[last - 1].kind == "close" and partner[last - 1] == last - 2:
            last -= 2
        else:
            break
    return first, last


def _cut_before(piece: Piece) -> tuple[str, Piece]:
    """Return the white space that a piece of text begins with, and the piece without it."""
    if piece.kind != "text":
        return "", piece
    source = _source(piece)
    end = _BEFORE.match(source).end()  # type: ignore[union-attr]  # it matches nothing, too
    rest = Piece("text", (source[end:],), piece.place + end, text=piece.text.lstrip(_BLANK))
    return source[:end], rest


def _cut_after(piece: Piece) -> tuple[Piece, str]:
    """Return a piece of text without the white space that it ends with, and that."""
    if piece.kind != "text":
        return piece, ""
    source = _source(piece)
    end = len(source)
    while end:
        blank = next((blank for blank in _BLANKS if source.endswith(blank, 0, end)), "")
        if not blank and source[end - 1] not in _BLANK:
            break
        end -= len(blank) or 1
    return Piece("text", (source[:end],), piece.place, text=piece.text.rstrip(_BLANK)), source[end:]


def _source(piece: Piece) -> str:
    return "".join(part for part in piece.template if isinstance(part, str))


def _joined(pieces: Sequence[Piece]) -> Template:
    return tuple(part for piece in pieces for part in piece.template)


def _run(pieces: Sequence[Piece], place: Callable[[int], str], escape: Callable[[str], str]) -> Run:
    """Return a text with its tags: white space as a reader sees it, one tag for each piece of markup."""
    text = ""
    tags: list[Tag] = []
    stack: list[int] = []
    openings: list[Template] = []
    closings: list[Template] = []
    spaced: list[tuple[bool, bool]] = []
    for number, piece in enumerate(pieces):
        if piece.kind == "text":
            words = _SPACE.sub(" ", piece.text)
            text += words[1:] if text.endswith(" ") and words.startswith(" ") else words
        elif piece.kind == "close":
            opened = stack.pop()
            tags[opened] = Tag(start=tags[opened].start, end=len(text), parent=tags[opened].parent)
            closings[opened] = piece.changed or piece.template
        else:
            tags.append(Tag(start=len(text), end=len(text), parent=stack[-1] if stack else None))
            openings.append(piece.template)
            closings.append(())
            spaced.append(_space_around(pieces, number))
            if piece.kind == "open":
                stack.append(len(tags) - 1)
            elif piece.kind == "break" and not text.endswith(" "):
                text += " "
    return Run(
        segment=Segment(text=text, tags=tuple(tags), place=place(pieces[0].place)),
        original=_joined(pieces),
        openings=tuple(openings),
        closings=tuple(closings),
        spaced=tuple(spaced),
        escape=escape,
    )


def _space_around(pieces: Sequence[Piece], number: int) -> tuple[bool, bool]:
    if pieces[number].kind != "object":
        return False, False
    return (
        number > 0 and pieces[number - 1].text[-1:].isspace(),
        number + 1 < len(pieces) and pieces[number + 1].text[:1].isspace(),
    )
