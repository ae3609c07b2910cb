"""The text of a cue of subtitles: its tags, its lines, and stretches of a translation shared out over several cues."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from clearhead.segments.segment import Marked, Tag

_SPACE = re.compile(r"\s+")
_NAME = re.compile(r"</?([A-Za-z]*)")
_CLAUSE_END = re.compile(r"[,;:.!?…—–]['\"»”’)\]]*$")
_SHORT_WORD = re.compile(r"\s[^\W\d_]{1,3}$")
"""An article, a preposition or a conjunction, which belongs to the word behind it."""
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uf900-\ufaff]")
_NEAR = 0.12
"""How far from its share, as a part of the text, a cut is moved to stand behind a clause mark."""


@dataclass(frozen=True, kw_only=True)
class CueText:
    """The text of a cue, or of one line of a dialogue, and the tags around all of it."""

    before: str
    text: Marked
    after: str
    raw: Sequence[tuple[str, str]] = field(default=())
    """How each tag is written: its opening, and its closing."""

    def written(self, text: Marked, raw: Sequence[tuple[str, str]], escape: Callable[[str], str]) -> str:
        """Return a text in place of this one."""
        woven = text.woven(lambda n: raw[n][0], lambda n: raw[n][1], escape)
        return self.before + woven + self.after


def parsed(raw: str, tag: re.Pattern[str], unescape: Callable[[str], str]) -> CueText:
    """Return the text of some lines. Tags that have no partner, as `{\\an8}`, stand at one place."""
    tokens = _tokens(raw, tag)
    partners = _partners(tokens)
    first, last = _inner(tokens, partners)
    text, tags, written = _marked(tokens, partners, first, last, unescape)
    return CueText(
        before="".join(token for token, _ in tokens[:first]),
        text=Marked(text=text, tags=tuple(tags)),
        after="".join(token for token, _ in tokens[last:]),
        raw=tuple(written),
    )


def _tokens(raw: str, tag: re.Pattern[str]) -> list[tuple[str, bool]]:
    """Return stretches of a text, and whether each is a tag; white space alone is none at the ends."""
    tokens, place = [], 0
    for match in tag.finditer(raw):
        tokens += [(raw[place : match.start()], False), (match[0], True)]
        place = match.end()
    return [token for token in [*tokens, (raw[place:], False)] if token[0]]


def _partners(tokens: Sequence[tuple[str, bool]]) -> dict[int, int]:
    """Return which opening tag belongs to which closing one, and the other way round."""
    partners: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    for number, (token, is_tag) in enumerate(tokens):
        name = _NAME.match(token) if is_tag else None
        if not name or not name[1]:
            continue
        if not token.startswith("</"):
            opened.append((name[1].lower(), number))
            continue
        place = next((p for p in reversed(range(len(opened))) if opened[p][0] == name[1].lower()), None)
        if place is not None:
            partners[opened[place][1]] = number
            partners[number] = opened[place][1]
            del opened[place:]
    return partners


def _inner(tokens: Sequence[tuple[str, bool]], partners: dict[int, int]) -> tuple[int, int]:
    """Return which tokens are within the tags that stand around all of the text."""
    words = [n for n, (token, is_tag) in enumerate(tokens) if not is_tag and token.strip()]
    if not words:
        return len(tokens), len(tokens)
    first, last = words[0], words[-1] + 1
    while True:
        outside = {*range(first), *range(last, len(tokens))}
        fits = [number not in partners or partners[number] in outside for number in range(len(tokens))]
        leading = next((number for number in range(first) if not fits[number]), first)
        trailing = next((n + 1 for n in reversed(range(last, len(tokens))) if not fits[n]), last)
        if (leading, trailing) == (first, last):
            return first, last
        first, last = leading, trailing


def _marked(
    tokens: Sequence[tuple[str, bool]],
    partners: dict[int, int],
    first: int,
    last: int,
    unescape: Callable[[str], str],
) -> tuple[str, list[Tag], list[tuple[str, str]]]:
    """Return the text of some tokens, its tags, and how they are written."""
    text, tags, written = "", list[Tag](), list[tuple[str, str]]()
    opened: list[int] = []
    for number in range(first, last):
        token, is_tag = tokens[number]
        if not is_tag:
            text += _SPACE.sub(" ", unescape(token))
            text = text.lstrip() if not tags else text
        elif number in partners and partners[number] < number:
            tag = opened.pop()
            tags[tag] = Tag(start=tags[tag].start, end=len(text), parent=tags[tag].parent)
        else:
            tags.append(Tag(start=len(text), end=len(text), parent=opened[-1] if opened else None))
            written.append((token, tokens[partners[number]][0] if number in partners else ""))
            if number in partners:
                opened.append(len(tags) - 1)
    length = len(text.rstrip())
    tags = [Tag(start=min(t.start, length), end=min(t.end, length), parent=t.parent) for t in tags]
    return text[:length], tags, written


def shares(text: str, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Share a text out by sizes, cut between words and rather behind a clause mark.

    Each part has a word where there are enough. Text without spaces, as in Chinese, is cut between characters.
    """
    spaces = [match.span() for match in _SPACE.finditer(text)]
    if len(spaces) < len(sizes) - 1 and _UNSPACED.search(text):
        spaces = [
            (place, place) for place in range(1, len(text)) if not text[place - 1 : place + 1].count(" ")
        ]
    cuts = []
    begin, total = 0, sum(sizes) or 1
    for number, size in enumerate(accumulate(sizes[:-1]), start=1):
        needed = len(sizes) - 1 - number  # cuts that must follow
        free = spaces[begin : max(len(spaces) - needed, begin)] or spaces[begin : begin + 1]
        if not free:
            break
        wanted = len(text) * size / total
        best = min(free, key=lambda space: _cost(text, space[0], wanted))
        cuts.append(best)
        begin = spaces.index(best) + 1
    ends = [start for start, _ in cuts] + [len(text)]
    parts = list(zip([0, *(end for _, end in cuts)], ends, strict=True))
    return parts + [(len(text), len(text))] * (len(sizes) - len(parts))


