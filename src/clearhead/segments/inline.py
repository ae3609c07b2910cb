"""Tags moved from a source to its translation, by the words that came from each other.

Tags are taken out, the text is translated whole, and each tag is set around the words that came from the words it
enclosed. Every tag of the source is in the result exactly once, and they nest as they did.
"""

from collections.abc import Sequence
from dataclasses import replace

from clearhead.segments.correspondence import Correspondence, Link, Span, Table
from clearhead.segments.edges import matched
from clearhead.segments.places import Spot, gap_of, words_of
from clearhead.segments.segment import Marked, Tag
from clearhead.segments.spacing import spaced


def moved(
    source: Marked,
    text: str,
    source_words: Sequence[str],
    target_words: Sequence[str],
    links: Sequence[Link],
    tables: Sequence[Table] = (),
) -> Marked:
    """Return a translation with the tags of its source.

    `links` are pairs (number of a source word, number of a target word); `tables` say of each sentence, [target,
    source], how much its words belong to each other, where that is known. A space is put in where an empty tag had one
    on either side.
    """
    if not source.tags:
        return Marked(text=text)
    words = Correspondence.of((source.text, text), (source_words, target_words), links, tables)
    tags: list[Tag] = []
    for tag in source.tags:  # a parent comes before its children
        around = Tag(start=0, end=len(text)) if tag.parent is None else tags[tag.parent]
        start, end = _Moving(source.text, text, words, around).of(tag)
        tags.append(replace(tag, start=start, end=end))
    return nested(spaced(source, nested(Marked(text=text, tags=tuple(tags)))))


class _Moving:
    """A tag on its way from a source to a place within its parent in the translation."""

    def __init__(self, source: str, text: str, words: Correspondence, around: Tag) -> None:
        self._source, self._text, self._words = source, text, words
        self._around = around
        inner = [
            number
            for number, (start, end) in enumerate(words.target)
            if around.start <= start and end <= around.end
        ]
        self._within = (inner[0], inner[-1] + 1) if inner else None

    def of(self, tag: Tag) -> Span:
        """Return where a tag belongs."""
        if (tag.start, tag.end) == (0, len(self._source)):
            return self._around.start, self._around.end
        inside = [start < tag.end and end > tag.start for start, end in self._words.source]
        if tag.start == tag.end or not any(inside) or self._within is None:
            return self._at_one_place(tag)
        run = words_of(self._words, inside, self._within)
        if run is None:
            return self._at_one_place(tag)
        span = self._words.target[run[0]][0], self._words.target[run[1] - 1][1]
        was = self._source[tag.start : tag.end]
        limits = self._around.start, self._around.end
        return self._within_a_copy(tag, span) or matched(was, self._text, span, limits)

    def _within_a_copy(self, tag: Tag, span: Span) -> Span | None:
        """Return the very letters of a tag that ends within a word, if the word stayed the same."""
        for start, end in self._words.source:
            same = self._source[start:end] == self._text[slice(*span)]
            if same and start <= tag.start and tag.end <= end:
                return span[0] + tag.start - start, span[0] + tag.end - start
        return None

    def _at_one_place(self, tag: Tag) -> Span:
        if self._within is None:
            return self._around.start, self._around.start
        before, behind = self._source[: tag.start], self._source[tag.end :]
        spot = Spot(
            before=sum(end <= tag.start for _, end in self._words.source),
            touches_before=before[-1:].strip() != "",
            touches_behind=behind[:1].strip() != "",
        )
        gap = gap_of(self._words, spot, self._within)
        first = self._words.target[gap - 1][1] if gap else 0
        last = self._words.target[gap][0] if gap < len(self._words.target) else len(self._text)
        place = last if before[-1:] == " " else first
        place = min(max(place, self._around.start), self._around.end)
        return place, place


def nested(marked: Marked) -> Marked:
    """Return tags made well-formed: parents grow to hold their children, neighbours that overlap are parted."""
    tags = list(marked.tags)
    within: dict[int | None, list[int]] = {}
    for number in range(len(tags) - 1, -1, -1):  # children have the higher numbers
        parent = tags[number].parent
        within.setdefault(parent, []).append(number)
        if parent is not None:
            tags[parent] = replace(
                tags[parent],
                start=min(tags[parent].start, tags[number].start),
                end=max(tags[parent].end, tags[number].end),
            )
    for parent in (None, *range(len(tags))):
        around = Tag(start=0, end=len(marked.text)) if parent is None else tags[parent]
        _part(tags, within.get(parent, []), around)
    return Marked(text=marked.text, tags=tuple(tags))


def _part(tags: list[Tag], numbers: list[int], around: Tag) -> None:
    """Keep tags within the one around them and apart, from left to right."""
    place = around.start
    for number in sorted(numbers, key=lambda number: (tags[number].start, tags[number].end, number)):
        start = min(max(tags[number].start, place), around.end)
        end = min(max(tags[number].end, start), around.end)
        tags[number] = replace(tags[number], start=start, end=end)
        place = end
