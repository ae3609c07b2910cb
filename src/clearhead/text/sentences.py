"""Paragraphs to sentences and back, losing no character.

A text becomes a list of stretches, sentences and the text between them, whose texts joined are the
text itself. Only the sentences are translated; blank lines, indents and rulers stay as they were.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

import sentencex

from clearhead.errors import TextError
from clearhead.text.language_codes import primary
from clearhead.text.sentence_ends import ends

# A line break always ends a sentence, so that titles, lists and verses keep their lines.
_LINE_BREAKS = re.compile("([\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+)")
_SPACE = re.compile(r"\s")
_ONE = re.compile(r"[^\W_](?:[\w ,'’-]*[\w.!?])?")
"""A sentence without anything inside at which one could end: no mark but at its end, no quotation, no line break."""
_AROUND = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)

# Where a clause may end: Western marks count before white space only ("3,500" is one number).
_STRETCH = 4000
"""Characters of a line that are looked at together; a sentence is hardly ever longer."""
_CLAUSE_END = re.compile(r"(?<=[,;:.!?–—…،؛؟।])\s+|(?<=[、，；：。！？])\s*")
_WORD_END = re.compile(r"\s+")

# Scripts written without spaces between sentences: Thai to Tibetan, Myanmar, Khmer, Chinese, Japanese.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a text: a sentence to translate, or the text between two sentences."""

    text: str
    is_sentence: bool


def is_one(text: str) -> bool:
    """Say whether a text is plainly one sentence, whatever its language; False where it takes a closer look."""
    return _ONE.fullmatch(text) is not None


def split(text: str, languages: str | Sequence[str] = "en") -> list[Stretch]:
    """Split a text into sentences and the separators between them.

    `"".join(stretch.text for stretch in split(text)) == text`. A sentence neither begins nor ends with
    white space and holds a letter or a digit; stretches without one are separators.
    `languages` is a code such as `en`, or all those that the text may be in: then a sentence ends where
    the rules of each of them say so. Of a code such as `pt-BR` its first part counts; a language
    without rules of its own gets those of a relative or general ones.
    """
    if is_one(text):
        return [Stretch(text, True)]
    named = (languages,) if isinstance(languages, str) else tuple(languages) or ("en",)
    codes = tuple(dict.fromkeys(primary(code) for code in named))
    stretches: list[Stretch] = []
    for piece in _LINE_BREAKS.split(text):
        for segment in _segments(piece, codes):
            stretches.extend(_trimmed(segment))
    return _merged(stretches)


def split_long(
    text: str, limit: int, length: Callable[[str], int], whole: Iterable[tuple[int, int]] = ()
) -> list[Stretch]:
    """Split a text into parts of at most `limit` units each, as `length` counts them.

    The cuts fall after clause marks where possible, else at spaces, else between characters, and
    last between the code points of a character; never inside the stretches `whole`, each its start
    and end. No character is lost, and `join` puts the parts back as it does sentences. A single code
    point or stretch longer than the limit stays a part of its own. Raises TextError for a limit below 1.
    """
    if limit < 1:
        raise TextError(f"the limit of a part must be at least 1, got {limit}")
    stretches: list[Stretch] = []
    inside = {place for start, end in whole for place in range(start + 1, end)}
    for part in _parts(text, limit, length, inside):
        stretches.extend(_trimmed(part))
    return _merged(stretches)


def join(stretches: Sequence[Stretch], translations: Sequence[str]) -> str:
    """Put translations in the places of their sentences, between the original separators.

    Where two sentences touch because their script writes no spaces, as in Chinese, and the
    translations are of a script that does, one space is put between them. Given the sentences
    themselves it returns the text. Raises TextError unless there is one translation a sentence.
    """
    sentences = sum(stretch.is_sentence for stretch in stretches)
    if sentences != len(translations):
        raise TextError(
            f"{len(translations)} translations for {sentences} sentences; "
            "give exactly one for each sentence, in order"
        )
    remaining = iter(translations)
    out: list[str] = []
    previous: tuple[str, str] | None = None  # the sentence just before this stretch, and its translation
    for stretch in stretches:
        if not stretch.is_sentence:
            out.append(stretch.text)
            previous = None
            continue
        translation = next(remaining)
        if previous is not None and _needs_space(*previous, stretch.text, translation):
            out.append(" ")
        out.append(translation)
        previous = (stretch.text, translation)
    return "".join(out)


def _needs_space(sentence: str, translation: str, next_sentence: str, next_translation: str) -> bool:
    """Tell whether a boundary without a space in the source needs one in the translation."""
    source = sentence[-1:] + next_sentence[:1]
    target = translation[-1:] + next_translation[:1]
    return len(target) == 2 and bool(_UNSPACED.search(source)) and not _UNSPACED.search(target)


