"""Word alignments of a corpus, their error rate, and the choice of the heads that they are read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from clearhead import model_directory
from clearhead.config.alignment import Reader
from clearhead.data.lines import read_lines
from clearhead.data.sides import read_sides
from clearhead.errors import DataError
from clearhead.inspection import gold as known_links
from clearhead.inspection.alignment import Alignment, Words
from clearhead.inspection.gold import Gold, Pair
from clearhead.measuring.languages import languages_of
from clearhead.text.words import WordKind
from clearhead.translator import Translator

_WINDOW = 512
"""Pairs whose attention is held at a time."""


@dataclass(frozen=True)
class Chosen:
    """A reader, and its error rate on the pairs that it was chosen on."""

    reader: Reader
    rate: float
    before: float
    """The rate of the reader that was in use."""


def align(
    translator: Translator,
    source: str,
    target: str | None,
    *,
    to: str | None = None,
    source_lang: str | None = None,
    words: WordKind = "space",
) -> Iterator[Alignment]:
    """Yield the alignment of each pair of two files, or of one that holds both sides, in order."""
    pairs = read_sides(source, target, languages_of(translator, to, source_lang), "--target")
    while window := list(islice(pairs, _WINDOW)):
        yield from translator.align(
            [pair.src for pair in window], [pair.tgt for pair in window], to=to, words=words
        )


def read_gold(file: str, found: Sequence[tuple[int, int]]) -> list[Gold]:
    """Read known alignments, a line a pair, of pairs with so many source and target words.

    Raises DataError where there are none, or not as many lines as pairs, or a link to a word that there is not.
    """
    gold = [Gold.parse(line, f"{file}:{number}") for number, line in enumerate(read_lines(file), start=1)]
    if not found:
        raise DataError("there are no pairs to compare with known alignments; the files are empty")
    if len(gold) != len(found):
        raise DataError(
            f"{file} has {len(gold):,} lines for {len(found):,} pairs; give a line of links for each pair"
        )
    for number, (each, (sources, targets)) in enumerate(zip(gold, found, strict=True), start=1):
        for source, target in sorted(each.sure | each.possible):
            if source >= sources or target >= targets:
                raise DataError(
                    f"{file}:{number}: there is no {source}-{target} in a pair of {sources} and {targets} words; words "
                    "are counted from 0, and what is a word is said with --words"
                )
    return gold


def choose(
    translator: Translator,
    source: str,
    target: str | None,
    gold: str,
    *,
    to: str | None = None,
    source_lang: str | None = None,
    words: WordKind = "space",
) -> Chosen:
    """Choose the reader with the lowest error rate on pairs whose alignments are known."""
    pairs = list(read_sides(source, target, languages_of(translator, to, source_lang), "--target"))
    found = translator.attended([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=to)
    tables = [Words.usual(each.source, each.target, words) for each in found]
    known = read_gold(gold, [(len(table.source), len(table.target)) for table in tables])
    return best([Pair(*each) for each in zip(found, tables, known, strict=True)], translator.reader)


def best(pairs: Sequence[Pair], before: Reader) -> Chosen:
    """Choose the reader with the lowest error rate, which may be the one in use."""
    reader, rate = known_links.choose(pairs)
    rate_before = known_links.measured(pairs, before)
    return (
        Chosen(reader, rate, rate_before) if rate < rate_before else Chosen(before, rate_before, rate_before)
    )


def keep(path: Path | None, reader: Reader) -> Path:
    """Write into a model directory how alignments are read from it, and return where it is."""
    found = model_directory.find(path)
    model_directory.rewrite(found, replace(model_directory.read_info(found), alignment=reader))
    return found
