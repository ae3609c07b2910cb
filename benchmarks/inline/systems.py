"""Three ways to translate a sentence with tags: moved by alignment, as placeholders, the pieces apart."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from benchmarks.inline.gold import Sentence
from benchmarks.inline.judging import Placed
from clearhead.documents.translating import marked
from clearhead.segments.segment import Marked, Tag
from clearhead.segments.spacing import loosened
from clearhead.translator import Translation, Translator

System = Callable[[Translator, Sequence[Sentence]], list[Placed]]
_WRITTEN = re.compile(r"<(?P<closing>/?)g(?P<number>\d)(?P<empty>/?)>")


def by_direction(
    translator: Translator,
    sentences: Sequence[Sentence],
    texts: Sequence[Sequence[str]],
    *,
    align: bool = False,
) -> list[list[Translation]]:
    """Translate some texts for each sentence, from its language into the other one."""
    lines: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        lines[sentence.source, sentence.target] += [(number, text) for text in texts[number]]
    translations: list[list[Translation]] = [[] for _ in sentences]
    for (source, target), numbered in lines.items():
        stream = translator.stream([text for _, text in numbered], to=target, source=source, align=align)
        for (number, _), translation in zip(numbered, stream, strict=True):
            translations[number].append(translation)
    return translations


def aligned(translator: Translator, sentences: Sequence[Sentence]) -> list[Placed]:
    """Translate texts whole and set their tags by the word alignment."""
    whole = by_direction(
        translator, sentences, [[loosened(one.marked).text] for one in sentences], align=True
    )
    return [
        Placed.of(marked(sentence.marked, translation))
        for sentence, (translation,) in zip(sentences, whole, strict=True)
    ]


def placeholders(translator: Translator, sentences: Sequence[Sentence]) -> list[Placed]:
    """Translate texts with their tags in them, each a symbol that is carried."""
    written = [[_written(sentence.marked)] for sentence in sentences]
    return [
        _read(translation.text, len(sentence.marked.tags))
        for sentence, (translation,) in zip(
            sentences, by_direction(translator, sentences, written), strict=True
        )
    ]


def _written(sentence: Marked) -> str:
    empty = [tag.start == tag.end for tag in sentence.tags]
    return sentence.woven(
        lambda number: f"<g{number}/>" if empty[number] else f"<g{number}>",
        lambda number: "" if empty[number] else f"</g{number}>",
        str,
    )


def _read(written: str, count: int) -> Placed:
    """Take numbered tags out of a translation; of tags that cross or are doubled it says so."""
    text, place = "", 0
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    opened: list[int] = []
    nest, doubled = True, False
    for match in _WRITTEN.finditer(written):
        text += written[place : match.start()]
        place = match.end()
        number = int(match["number"])
        where = ends if match["closing"] else starts
        doubled |= number in where
        where[number] = len(text)
        if match["empty"]:
            ends[number] = len(text)
        elif not match["closing"]:
            opened.append(number)
        else:
            nest &= bool(opened) and opened.pop() == number
    text += written[place:]
    tags = tuple(
        Tag(start=starts[number], end=ends[number])
        if number in starts and starts[number] <= ends.get(number, -1)
        else None
        for number in range(count)
    )
    same = not doubled and None not in tags and set(starts) == set(ends) == set(range(count))
    return Placed(text=text, tags=tags, same=same, well_formed=nest and not opened)


def apart(translator: Translator, sentences: Sequence[Sentence]) -> list[Placed]:
    """Translate what stands between tags piece by piece, and join it."""
    pieces = [list(_pieces(sentence.marked)) for sentence in sentences]
    texts = [[piece.strip() for piece in some if _has_words(piece)] for some in pieces]
    translations = by_direction(translator, sentences, texts)
    results = []
    for sentence, some, translated in zip(sentences, pieces, translations, strict=True):
        results.append(_joined(sentence.marked, some, iter(translated)))
    return results


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _cuts(sentence: Marked) -> list[int]:
    return sorted(
        {0, len(sentence.text), *(place for tag in sentence.tags for place in (tag.start, tag.end))}
    )


def _pieces(sentence: Marked) -> Iterable[str]:
    cuts = _cuts(sentence)
    return (sentence.text[start:end] for start, end in pairwise(cuts))


def _joined(sentence: Marked, pieces: Sequence[str], translations: Iterator[Translation]) -> Placed:
    text, now = "", [0]
    for piece in pieces:
        if _has_words(piece):
            before, after = (
                piece[: len(piece) - len(piece.lstrip())],
                piece[len(piece.rstrip()) :],
            )
            piece = before + next(translations).text + after
        text += piece
        now.append(len(text))
    place = dict(zip(_cuts(sentence), now, strict=True))
    return Placed(
        text=text,
        tags=tuple(
            Tag(start=place[tag.start], end=place[tag.end], parent=tag.parent) for tag in sentence.tags
        ),
    )


SYSTEMS: dict[str, System] = {"moved by alignment": aligned, "as placeholders": placeholders, "apart": apart}
