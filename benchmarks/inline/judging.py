"""Whether a tag stands at the right words of a translation, whatever the translation is (README.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from benchmarks.inline.gold import Gloss, Sentence
from clearhead.segments.segment import Marked, Tag

Verdict = Literal["right", "wrong", "open"]
"""open: nothing that the tag belongs to is in the translation."""
Span = tuple[int, int]
_MARKS = ".,;:!?"
_SAME = str.maketrans("„“”«»‟", '""""""')


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A translation, and where each tag of its source stands in it; None for one that was lost."""

    text: str
    tags: tuple[Tag | None, ...]
    same: bool = True
    """Whether every tag is there exactly once."""
    well_formed: bool = True

    @classmethod
    def of(cls, marked: Marked) -> "Placed":
        """Return a translation that holds all its tags."""
        return cls(text=marked.text, tags=marked.tags, well_formed=marked.is_well_formed)


def verdict(sentence: Sentence, number: int, placed: Placed) -> Verdict:
    """Judge one tag."""
    tag, there = sentence.marked.tags[number], placed.tags[number]
    if tag.start == tag.end:
        return _of_empty(sentence, tag, there, placed.text)
    inner = [gloss for gloss in sentence.glosses if tag.start < gloss.end <= tag.end]
    if not inner:
        return _of_marks(sentence, tag, there, placed.text)
    outer = [gloss for gloss in sentence.glosses if gloss not in inner]
    both = _all(inner, placed.text) & _all(outer, placed.text)
    wanted = [places for gloss in inner if (places := gloss.places(placed.text) - both)]
    if not wanted:
        return "open"
    if there is None:
        return "wrong"
    enough = {gloss.places(placed.text) - both: gloss.one_is_enough for gloss in inner}
    held = all(
        (any if enough[places] else all)(_within(place, there) for place in places) for places in wanted
    )
    strange = any(_overlaps(place, there) for place in _all(outer, placed.text) - both)
    return "right" if held and not strange else "wrong"


def _of_marks(sentence: Sentence, tag: Tag, there: Tag | None, text: str) -> Verdict:
    marks = sentence.marked.text[tag.start : tag.end].strip().translate(_SAME)
    if marks not in text.translate(_SAME):
        return "open"
    return "right" if there and text[there.start : there.end].strip().translate(_SAME) == marks else "wrong"


def _of_empty(sentence: Sentence, tag: Tag, there: Tag | None, text: str) -> Verdict:
    before = [gloss for gloss in sentence.glosses if gloss.end <= tag.start]
    behind = [gloss for gloss in sentence.glosses if gloss.end > tag.start]
    both = _all(before, text) & _all(behind, text)
    ends = [end for _, end in _all(before, text) - both]
    starts = [start for start, _ in _all(behind, text) - both]
    neighbours = [*before[-1:], *behind[:1]]
    if not _all(neighbours, text) - both:
        return "open"
    if there is None:
        return "wrong"
    place = there.start
    parted = max(ends, default=0) <= place <= min(starts, default=len(text))
    everything = _all(sentence.glosses, text)
    following = min((span for span in everything if span[0] >= place), default=None)
    last = max((span for span in everything if span[1] <= place), default=None)
    leads = bool(behind) and following in behind[0].places(text)
    follows = sentence.kind == "note" and bool(before) and last in before[-1].places(text)
    return "right" if parted or leads or follows else "wrong"


def clean(sentence: Sentence, number: int, placed: Placed) -> bool:
    """Say whether a tag's edges are as they were: no space inside them, and a mark of the sentence if it had one."""
    tag, there = sentence.marked.tags[number], placed.tags[number]
    if there is None:
        return False
    source, text = sentence.marked.text, placed.text
    if tag.start == tag.end:
        return _ends_with_mark(source[: tag.start]) == _ends_with_mark(text[: there.start])
    was, now = source[tag.start : tag.end], text[there.start : there.end]
    if now != now.strip() and was == was.strip():
        return False
    return _ends_with_mark(was) == _ends_with_mark(now)


def _ends_with_mark(text: str) -> bool:
    return text.rstrip()[-1:] in _MARKS if text.strip() else False


def _all(glosses: Iterable[Gloss], text: str) -> frozenset[Span]:
    return frozenset[Span]().union(*(gloss.places(text) for gloss in glosses))


def _within(place: Span, tag: Tag) -> bool:
    return tag.start <= place[0] and place[1] <= tag.end


def _overlaps(place: Span, tag: Tag) -> bool:
    return place[0] < tag.end and place[1] > tag.start
