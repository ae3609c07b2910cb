"""Spaces around empty tags: put where words would run into each other or into a picture, taken out again."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from dataclasses import replace

from clearhead.segments.segment import Marked, Tag

_CLOSING = tuple(".,;:!?…")
_FREE = ("", " ", *_CLOSING)
"""What may stand beside an empty tag that touches no word."""


def loosened(source: Marked) -> Marked:
    """Return a text with a space behind each empty tag between a mark of the sentence and a letter.

    Of `First line.<br/>Second line` the two sentences would be read as one word.
    """
    return _with_spaces(source, behind={source.tags[number].start for number in _glued(source)})


def tightened(source: Marked, marked: Marked) -> Marked:
    """Take the spaces that `loosened` put into a source out of its translation."""
    cuts = set[int]()
    for number in _glued(source):
        place = marked.tags[number].start
        cuts |= {next((at for at in (place, place - 1) if marked.text[max(at, 0) : at + 1] == " "), -1)}
    places = sorted(cuts - {-1})
    tags = (
        replace(
            tag,
            start=tag.start - bisect_left(places, tag.start),
            end=tag.end - bisect_left(places, tag.end),
        )
        for tag in marked.tags
    )
    text = "".join(character for at, character in enumerate(marked.text) if at not in cuts)
    return Marked(text=text, tags=tuple(tags))


def _glued(source: Marked) -> list[int]:
    """Return the empty tags that alone part two words."""
    return [
        number
        for number, tag in enumerate(source.tags)
        if tag.start == tag.end
        and source.text[max(0, tag.start - 1) : tag.start] in _CLOSING
        and source.text[tag.start : tag.start + 1].isalpha()
    ]


def spaced(source: Marked, marked: Marked) -> Marked:
    """Put a space between an empty tag and the word that it touches, if it touched none and stood beside a space."""
    before, behind = set[int](), set[int]()
    for tag, now in zip(source.tags, marked.tags, strict=True):
        sides = _sides(source, tag)
        if tag.start == tag.end and " " in sides and all(side in _FREE for side in sides):
            left, right = _sides(marked, now)
            if left.isalnum() and right == " ":
                before.add(now.start)
            if left == " " and right.isalnum():
                behind.add(now.start)
    return _with_spaces(marked, before=before, behind=behind)


def _sides(marked: Marked, tag: Tag) -> tuple[str, str]:
    return marked.text[max(0, tag.start - 1) : tag.start], marked.text[tag.end : tag.end + 1]


def _with_spaces(
    marked: Marked, before: Collection[int] = frozenset(), behind: Collection[int] = frozenset()
) -> Marked:
    """Put spaces before or behind the empty tags at some places of a text; other tags keep their letters."""
    places = sorted({*before, *behind})

    def moved(tag: Tag) -> Tag:
        if tag.start == tag.end:
            place = tag.start + bisect_left(places, tag.start) + (tag.start in before)
            return replace(tag, start=place, end=place)
        start = tag.start + bisect_right(places, tag.start)
        return replace(tag, start=start, end=tag.end + bisect_left(places, tag.end))

    text, last = "", 0
    for place in places:
        text, last = f"{text}{marked.text[last:place]} ", place
    return Marked(text=text + marked.text[last:], tags=tuple(map(moved, marked.tags)))