def _cost(text: str, place: int, wanted: float) -> float:
    behind_mark = bool(_CLAUSE_END.search(text, max(0, place - 4), place))
    behind_article = bool(_SHORT_WORD.search(text, max(0, place - 4), place))
    return abs(place - wanted) - (behind_mark - behind_article) * _NEAR * len(text)


def cut(marked: Marked, start: int, end: int) -> tuple[Marked, list[int]]:
    """Return a stretch of a text with the tags that reach into it, and which ones they are.

    A tag that goes on beyond the stretch is closed at its end. A tag at one place is in the stretch that begins there.
    """
    numbers: dict[int | None, int | None] = {None: None}
    tags: list[Tag] = []
    for number, tag in enumerate(marked.tags):
        parent = numbers[tag.parent]
        reaches = tag.start < end and tag.end > start
        if tag.start == tag.end:
            reaches = start <= tag.start < end or tag.start == end == len(marked.text)
        numbers[number] = len(tags) if reaches else parent
        if reaches:
            within = (
                (start, end) if parent is None else (tags[parent].start + start, tags[parent].end + start)
            )
            first = min(max(tag.start, within[0]), within[1])
            tags.append(
                Tag(start=first - start, end=max(min(tag.end, within[1]), first) - start, parent=parent)
            )
    chosen = [number for number in range(len(marked.tags)) if _is_own(numbers, marked.tags, number)]
    return Marked(text=marked.text[start:end], tags=tuple(tags)), chosen


def _is_own(numbers: dict[int | None, int | None], tags: Sequence[Tag], number: int) -> bool:
    return numbers[number] != numbers[tags[number].parent]


def in_lines(text: str, width: int, most: int = 2) -> str:
    """Return a text on one line, or on two of about the same length where it is wider."""
    spaces = [match.start() for match in _SPACE.finditer(text)]
    if len(text) <= width or not spaces or most < 2:
        return text
    middle = min(spaces, key=lambda place: (abs(len(text) - 2 * place), place))
    return f"{text[:middle]}\n{text[middle + 1 :]}"