def _segments(line: str, languages: tuple[str, ...]) -> list[str]:
    """Return the sentences of a line with the spaces around them, cut where all languages see an end."""
    # sentencex panics on some spaces of more than one byte ("A\u00a0." in 1.0.32). With plain spaces
    # of the same number its boundaries are those of the original.
    plain = _SPACE.sub(" ", line)
    places = _boundaries(plain, languages[0])
    for language in languages[1:]:
        if not places:
            break
        places &= _boundaries(plain, language)
    agreed = [place for place in sorted(places) if ends(plain, place, languages)]
    return [line[start:end] for start, end in pairwise([0, *agreed, len(line)])]


def _boundaries(line: str, language: str) -> set[int]:
    """Return the places within a line where a sentence begins, as sentencex sees them.

    It takes the square of a line's quotations and marks in time, so that it sees a stretch of a long line at a time:
    each begins where the last sentence of the one before did.
    """
    places: set[int] = set()
    start = 0
    while start < len(line):
        stretch = line[start : start + _STRETCH]
        begins = _begins(stretch, language)
        places.update(start + place for place in begins)
        last = max(begins, default=0)
        start += last if last and start + len(stretch) < len(line) else len(stretch)
    return places


def _begins(stretch: str, language: str) -> list[int]:
    """Return where a sentence begins behind another."""
    try:
        lengths = [len(segment) for segment in sentencex.segment(language, stretch)]
    except UnicodeEncodeError:
        raise TextError(
            "the text holds a lone surrogate, which is not valid Unicode; read it as UTF-8"
        ) from None
    except BaseException as error:
        # A Rust panic arrives as a BaseException whose class cannot be imported.
        if type(error).__module__ != "pyo3_runtime":
            raise
        return []
    *places, end = accumulate(lengths, initial=0)
    return places[1:] if end == len(stretch) else []


def _trimmed(segment: str) -> Iterator[Stretch]:
    """Yield a segment as a sentence with the white space around it apart."""
    match = _AROUND.fullmatch(segment)
    assert match is not None
    before, core, after = match.groups()
    yield Stretch(before, False)
    yield Stretch(core, any(map(str.isalnum, core)))
    yield Stretch(after, False)


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    """Return the stretches without empty ones, neighbouring separators made one."""
    merged: list[Stretch] = []
    for is_sentence, together in groupby(
        (stretch for stretch in stretches if stretch.text), key=lambda stretch: stretch.is_sentence
    ):
        texts = [stretch.text for stretch in together]
        merged += [Stretch(text, is_sentence) for text in (texts if is_sentence else ["".join(texts)])]
    return merged


def _parts(
    text: str,
    limit: int,
    length: Callable[[str], int],
    inside: Collection[int],
    level: int = 0,
    offset: int = 0,
) -> Iterator[str]:
    """Yield parts of a text that fit the limit, cut at the places of this level or a finer one.

    `inside` are places where no cut may fall, counted from `offset` characters before this text.
    """
    if level == len(_CUTS) or length(text.strip()) <= limit:
        yield text
        return
    ends = [*(end for end in _CUTS[level](text) if offset + end not in inside), len(text)]
    start = first = 0
    while first < len(ends):

        def fits(count: int, start: int = start) -> bool:
            return length(text[start : ends[count - 1]].strip()) <= limit

        last = _furthest(first, len(ends), fits)
        if last == first:  # not even one piece fits: cut it more finely
            last = first + 1
            piece = text[start : ends[first]]
            yield from _parts(piece, limit, length, inside, level + 1, offset + start)
        else:
            yield text[start : ends[last - 1]]
        start, first = ends[last - 1], last


def _furthest(first: int, count: int, fits: Callable[[int], bool]) -> int:
    """Return a number up to count that fits while the next does not, or first if none fits.

    Doubles the step until it is too far, then bisects: few calls, none on a text far too long.
    """
    good, step = first, 1
    while good < count and fits(min(good + step, count)):
        good, step = min(good + step, count), 2 * step
    bad = min(good + step, count)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _clause_ends(text: str) -> list[int]:
    """Return the places after clause marks and the spaces that follow them."""
    return [match.end() for match in _CLAUSE_END.finditer(text) if 0 < match.end() < len(text)]


def _word_ends(text: str) -> list[int]:
    """Return the places after white space."""
    return [match.end() for match in _WORD_END.finditer(text) if match.end() < len(text)]


def _character_ends(text: str) -> list[int]:
    """Return the places between characters as readers see them: not before marks, not at joiners."""
    return [
        place
        for place in range(1, len(text))
        if not unicodedata.category(text[place]).startswith("M")
        and text[place] not in "\u200c\u200d"
        and text[place - 1] != "\u200d"
    ]


def _code_point_ends(text: str) -> range:
    """Return every place between two code points."""
    return range(1, len(text))


_CUTS: tuple[Callable[[str], Sequence[int]], ...] = (
    _clause_ends,
    _word_ends,
    _character_ends,
    _code_point_ends,
)
