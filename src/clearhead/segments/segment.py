"""Text with the tags that stand in it: what a document gives to be translated, and what it takes back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Tag:
    """Inline markup around some characters of a text, or at one place of it."""

    start: int
    """Where the characters begin that it encloses."""
    end: int
    """Where they end; of a tag that encloses nothing, such as a line break, the same as `start`."""
    parent: int | None = None
    """The tag that it stands in, by its number; None at the top. A parent has the lower number."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A text and its tags. Numbers of tags are their places in `tags`: the format knows which is which."""

    text: str
    tags: tuple[Tag, ...] = ()

    def woven(
        self, opening: Callable[[int], str], closing: Callable[[int], str], text: Callable[[str], str]
    ) -> str:
        """Return the text with its tags written out, well-formed whatever their places are.

        `opening` and `closing` give the characters of a tag by its number (closing an empty tag gives ""), `text`
        escapes what stands between them.
        """
        parts: list[str] = []
        place = 0
        within: list[tuple[int | None, Iterator[int]]] = [(None, iter(self.children(None)))]
        while within:  # no recursion, which would end at tags a thousand deep
            parent, inner = within[-1]
            number = next(inner, None)
            if number is not None:
                start = self.tags[number].start
                parts += (text(self.text[place:start]), opening(number))
                place = start
                within.append((number, iter(self.children(number))))
                continue
            within.pop()
            end = len(self.text) if parent is None else self.tags[parent].end
            parts.append(text(self.text[place:end]))
            if parent is not None:
                parts.append(closing(parent))
            place = end
        return "".join(parts)

    def children(self, parent: int | None) -> Sequence[int]:
        """Return the tags directly within another, in the order of the text."""
        return self._children.get(parent, ())

    @cached_property
    def _children(self) -> dict[int | None, list[int]]:
        """The tags within each, found once: a text may have thousands."""
        children: dict[int | None, list[int]] = {}
        for number, tag in enumerate(self.tags):
            children.setdefault(tag.parent, []).append(number)
        for numbers in children.values():
            numbers.sort(key=lambda number: (self.tags[number].start, self.tags[number].end, number))
        return children

    @property
    def is_well_formed(self) -> bool:
        """Say whether tags nest: each within its parent, none overlapping its neighbour."""
        return all(self._fits(parent) for parent in (None, *range(len(self.tags))))

    def _fits(self, parent: int | None) -> bool:
        around = Tag(start=0, end=len(self.text)) if parent is None else self.tags[parent]
        inner = [self.tags[number] for number in self.children(parent)]
        return all(around.start <= tag.start <= tag.end <= around.end for tag in inner) and all(
            left.end <= right.start for left, right in pairwise(inner)
        )


@dataclass(frozen=True, kw_only=True)
class Segment(Marked):
    """A text of a document that is translated by itself, such as a paragraph, a heading, a cell or a label."""

    place: str
    """Where it stands, for people: "line 12", "slide 3", "key menu.open"."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that was left as it was, or that a reader should look at."""

    place: str
    why: str
