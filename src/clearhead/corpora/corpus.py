"""Reading parallel text: no alignment is ever shifted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from clearhead.config import CorpusConfig
from clearhead.corpora.formats import Tell, read_column, read_jsonl, read_tsv, silent
from clearhead.corpora.frames import references
from clearhead.corpora.lines import OVERLONG, Overlong, read_lines
from clearhead.corpora.packed import PACKED, STANDARD_INPUT, suffix_of
from clearhead.corpora.pair import Pair
from clearhead.corpora.po import read_po
from clearhead.corpora.tmx import read_tmx
from clearhead.corpora.word_links import with_links
from clearhead.corpora.xliff import read_xliff
from clearhead.errors import ConfigError, DataError

Columns = Sequence[int | str]
BILINGUAL: dict[str, Callable[[str, str, str, Columns, Tell], Iterator[Pair]]] = {
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".tmx": read_tmx,
    ".po": read_po,
    ".xliff": read_xliff,
    ".xlf": read_xliff,
}
"""The readers of files that hold both sides, called with the two languages and, for tables, the columns."""
_OF_ONE_PAIR: dict[str, Callable[[Path | str], Iterator[Pair]]] = {
    ".po": read_po,
    ".xliff": read_xliff,
    ".xlf": read_xliff,
}
"""Of these the first side is always the source."""
SPREADSHEETS = (".csv", ".xlsx", ".xls", ".ods")


def form_of(path: Path | str) -> str:
    """Return the form that a file's name shows, packed or not: `.tsv` for `A.TSV.gz`; empty for plain text."""
    suffix = suffix_of(path)
    suffix = suffix_of(Path(path).with_suffix("")) if suffix in PACKED else suffix
    return suffix if suffix in BILINGUAL or suffix in SPREADSHEETS else ""


def holds_both(path: Path | str) -> str | None:
    """Return the form of a file that holds both sides by its name; None for another."""
    form = form_of(path)
    return form if form in BILINGUAL else None


def read_one_side(
    path: Path | str, side: int, language: str = "", columns: Columns = (), *, bounded: bool = False
) -> Iterator[str]:
    """Yield one side of a corpus to train on, 0 for the source and 1 for the target, one text for each line: the lines
    of a plain file, or that side of a file with both.

    What cannot be read is a blank text, so that the other side stays in step; `sides.read_side`, for measuring, raises
    an error instead. JSON Lines and TMX need the language, and a table a head line that names it, or `columns`.
    Raises ConfigError where it is not clear which texts are meant.
    """
    form = form_of(path)
    if form == ".tsv":
        return read_column(path, side, language, columns)
    if form in _OF_ONE_PAIR:
        return ("" if pair.fault else (pair.src, pair.tgt)[side] for pair in _OF_ONE_PAIR[form](path))
    if form in BILINGUAL:
        return (_shown(pair) for pair in BILINGUAL[form](str(path), language, language, (), silent))
    _check_text(path, form)
    return read_lines(path, bounded=bounded)


def _shown(pair: Pair) -> str:
    return Overlong(pair.src) if pair.fault == OVERLONG else "" if pair.fault else pair.src


def _check_text(path: Path | str, form: str) -> None:
    if form in SPREADSHEETS:
        raise DataError(
            f"{path} is a spreadsheet, which cannot be read; save it as tab-separated text in UTF-8, with a "
            "name that ends in .tsv"
        )


def read_parallel(
    source: Path | str,
    target: Path | str,
    languages: tuple[str, str] = ("", ""),
    columns: Columns = (),
    *,
    bounded: bool = False,
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the pairs of two files, line by line; blank lines stay.

    One file that holds both sides may be given twice, or as one side of another (`read_one_side`). Raises
    DataError for unequal counts.
    """
    if str(source) == str(target) and form_of(source) in BILINGUAL:
        yield from read_both(source, languages, columns, tell)
        return
    srcs = read_one_side(source, 0, languages[0], columns, bounded=bounded)
    tgts = read_one_side(target, 1, languages[1], columns, bounded=bounded)
    yield from in_step(srcs, tgts, source, target)


def in_step(
    srcs: Iterable[str], tgts: Iterable[str], source: Path | str, target: Path | str
) -> Iterator[Pair]:
    """Yield the pairs of two texts that are read from these files; raise DataError for unequal counts."""
    counts = [0, 0]
    for number, (src, tgt) in enumerate(zip_longest(srcs, tgts), start=1):
        counts[0] += src is not None
        counts[1] += tgt is not None
        if src is not None and tgt is not None:
            long = isinstance(src, Overlong) or isinstance(tgt, Overlong)
            yield Pair(src, tgt, str(source), number, fault=OVERLONG if long else "")
    if counts[0] != counts[1]:
        raise DataError(
            f"{source} has {counts[0]:,} lines but {target} has {counts[1]:,}; the two must have one line for "
            "each sentence, in the same order"
        )


def read_both(
    path: Path | str, languages: tuple[str, str] = ("", ""), columns: Columns = (), tell: Tell = silent
) -> Iterator[Pair]:
    """Yield the pairs of one file that holds both sides, which its name says; standard input is a table.

    `tell` hears how it was understood where that is not plain. Raises DataError for any other file.
    """
    form = ".tsv" if str(path) == STANDARD_INPUT else form_of(path)
    _check_text(path, form)
    if form not in BILINGUAL:
        raise DataError(
            f"{path} was given without a target; give the target file too, or one file of both sides "
            f"({', '.join(BILINGUAL)})"
        )
    if columns and form != ".tsv":
        raise ConfigError(f"{path} has no columns; leave columns out: they are for tables (.tsv)")
    return BILINGUAL[form](str(path), *languages, columns, tell)


def read_pairs(corpus: CorpusConfig, tell: Tell = silent) -> Iterator[Pair]:
    """Yield the pairs of a corpus, with the links of their words where it has a file of them.

    `tell` hears how a file was understood where that is not plain. A pair with a fault is to be left out. Where the
    sources are features, a source is the reference of its frames (`data.frames`).
    """
    languages = corpus.source_lang, corpus.target_lang
    if corpus.source_kind == "features":
        tgts = read_one_side(corpus.target, 1, languages[1], bounded=True)
        return in_step(references(corpus.source), tgts, corpus.source, corpus.target)
    if corpus.target:
        pairs = read_parallel(
            corpus.source, corpus.target, languages, corpus.columns, bounded=True, tell=tell
        )
    else:
        pairs = read_both(corpus.source, languages, corpus.columns, tell)
    return with_links(pairs, corpus.alignments) if corpus.alignments else pairs
