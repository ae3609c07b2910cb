"""Subtitles, SubRip (SRT) and WebVTT: the text of the cues is translated; times, settings, notes and styles stay.

A sentence over several cues is translated whole and shared out again over the same cues by their share of its
characters, between words. A cue gets one line, or two where it would be wider than the widest line of the file; a
dialogue keeps its lines. A cue whose text did not change is byte for byte as it was. A tag that a cut goes through
is closed in one cue and opened again in the next.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clearhead.errors import DocumentError
from clearhead.segments.decoded import Decoded, decoded
from clearhead.segments.fields import spliced
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left, Marked, Segment, Tag
from clearhead.strings.cue_text import CueText, cut, in_lines, parsed, shares

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_SRT_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>|\{\\[^{}\n]{0,300}\}")
_VTT_TAG = re.compile(r"<[^<>]{0,300}>")
_SAID = re.compile(r"[-–—‐−]\s*\S")
_END = re.compile(r"[.!?…。！？♪♫:\])]['\"»”’)\]]*$")
_OPEN_END = re.compile(r"(?:\.\.\.|…)['\"»”’]*$")
_MOST_TAGS = 100
"""Tags of a cue above which it is left as it is."""
_MOST_CUES, _MOST_CHARACTERS, _LONGEST_PAUSE = 8, 600, 5.0
_NARROWEST = 32
"""Characters of a line that any file may have."""
_PUNCTUATED = 0.2
"""Share of the cues with a mark at their end below which a file has no such marks."""


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A cue, or a line of a dialogue: what is translated together at least."""

    cue: int
    start: int
    end: int
    begins: float
    """Seconds."""
    ends: float
    content: CueText
    most_lines: int
    new_line: str


class Subtitles:
    """A file of subtitles."""

    def __init__(self, file: Decoded, *, vtt: bool) -> None:
        self._file, self._vtt = file, vtt
        pieces, self.left = _pieces(file.text, vtt=vtt)
        self._width = max(
            [_NARROWEST, *(len(line) for piece in pieces for line in _visible(file.text, piece, vtt))]
        )
        self._groups = list(_groups([piece for piece in pieces if piece.content.text.text]))
        self.segments: Sequence[Segment] = [_segment(group) for group in self._groups]

    def written(self, translations: Sequence[Marked | None], to: str | None) -> bytes:
        """Return the file with its cues translated."""
        replacements: list[tuple[int, int, str]] = []
        for group, segment, translation in zip(self._groups, self.segments, translations, strict=True):
            if translation is not None and translation.text != segment.text:
                replacements += self._shared(group, translation)
        return self._file.encoded(spliced(self._file.text, replacements))

    def _shared(self, group: list[_Piece], translation: Marked) -> Iterator[tuple[int, int, str]]:
        """Yield the pieces of a group with their parts of a translation."""
        raw = [tag for piece in group for tag in piece.content.raw]
        one_line = Marked(text=re.sub(r"\s", " ", translation.text), tags=translation.tags)
        sizes = [len(piece.content.text.text) for piece in group]
        for piece, (start, end) in zip(group, shares(one_line.text, sizes), strict=True):
            part, numbers = cut(one_line, start, end)
            lines = (
                in_lines(part.text, self._width, piece.most_lines) or "\u00a0"
            )  # an empty cue would end the file's block
            part = Marked(text=lines, tags=part.tags)
            written = piece.content.written(part, [raw[number] for number in numbers], self._escape)
            yield piece.start, piece.end, written.replace("\n", piece.new_line)

    def _escape(self, text: str) -> str:
        return html.escape(text, quote=False) if self._vtt else text.replace("-->", "->")


def read(data: bytes, reading: Reading) -> Subtitles:
    """Return a SubRip file as a document. Raises DocumentError for a file without a cue."""
    return Subtitles(decoded(data), vtt=False)


def _pieces(text: str, *, vtt: bool) -> tuple[list[_Piece], list[Left]]:
    """Return the cues of a file, and the lines that belong to none."""
    lines = [match for match in _LINE.finditer(text) if match[0]]
    timings = [_TIMING.fullmatch(line[0].rstrip("\r\n")) if "-->" in line[0] else None for line in lines]
    starts = [number for number, timing in enumerate(timings) if timing]
    if not starts and not vtt:
        raise DocumentError("it has no cue such as 00:00:01,000 --> 00:00:02,000; is it a file of subtitles?")
    pieces: list[_Piece] = []
    left: list[Left] = []
    for cue, (begin, following) in enumerate(pairwise([*starts, len(lines)]), start=1):
        end = begin + 1
        while end < following and lines[end][0].strip():
            end += 1
        if end == following < len(lines) and lines[end - 1][0].strip().isdigit():
            end -= 1  # the number of the next cue, with no blank line before it
        timing = timings[begin]
        assert timing
        _, last = lines[end - 1].span()
        if (
            len(_syntax(vtt=vtt)[0].findall(text, lines[begin].end(), max(last, lines[begin].end())))
            > _MOST_TAGS
        ):
            left.append(Left(place=f"cue {cue}", why=f"it has more than {_MOST_TAGS} tags"))
            continue
        pieces += _of_cue(
            cue, text, lines[begin + 1 : end], (_seconds(timing, 0), _seconds(timing, 4)), vtt=vtt
        )
        if not vtt:
            left += _stray(lines, end, following)
    return pieces, left


