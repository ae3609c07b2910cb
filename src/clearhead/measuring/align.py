"""Word alignments of a corpus, their error rate, and the choice of the heads that they are read from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from clearhead import model_directory
from clearhead.config.alignment import Reader
from clearhead.config.choices import WordKind
from clearhead.corpora.lines import read_lines
from clearhead.corpora.sides import read_sides
from clearhead.errors import DataError
from clearhead.inspection import gold as known_links
from clearhead.inspection.alignment import Alignment, Words
from clearhead.inspection.gold import Gold, Pair
from clearhead.measuring.languages import languages_of
from clearhead.translator import Translator

_WINDOW = 512
"""Pairs whose attention is held in memory at a time."""


@dataclass(frozen=True)
class Chosen:
    """A reader, and its alignment error rate on the pairs that it was chosen on."""

    reader: Reader
    rate: float
    before: float
    """The error rate of the reader in use until then."""


def align(
    translator: Translator,
    source: str,
    target: str | None,
    *,
    to: str | None = None,
    source_lang: str | None = None,
    words: WordKind = "space",
) -> Iterator[Alignment]:
    """Yield the alignment of each pair of two files, or of one file that holds both sides, in order."""
    pairs = read_sides(source, target, languages_of(translator, to, source_lang), "--target")
    yield from align_pairs(translator, ((pair.src, pair.tgt) for pair in pairs), to=to, words=words)


def align_pairs(
    translator: Translator,
    pairs: Iterable[Sequence[str]],
    *,
    to: str | None = None,
    words: WordKind = "space",
) -> Iterator[Alignment]:
    """Yield the alignment of each pair of a source and a target, in order; not many are held in memory at a time."""
    remaining = iter(pairs)
    while window := list(islice(remaining, _WINDOW)):
        yield from translator.align(
            [pair[0] for pair in window], [pair[1] for pair in window], to=to, words=words
        )


def read_gold(file: str, word_counts: Sequence[tuple[int, int]]) -> list[Gold]:
    """Read known alignments, one line for each pair; `word_counts` are the source and target words of each pair.

    Raises DataError where there are no pairs, where the lines do not match them, or where a link leads to no word.
    """
    gold = [Gold.parse(line, f"{file}:{number}") for number, line in enumerate(read_lines(file), start=1)]
    if not word_counts:
        raise DataError("there are no pairs to compare with the known alignments; the text files are empty")
    if len(gold) != len(word_counts):
        raise DataError(
            f"{file} has {len(gold):,} lines for {len(word_counts):,} pairs; give one line of links for each pair"
        )
    for number, (links, (sources, targets)) in enumerate(zip(gold, word_counts, strict=True), start=1):
        for source, target in sorted(links.sure | links.possible):
            if source >= sources or target >= targets:
                raise DataError(
                    f"{file}:{number}: the link {source}-{target} leads to no word: the pair has {sources} and "
                    f"{targets} words, counted from 0; --words sets what counts as a word"
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
    attention = translator.attended([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=to)
    tables = [Words.usual(pair.source, pair.target, words) for pair in attention]
    known = read_gold(gold, [(len(table.source), len(table.target)) for table in tables])
    return best([Pair(*parts) for parts in zip(attention, tables, known, strict=True)], translator.reader)


def best(pairs: Sequence[Pair], before: Reader) -> Chosen:
    """Return the reader with the lowest error rate; the one in use where none is better."""
    reader, rate = known_links.choose(pairs)
    rate_before = known_links.measured(pairs, before)
    return (
        Chosen(reader, rate, rate_before) if rate < rate_before else Chosen(before, rate_before, rate_before)
    )


def keep(path: Path | None, reader: Reader) -> Path:
    """Write into a model directory how alignments are read from it, and return where it is."""
    folder = model_directory.find(path)
    model_directory.rewrite(folder, replace(model_directory.read_info(folder), alignment=reader))
    return folder
