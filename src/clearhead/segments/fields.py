"""A document of text whose segments are stretches of its characters, such as the strings of a JSON file.

All that stands between them is kept byte for byte, and so is each of them that was not translated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import AnyStr

from clearhead.segments.decoded import Decoded
from clearhead.segments.segment import Left, Marked, Segment


@dataclass(frozen=True, kw_only=True)
class Field:
    """A text in a file."""

    start: int
    """Where the characters begin that stand for it, quotes included."""
    end: int
    text: str
    """What they stand for."""
    place: str
    write: Callable[[str], str]
    """Returns the characters that stand for another text."""

    def segment(self) -> Segment:
        """Return the text without the white space around it."""
        return Segment(text=self.text.strip(), place=self.place)

    def whole(self, text: str) -> str:
        """Return a text with the white space that this one has around it."""
        bare = self.text.strip()
        before = self.text.index(bare)
        return self.text[:before] + text + self.text[before + len(bare) :]


class Fields:
    """A text file with some of its stretches to translate."""

    def __init__(self, file: Decoded, fields: Iterable[Field], left: Sequence[Left] = ()) -> None:
        self.file = file
        self.fields = list(fields)
        self.segments: Sequence[Segment] = [field.segment() for field in self.fields]
        self.left: list[Left] = list(left)

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its fields translated."""
        changed = [
            (field.start, field.end, field.write(field.whole(translation.text)))
            for field, segment, translation in zip(self.fields, self.segments, translations, strict=True)
            if translation is not None and translation.text != segment.text
        ]
        return self.file.encoded(spliced(self.file.text, changed))


def spliced(text: AnyStr, replacements: Iterable[tuple[int, int, AnyStr]]) -> AnyStr:
    """Return a text or bytes in which some stretches, which are in order and apart, are replaced."""
    parts: list[AnyStr] = []
    place = 0
    for start, end, new in replacements:
        parts += [text[place:start], new]
        place = end
    parts.append(text[place:])
    return text[:0].join(parts)
