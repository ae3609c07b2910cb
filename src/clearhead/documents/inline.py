"""Tags moved from a source to its translation, by the words that came from each other.

Tags are taken out, the text is translated whole, and each tag is set around the words that came from the words it
enclosed. Every tag of the source is in the result exactly once, and they nest as they did.
"""

from collections.abc import Sequence
from dataclasses import replace

from clearhead.documents.segment import Marked, Tag

Span = tuple[int, int]
Link = tuple[int, int]


def moved(
    source: Marked, text: str, source_words: Sequence[str], target_words: Sequence[str], links: Sequence[Link]
) -> Marked:
    """Return a translation with the tags of its source.

    `links` are pairs (number of a source word, number of a target word).
    """
    if not source.tags:
        return Marked(text=text)
    places = _Places(
        located(source.text, source_words), located(text, target_words), links, len(source.text), len(text)
    )
    return nested(Marked(text=text, tags=tuple(places.of(tag) for tag in source.tags)))


def located(text: str, words: Sequence[str]) -> list[Span]:
    """Return where words stand in a text that holds them in this order; of one that is not found, where it would."""
    spans, place = [], 0
    for word in words:
        start = text.find(word, place)
        if start < 0:
            spans.append((place, place))
            continue
        place = start + len(word)
        spans.append((start, place))
    return spans


class _Places:
    """Where characters of a source come to stand in its translation."""

    def __init__(
        self,
        source: list[Span],
        target: list[Span],
        links: Sequence[Link],
        source_length: int,
        target_length: int,
    ) -> None:
        self._source, self._target = source, target
        self._links = links
        self._lengths = source_length, target_length

    def of(self, tag: Tag) -> Tag:
        """Return a tag at the place of the translation that came from what it encloses."""
        source_length, target_length = self._lengths
        if (tag.start, tag.end) == (0, source_length):
            return replace(tag, start=0, end=target_length)
        if tag.start == tag.end:
            place = self._between(tag.start)
            return replace(tag, start=place, end=place)
        inside = {
            number for number, (start, end) in enumerate(self._source) if start < tag.end and end > tag.start
        }
        linked = [self._target[target] for source, target in self._links if source in inside]
        if not linked:
            place = self._between(tag.start)
            return replace(tag, start=place, end=place)
        return replace(tag, start=min(start for start, _ in linked), end=max(end for _, end in linked))

    def _between(self, place: int) -> int:
        """Return the place for one between words: before the word that follows, else after the last one."""
        source_length, target_length = self._lengths
        if place >= source_length:
            return target_length
        following = [target for word, target in self._links if self._source[word][0] == place]
        if following:
            return min(self._target[target][0] for target in following)
        before = [(word, target) for word, target in self._links if self._source[word][1] <= place]
        last = max((word for word, _ in before), default=None)
        return max((self._target[target][1] for word, target in before if word == last), default=0)


def nested(marked: Marked) -> Marked:
    """Return tags made well-formed: parents grow to hold their children, neighbours that overlap are parted."""
    tags = list(marked.tags)
    for number in range(len(tags) - 1, -1, -1):  # children have the higher numbers
        parent = tags[number].parent
        if parent is not None:
            tags[parent] = replace(
                tags[parent],
                start=min(tags[parent].start, tags[number].start),
                end=max(tags[parent].end, tags[number].end),
            )
    for parent in (None, *range(len(tags))):
        _part(tags, parent, len(marked.text))
    return Marked(text=marked.text, tags=tuple(tags))


def _part(tags: list[Tag], parent: int | None, length: int) -> None:
    """Keep the children of a tag within it and apart, from left to right."""
    place, end = (0, length) if parent is None else (tags[parent].start, tags[parent].end)
    for number in Marked(text="", tags=tuple(tags)).children(parent):
        start = min(max(tags[number].start, place), end)
        tags[number] = replace(tags[number], start=start, end=min(max(tags[number].end, start), end))
        place = tags[number].end
