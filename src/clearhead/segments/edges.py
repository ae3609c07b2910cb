"""The marks at the edges of a tag: in a translation it holds those that it held before, and no others."""

from clearhead.segments.correspondence import Span

_CLOSING = ".,;:!?…"
_QUOTES = "\"'“”„«»‘’‚‹›()[]"
_INVERTED = "¡¿"
"""What opens a Spanish question or exclamation belongs to what closes it."""
_SPACES = " \u00a0\u202f"


def matched(was: str, text: str, span: Span, limits: Span) -> Span:
    """Return a span whose edges hold marks as `was` did, the text that its tag had in the source.

    A mark is let in or out only at the edges of the span, and within `limits`.
    """
    was = was.strip()
    start, end = _start(was, text, span, limits[0]), _end(was, text, span, limits[1])
    return (start, end) if start < end else span


def _start(was: str, text: str, span: Span, limit: int) -> int:
    start, end = span
    opening = (_QUOTES if was[:1] in _QUOTES else "") + (_INVERTED if was[-1:] in "!?" else "")
    if opening and text[max(limit, start - 1) : start].strip(opening + _SPACES) == "":
        return _before(text, start, limit, opening)
    strange = "".join(mark for mark in '"“„«‹([' + _INVERTED if mark not in opening)
    if any(character.isalnum() for character in text[start:end]):
        while text[start] in strange + _SPACES:
            start += 1
    return start


def _end(was: str, text: str, span: Span, limit: int) -> int:
    start, end = span
    if was[-1:] in _CLOSING:
        return _behind(text, end, limit, _CLOSING)
    if was[-1:] in _QUOTES:
        return _behind(text, end, limit, _QUOTES + "!?") if was[:1] in _QUOTES else end
    if any(character.isalnum() for character in text[start:end]):
        while text[end - 1] in _CLOSING + _SPACES:
            end -= 1
    return end


def _before(text: str, start: int, limit: int, marks: str) -> int:
    """Return the place before the marks that precede, with spaces between them and behind."""
    place = start
    while place > limit and text[place - 1] in marks + _SPACES:
        place -= 1
    while place < start and text[place] in _SPACES:
        place += 1
    return place


def _behind(text: str, end: int, limit: int, marks: str) -> int:
    """Return the place behind the marks that follow, with spaces before them and between."""
    place = end
    while place < limit and text[place] in marks + _SPACES:
        place += 1
    while place > end and text[place - 1] in _SPACES:
        place -= 1
    return place
