"""What stands at the edges of a tag: marks of the sentence, quotation marks, spaces."""

from dataclasses import replace

from clearhead.documents.correspondence import Span
from clearhead.documents.segment import Marked, Tag

_CLOSING = ".,;:!?…"
_QUOTES = "\"'“”„«»‘’‚‹›()[]¡¿"
_SPACES = " \u00a0\u202f"


def matched(source: str, tag: Tag, text: str, span: Span, around: Tag) -> Span:
    """Return a span whose edges hold the marks that the tag held, and none that it did not hold.

    A mark is let in or out only where it stands at the edge of the span, and within the parent.
    """
    start, end = span
    was = source[tag.start : tag.end].strip()
    if was[-1:] in _CLOSING:
        end = _past(text, end, around.end, _CLOSING)
    elif was[-1:] in _QUOTES:
        end = _past(text, end, around.end, _CLOSING + _QUOTES) if _is_quoted(was) else end
    else:
        while end > start and text[end - 1] in _CLOSING + _SPACES and not _abbreviated(text, start, end):
            end -= 1
    if was[:1] in _QUOTES:
        start = _before(text, start, around.start)
    else:
        while start < end and text[start] in "\"“„«‹¡¿([" + _SPACES:
            start += 1
    return (start, end) if start < end else span


def _is_quoted(text: str) -> bool:
    return text[:1] in _QUOTES


def _abbreviated(text: str, start: int, end: int) -> bool:
    """Say whether there is nothing but marks."""
    return not any(character.isalnum() for character in text[start:end])


def _past(text: str, end: int, limit: int, marks: str) -> int:
    """Return the place behind the marks that follow, with no or one space before them."""
    place = end
    while place < limit and text[place] in _SPACES:
        place += 1
    if place >= limit or text[place] not in marks:
        return end
    while place < limit and text[place] in marks:
        place += 1
    return place


def _before(text: str, start: int, limit: int) -> int:
    """Return the place before the quotation marks that precede."""
    place = start
    while place > limit and text[place - 1] in _SPACES + _QUOTES:
        place -= 1
    return place + len(text[place:start]) - len(text[place:start].lstrip(_SPACES))


def spaced(source: Marked, marked: Marked) -> Marked:
    """Put a space between an empty tag and the word that it touches, if it touched none and stood beside a space."""
    for number, tag in enumerate(source.tags):
        sides = source.text[max(0, tag.start - 1) : tag.start], source.text[tag.end : tag.end + 1]
        if tag.start == tag.end and " " in sides and not any(side.isalnum() for side in sides):
            marked = _with_spaces(marked, number)
    return marked


def _with_spaces(marked: Marked, number: int) -> Marked:
    """Put one more space at the place of an empty tag, on the side where there is none."""
    place, text = marked.tags[number].start, marked.text
    left, right = text[max(0, place - 1) : place], text[place : place + 1]
    if not (left + right).replace(" ", "").isalnum() or (left, right).count(" ") != 1:
        return marked
    tags = [_shifted(tag, place, whole=left == " ") for tag in marked.tags]
    tags[number] = replace(tags[number], start=place + (right == " "), end=place + (right == " "))
    return Marked(text=f"{text[:place]} {text[place:]}", tags=tuple(tags))


def _shifted(tag: Tag, place: int, *, whole: bool) -> Tag:
    """Move a tag by a character that comes in at a place; `whole`: one that begins there begins behind it."""
    is_empty = tag.start == tag.end
    start = tag.start + (tag.start > place or (whole and tag.start == place and not is_empty))
    return replace(tag, start=start, end=tag.end + (tag.end > place))


def loosened(source: Marked) -> Marked:
    """Return a text with a space behind each empty tag between a mark of the sentence and a letter.

    Of `First line.<br/>Second line` the two sentences would be read as one word.
    """
    marked = source
    for number in _glued(source):
        place = marked.tags[number].start
        tags = tuple(
            tag if other == number else _shifted(tag, place, whole=True)
            for other, tag in enumerate(marked.tags)
        )
        marked = Marked(text=f"{marked.text[:place]} {marked.text[place:]}", tags=tags)
    return marked


def tightened(source: Marked, marked: Marked) -> Marked:
    """Take out again the spaces that `loosened` put into a source, from its translation."""
    for number in _glued(source):
        place = marked.tags[number].start
        cut = next((at for at in (place, place - 1) if at >= 0 and marked.text[at : at + 1] == " "), None)
        if cut is not None:
            tags = tuple(
                replace(tag, start=tag.start - (tag.start > cut), end=tag.end - (tag.end > cut))
                for tag in marked.tags
            )
            marked = Marked(text=marked.text[:cut] + marked.text[cut + 1 :], tags=tags)
    return marked


def _glued(source: Marked) -> list[int]:
    """Return the empty tags that alone part two words."""
    return [
        number
        for number, tag in enumerate(source.tags)
        if tag.start == tag.end
        and source.text[max(0, tag.start - 1) : tag.start] in tuple(_CLOSING)
        and source.text[tag.start : tag.start + 1].isalpha()
    ]
