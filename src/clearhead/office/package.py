"""An office file: parts of an archive, and the paragraphs in them.

Written with its own texts it is the very bytes that were read. Else the parts without a changed paragraph are, and of
the others all but the changed paragraphs; in those, neighbouring texts of the same format are written as one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from clearhead.office.rich_text import Gap, Inline, Rich, joined, pieces_of, texts
from clearhead.office.xml_source import Bytes, Element, Span, Splices, with_attribute
from clearhead.segments.archive import Archive
from clearhead.segments.segment import Left, Marked, Segment

REGIONS = {
    "de": "DE",
    "en": "US",
    "es": "ES",
    "fr": "FR",
    "it": "IT",
    "nl": "NL",
    "pl": "PL",
    "pt": "PT",
    "ru": "RU",
}
"""Where a language is spoken by most of those who set it in an office program; spell checkers are named by it."""


@dataclass(frozen=True)
class Stated:
    """A start tag that names the language, and its attributes: each by its local name and what it says."""

    span: Span
    attributes: tuple[tuple[str, Callable[[str], str]], ...]

    def changed(self, data: bytes, to: str) -> bytes:
        """Return the tag with another language."""
        tag = data[slice(*self.span)]
        for name, value in self.attributes:
            tag = with_attribute(tag, name, value(to))
        return tag


def language(code: str) -> str:
    """Return a language without its region."""
    return code.replace("_", "-").split("-")[0]


def region(code: str) -> str:
    """Return the region of a language, or that it has none."""
    parts = code.replace("_", "-").split("-")
    return parts[-1].upper() if len(parts) > 1 else REGIONS.get(code, "none")


def with_region(code: str) -> str:
    """Return a language with its region, such as fr-FR, where there is one."""
    return language(code) if region(code) == "none" else f"{language(code)}-{region(code)}"


@dataclass(frozen=True)
class Passage:
    """A paragraph: the span of its content, its texts, and where it stands."""

    span: Span
    texts: tuple[Rich | Gap, ...]
    place: str
    stated: tuple[Stated, ...] = ()
    """Languages that it names, which are changed with it."""


def passage(span: Span, items: Sequence[Inline], place: str, stated: Sequence[Stated] = ()) -> Passage:
    """Return a paragraph of some items."""
    return Passage(span, tuple(texts(items)), place, tuple(stated))


@dataclass
class Part:
    """A part of the archive that holds text, or names the language."""

    name: str
    data: bytes
    root: Element
    passages: list[Passage] = field(default_factory=list)
    stated: list[Stated] = field(default_factory=list)


class OfficeDocument:
    """The paragraphs of some parts of an archive."""

    def __init__(self, archive: Archive, parts: Sequence[Part], left: Sequence[Left]) -> None:
        self._archive, self._parts = archive, parts
        self._translated = [
            text for _, passage in self._passages() for text in passage.texts if _is_translated(text)
        ]
        self.segments = [
            Segment(text=text.marked.text, tags=text.marked.tags, place=passage.place)
            for _, passage in self._passages()
            for text in passage.texts
            if isinstance(text, Rich) and _is_translated(text)
        ]
        self.left = [
            *left,
            *(
                Left(place=passage.place, why="more changes of format than can be moved; give it fewer")
                for _, passage in self._passages()
                if any(
                    isinstance(text, Rich) and text.is_text and not _is_translated(text)
                    for text in passage.texts
                )
            ),
        ]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the archive with its paragraphs translated, and its language set where it names one."""
        new = {
            id(text): translation
            for text, segment, translation in zip(self._translated, self.segments, translations, strict=True)
            if translation is not None and not _is_same(segment, translation)
        }
        if not new:
            return self._archive.data
        return self._archive.replaced(
            {part.name: content for part in self._parts if (content := _written(part, new, to)) != part.data}
        )

    def _passages(self) -> Iterator[tuple[Part, Passage]]:
        for part in self._parts:
            for passage in part.passages:
                yield part, passage


def _is_translated(text: Rich | Gap) -> bool:
    return isinstance(text, Rich) and text.is_text and not text.has_too_many_tags


def _is_same(segment: Marked, translation: Marked) -> bool:
    return (segment.text, segment.tags) == (translation.text, translation.tags)


def _written(part: Part, new: dict[int, Marked], to: str | None) -> bytes:
    """Return the bytes of a part with new texts."""
    changes: dict[Span, Callable[[], list[Bytes]]] = {}
    stated = list(part.stated)
    splices = Splices(part.data)
    for passage in part.passages:
        if any(id(text) in new for text in passage.texts):
            changes[passage.span] = lambda passage=passage: _content(passage, new)  # type: ignore[misc]
            stated += passage.stated
    for tag in stated if to else ():
        changes[tag.span] = lambda tag=tag: [tag.changed(part.data, to or "")]  # type: ignore[misc]
    return splices.replace(changes)


def _content(passage: Passage, new: dict[int, Marked]) -> list[Bytes]:
    pieces = []
    for text in passage.texts:
        pieces += text.written(new.get(id(text))) if isinstance(text, Rich) else pieces_of(text.item)
    return joined(pieces)
