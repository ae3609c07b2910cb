"""A paragraph of an office file as a text with tags, and the way back.

Text that looks as most of its paragraph does has no tag; what looks otherwise, links and the like have one around them,
and notes, pictures, fields and line breaks have an empty one at their place.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from clearhead.office.xml_source import Bytes, escaped
from clearhead.segments.inline import moved
from clearhead.segments.segment import Marked, Tag

MOST_TAGS = 500
"""In one text; more is left as it was."""
LINE_END = "\n"
"""A run of text that parts two lines."""
_ADDED = "\0"
"""Where a line break stands for a blank; no XML holds this character."""


@dataclass(frozen=True)
class Look:
    """The format of some text: equal ones are one, whatever else stands around their text."""

    key: bytes
    opening: tuple[Bytes, ...] = field(default=(), compare=False)
    closing: tuple[Bytes, ...] = field(default=(), compare=False)
    blank: bytes = field(default=b"", compare=False)
    """What a blank is that must not be lost, where blanks are taken together."""


PLAIN = Look(b"")


@dataclass(frozen=True)
class Run:
    """Text in one format."""

    text: str
    look: Look = PLAIN


@dataclass(frozen=True)
class Mark:
    """Something within a text that is not text, such as a note or a picture."""

    parts: tuple[Bytes, ...]
    kind: str = "mark"
    """break: a line break; gap: what parts texts, such as a tab; mark: all else."""


@dataclass(frozen=True)
class Group:
    """Something that holds text, such as a link."""

    opening: tuple[Bytes, ...]
    items: tuple["Inline", ...]
    closing: tuple[Bytes, ...]
    has_own_look: bool = False
    """A link looks like a link all through: what its own text mostly looks like needs no tag in it."""


Inline = Run | Mark | Group


@dataclass(frozen=True)
class Gap:
    """What stands between the texts of a paragraph."""

    item: Inline


def texts(items: Sequence[Inline]) -> list["Rich | Gap"]:
    """Return the texts of a paragraph, parted where a reader sees them apart.

    At tabs and page breaks, and at a line break unless the next line goes on with a small letter.
    """
    parts: list[Rich | Gap] = []
    gathered: list[Inline] = []
    following = ""
    for item in reversed(items):
        if _parts(item, following):
            parts += [Rich(gathered[::-1]), Gap(item)]
            gathered = []
        else:
            gathered.append(item)
            following = _plain(item).lstrip()[:1] or following
    return [*parts, Rich(gathered[::-1])][::-1]


def _parts(item: Inline, following: str) -> bool:
    """Say whether texts are apart at some item, by the first character of what follows it."""
    if isinstance(item, Run):
        return item.text == LINE_END
    if not isinstance(item, Mark):
        return False
    return item.kind == "gap" or (item.kind == "break" and not following.islower())


def _plain(item: Inline) -> str:
    if isinstance(item, Group):
        return "".join(map(_plain, item.items))
    return item.text if isinstance(item, Run) else ""


class Rich:
    """One text of a paragraph with its formats."""

    def __init__(self, items: Sequence[Inline]) -> None:
        self._items = _merged(items)
        self._look = _main_look(self._items)
        self._texts: list[str] = []
        self._length = 0
        self._tags: list[Tag] = []
        self._made_of: list[Inline] = []
        """What each tag stands for, by its number."""
        self._read(self._items, self._look, None)
        whole = "".join(self._texts)
        text = whole.replace(_ADDED, " ").strip()
        start = len(whole) - len(whole.replace(_ADDED, " ").lstrip())
        self._around = tuple(
            blanks.replace(_ADDED, "") for blanks in (whole[:start], whole[start + len(text) :])
        )
        self.marked = Marked(
            text=text,
            tags=tuple(
                replace(
                    tag, start=_within(tag.start - start, len(text)), end=_within(tag.end - start, len(text))
                )
                for tag in self._tags
            ),
        )

    @property
    def is_text(self) -> bool:
        """Say whether there is anything to translate: at least a letter."""
        return any(character.isalpha() for character in self.marked.text)

    @property
    def has_too_many_tags(self) -> bool:
        """Say whether it is cut up so much that it is not translated."""
        return len(self._tags) > MOST_TAGS

    def written(self, translation: Marked | None) -> list["Piece"]:
        """Return what is to be written: text by its format, and all else, in order."""
        given = self.marked if translation is None else translation
        if len(given.tags) != len(self.marked.tags):  # a translation without an alignment has lost its tags
            given = moved(self.marked, given.text, (), (), ())
        before, after = self._around
        inner = self._pieces(given, None, 0, len(given.text), self._look)
        return [_blanks(before, self._look), *_tidied(list(inner)), _blanks(after, self._look)]

    def _say(self, text: str) -> None:
        """Add text; blanks at the beginning of a line are none."""
        if self._texts and self._texts[-1].endswith(_ADDED):
            text = text.lstrip()
        if text:
            self._texts.append(text)
            self._length += len(text)

    def _read(self, items: Sequence[Inline], look: Look, parent: int | None) -> None:
        for item in items:
            if isinstance(item, Run):
                self._read_run(item, look, parent)
                continue
            if isinstance(item, Mark) and item.kind != "mark" and not self._ends_blank():
                self._say(_ADDED)  # else the words around it would be one
            number = self._begin(item, parent)
            if isinstance(item, Group):
                self._read(item.items, _main_look(item.items) if item.has_own_look else look, number)
            self._tags[number] = replace(self._tags[number], end=self._length)

    def _read_run(self, run: Run, look: Look, parent: int | None) -> None:
        """Read text; the blanks around it are in no format of their own."""
        text = run.text.strip()
        if run.look == look or not text:
            self._say(run.text)
            return
        before, after = run.text[: run.text.index(text)], run.text[len(run.text.rstrip()) :]
        self._say(before)
        number = self._begin(run, parent)
        self._say(text)
        self._tags[number] = replace(self._tags[number], end=self._length)
        self._say(after)

    def _begin(self, item: Inline, parent: int | None) -> int:
        """Begin a tag, and return its number."""
        self._tags.append(Tag(start=self._length, end=self._length, parent=parent))
        self._made_of.append(item)
        return len(self._tags) - 1

    def _ends_blank(self) -> bool:
        return not self._texts or self._texts[-1][-1] in (_ADDED, " ")

    def _pieces(
        self, marked: Marked, parent: int | None, start: int, end: int, look: Look
    ) -> Iterator["Piece"]:
        place = start
        for number in marked.children(parent):
            tag, item = marked.tags[number], self._made_of[number]
            yield Piece(marked.text[place : tag.start], look)
            if isinstance(item, Mark):
                yield Piece(parts=item.parts, is_break=item.kind != "mark")
            elif isinstance(item, Run):
                yield from self._pieces(marked, number, tag.start, tag.end, item.look)
            else:
                yield Piece(parts=item.opening)
                inner = _main_look(item.items) if item.has_own_look else look
                yield from self._pieces(marked, number, tag.start, tag.end, inner)
                yield Piece(parts=item.closing)
            place = tag.end
        yield Piece(marked.text[place:end], look)


@dataclass(frozen=True)
class Piece:
    """Text in a format, or (without a format) bytes."""

    text: str = ""
    look: Look | None = None
    parts: tuple[Bytes, ...] = ()
    is_break: bool = False


def _blanks(text: str, look: Look) -> Piece:
    return Piece(parts=(look.blank * len(text),)) if look.blank else Piece(text, look)


def _within(place: int, length: int) -> int:
    return min(max(place, 0), length)


def pieces_of(item: Inline) -> list[Piece]:
    """Return what is written for something that is not translated."""
    if isinstance(item, Run):
        return [Piece(item.text, item.look)]
    if isinstance(item, Mark):
        return [Piece(parts=item.parts)]
    inner = [piece for within in item.items for piece in pieces_of(within)]
    return [Piece(parts=item.opening), *inner, Piece(parts=item.closing)]


def joined(pieces: Sequence[Piece]) -> list[Bytes]:
    """Return the bytes of pieces; text in the same format stands together."""
    out: list[Bytes] = []
    for look, group in groupby(
        (piece for piece in pieces if piece.text or piece.parts), key=lambda piece: piece.look
    ):
        together = list(group)
        if look is None:
            out += [part for piece in together for part in piece.parts]
        else:
            text = "".join(piece.text for piece in together)
            written = escaped(text)
            if look.blank:
                written = re.sub(rb"(?<= ) ", look.blank, written)
            out += [*look.opening, written, *look.closing]
    return out


def _merged(items: Sequence[Inline]) -> list[Inline]:
    """Return items with neighbours of the same format made one."""
    out: list[Inline] = []
    for item in items:
        last = out[-1] if out else None
        if isinstance(item, Run) and isinstance(last, Run) and item.look == last.look:
            out[-1] = Run(last.text + item.text, last.look)
        elif not isinstance(item, Run) or item.text:
            out.append(item)
    return [
        replace(item, items=tuple(_merged(item.items))) if isinstance(item, Group) else item for item in out
    ]


def _main_look(items: Sequence[Inline]) -> Look:
    """Return the format of most characters, the first of equals."""
    sizes: Counter[Look] = Counter()
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        if isinstance(item, Run):
            sizes[item.look] += len(item.text.strip())
        elif isinstance(item, Group) and not item.has_own_look:
            waiting += reversed(item.items)
    return max(sizes, key=lambda look: sizes[look], default=PLAIN)


def _tidied(pieces: list[Piece]) -> list[Piece]:
    """Return pieces without blanks at the line breaks."""
    pieces = [piece for piece in pieces if piece.text or piece.parts]
    for number, piece in enumerate(pieces):
        if not piece.is_break:
            continue
        if number:
            pieces[number - 1] = replace(pieces[number - 1], text=pieces[number - 1].text.rstrip())
        if number + 1 < len(pieces):
            pieces[number + 1] = replace(pieces[number + 1], text=pieces[number + 1].text.lstrip())
    return pieces