def _of_cue(
    cue: int, text: str, lines: Sequence[re.Match[str]], times: tuple[float, float], *, vtt: bool
) -> Iterator[_Piece]:
    """Yield what a cue says: all of it, or each line of a dialogue."""
    tag, unescape = _syntax(vtt=vtt)
    spans = [(line.start(), line.start() + len(line[0].rstrip("\r\n"))) for line in lines]
    if not spans:
        return
    said = [parsed(text[start:end], tag, unescape) for start, end in spans]
    dialogue = len(spans) > 1 and all(_SAID.match(line.text.text) for line in said)
    first = lines[0][0]
    for start, end in spans if dialogue else [(spans[0][0], spans[-1][1])]:
        yield _Piece(
            cue=cue,
            start=start,
            end=end,
            begins=times[0],
            ends=times[1],
            content=parsed(text[start:end], tag, unescape),
            most_lines=1 if dialogue else 2,
            new_line=first[len(first.rstrip("\r\n")) :] or "\n",
        )


def _syntax(*, vtt: bool) -> tuple[re.Pattern[str], Callable[[str], str]]:
    return (_VTT_TAG, html.unescape) if vtt else (_SRT_TAG, str)


def _visible(text: str, piece: _Piece, vtt: bool) -> list[str]:
    """Return the lines of a piece as a viewer sees them."""
    tag, unescape = _syntax(vtt=vtt)
    return [unescape(tag.sub("", line)).strip() for line in text[piece.start : piece.end].splitlines()]


def _stray(lines: Sequence[re.Match[str]], start: int, end: int) -> Iterator[Left]:
    """Yield the lines between cues that are neither blank nor the number of the next."""
    for number in range(start, end):
        line = lines[number][0].strip()
        last_of_all = number == len(lines) - 1
        if line and not (line.isdigit() and (number == end - 1 or last_of_all)):
            yield Left(place=f"line {number + 1}", why="it belongs to no cue: a blank line stands before it")


def _seconds(timing: re.Match[str], first: int) -> float:
    hours, minutes, seconds, fraction = timing.groups()[first : first + 4]
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _groups(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Yield the cues that a sentence goes over."""
    marks = sum(bool(_END.search(piece.content.text.text)) for piece in pieces)
    punctuated = marks >= _PUNCTUATED * len(pieces)
    group: list[_Piece] = []
    for piece in pieces:
        if group and not _goes_on(group, piece, punctuated=punctuated):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _goes_on(group: Sequence[_Piece], piece: _Piece, *, punctuated: bool) -> bool:
    """Say whether a cue goes on with the sentence of those before it."""
    before, text = group[-1].content.text.text, piece.content.text.text
    size = sum(len(other.content.text.text) for other in group) + len(text)
    if (
        len(group) >= _MOST_CUES
        or size > _MOST_CHARACTERS
        or not 0 <= piece.begins - group[-1].ends < _LONGEST_PAUSE
    ):
        return False
    if _SAID.match(text) or text[:1] in "♪♫[(":
        return False
    lower = next((character.islower() for character in text if character.isalpha()), False)
    if _OPEN_END.search(before):
        return lower
    return not _END.search(before) and (lower or punctuated)


def _segment(group: Sequence[_Piece]) -> Segment:
    """Return the text of several cues as one."""
    texts, tags, place = [], list[Tag](), 0
    for piece in group:
        content, count = piece.content.text, len(tags)
        tags += [
            Tag(
                start=place + tag.start,
                end=place + tag.end,
                parent=None if tag.parent is None else count + tag.parent,
            )
            for tag in content.tags
        ]
        texts.append(content.text)
        place += len(content.text) + 1
    first, last = group[0].cue, group[-1].cue
    where = f"cue {first}" if first == last else f"cues {first} to {last}"
    return Segment(text=" ".join(texts), tags=tuple(tags), place=where)
