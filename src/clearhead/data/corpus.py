"""Reading parallel text: no alignment is ever shifted."""

from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from clearhead.config import CorpusConfig
from clearhead.data.formats import read_jsonl, read_po, read_tmx, read_tsv
from clearhead.data.lines import PACKED, STANDARD_INPUT, Pair, read_lines
from clearhead.data.word_links import with_links
from clearhead.errors import DataError

BILINGUAL: dict[str, Callable[[str, str, str], Iterator[Pair]]] = {
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".tmx": read_tmx,
    ".po": read_po,
}
"""Who reads a file that holds both sides, given the two languages."""


def holds_both(file: Path | str) -> str | None:
    """Return how the name of a file ends that holds both sides, without what it is packed with; None for another."""
    name = Path(file)
    suffix = name.with_suffix("").suffix if name.suffix in PACKED else name.suffix
    return suffix if suffix in BILINGUAL else None


def read_parallel(source: Path | str, target: Path | str) -> Iterator[Pair]:
    """Yield the pairs of two files, line by line; blank lines stay. Raises DataError for unequal counts."""
    return in_step(read_lines(source), read_lines(target), source, target)


def in_step(
    srcs: Iterable[str], tgts: Iterable[str], source: Path | str, target: Path | str
) -> Iterator[Pair]:
    """Yield the pairs of two texts that are read from these files; raise DataError for unequal counts."""
    counts = [0, 0]
    for number, (src, tgt) in enumerate(zip_longest(srcs, tgts), start=1):
        counts[0] += src is not None
        counts[1] += tgt is not None
        if src is not None and tgt is not None:
            yield Pair(src, tgt, str(source), number)
    if counts[0] != counts[1]:
        raise DataError(
            f"{source} has {counts[0]:,} lines but {target} has {counts[1]:,}; the two must have one line for "
            "each sentence, in the same order"
        )


def read_pairs(corpus: CorpusConfig) -> Iterator[Pair]:
    """Yield the pairs of a corpus, with the links of their words where it has a file of them."""
    pairs = _read_sides(corpus)
    return with_links(pairs, corpus.alignments) if corpus.alignments else pairs


def _read_sides(corpus: CorpusConfig) -> Iterator[Pair]:
    """Yield the pairs of two line-aligned files, of one file that holds both sides, or of standard input.

    Which one it is, the name says: `.tsv`, `.jsonl`, `.tmx` or `.po`, packed or not; standard input is
    tab-separated. Raises DataError for anything else without a target.
    """
    source = corpus.source
    if corpus.target:
        return read_parallel(source, corpus.target)
    if source == STANDARD_INPUT:
        return read_tsv(source)
    suffix = holds_both(source)
    if suffix is None:
        raise DataError(
            f"{source} was given without a target; give the target file too, or one file of both sides "
            f"({', '.join(BILINGUAL)})"
        )
    return BILINGUAL[suffix](source, corpus.source_lang, corpus.target_lang)
