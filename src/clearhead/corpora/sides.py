"""Text to measure with: one side, from a plain file or from one with both; a file with both is never read as text."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Literal, NamedTuple

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import BILINGUAL, holds_both, in_step, read_pairs
from clearhead.corpora.frames import references
from clearhead.corpora.lines import read_lines
from clearhead.corpora.packed import STANDARD_INPUT, is_stream
from clearhead.corpora.pair import Pair
from clearhead.errors import DataError

Side = Literal["source", "target"]
_LOOKED_AT = 20
"""Lines of plain text that are looked at before it is believed to be plain."""
_TRANSLATED_TSV = re.compile(r"\d+\t\d+\t-?\d+\.\d+\t")
_CATALOGUE = re.compile(r'(?:msgid|msgctxt) "')
_MEMORY = re.compile(r"\ufeff?(?:<\?xml|<!DOCTYPE tmx|<tmx)", re.IGNORECASE)


class Languages(NamedTuple):
    """Codes of the two languages, as far as they are known; empty otherwise."""

    source: str = ""
    target: str = ""
    features: bool = False
    """Whether sources are no text, but frames (`data.frames`)."""


UNKNOWN = Languages()
"""Of plain files, and of files that hold one pair of languages only."""


def read_side(file: str, side: Side, languages: Languages = UNKNOWN) -> Iterator[str]:
    """Yield the text of one side, one text for each line or entry; what cannot be read is an error.

    A file that holds both by its name (`.tsv`, `.jsonl`, `.tmx`, `.po`, packed or not) gives that side of it, any
    other all its lines. Raises DataError for one whose lines are plainly more than text.
    """
    if not holds_both(file):
        return _plain(file)
    return (pair.src if side == "source" else pair.tgt for pair in _both(file, languages))


def read_sides(source: str, target: str | None, languages: Languages, flag: str) -> Iterator[Pair]:
    """Yield the pairs of two files, in step, or those of one that holds both sides where no other is given.

    `flag` is what the second file is asked for by. Raises DataError where it is needed.
    """
    if target is not None:
        only_once((source, target))
        srcs = references(source) if languages.features else read_side(source, "source", languages)
        return in_step(srcs, read_side(target, "target", languages), source, target)
    if languages.features:
        raise DataError(f"{source} holds sources that are no text; give their texts, one a line, with {flag}")
    if source != STANDARD_INPUT and not holds_both(source):
        raise DataError(
            f"{source} is read as one side only; give the other with {flag}, or one file of both sides "
            f"({', '.join(BILINGUAL)})"
        )
    return _both(source, languages)


def only_once(files: Sequence[str]) -> None:
    """Raise DataError where several of some files are standard input, which can be read once."""
    if files.count(STANDARD_INPUT) > 1:
        raise DataError(
            f"standard input ({STANDARD_INPUT}) is named {files.count(STANDARD_INPUT)} times, but it can be read only "
            "once; give files for the rest"
        )


def _both(file: str, languages: Languages) -> Iterator[Pair]:
    named = holds_both(file) in (".jsonl", ".tmx")
    for language, which, flag in ((languages.source, "source", "from"), (languages.target, "target", "to")):
        if named and not language:
            raise DataError(
                f"{file} stores each text under its language; name the language of the {which} with --{flag}, such as "
                f"--{flag} en"
            )
    if holds_both(file) == ".tsv" and not is_stream(file):
        head = [line for line in islice(read_lines(file), _LOOKED_AT) if line.strip()]
        if head and all(map(_TRANSLATED_TSV.match, head)):
            raise DataError(_ours(file))
    return _whole(
        read_pairs(CorpusConfig(source=file, source_lang=languages.source, target_lang=languages.target))
    )


def _whole(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """Yield pairs; raise DataError at one that could not be read, since what is measured must be all of the text."""
    for pair in pairs:
        if pair.fault:
            raise DataError(f"{pair.file}:{pair.line}: {pair.fault}; fix this entry or remove it")
        yield pair


def _plain(file: str) -> Iterator[str]:
    lines = read_lines(file)
    head = list(islice(lines, _LOOKED_AT))
    if fault := _more_than_text(file, [line for line in head if line.strip()]):
        raise DataError(fault)
    return chain(head, lines)


def _more_than_text(file: str, head: Sequence[str]) -> str | None:
    """Say what the first lines of a file are, where they are plainly not text of one side, and what to do."""
    if not head:
        return None
    if all(map(_TRANSLATED_TSV.match, head)):
        return _ours(file)
    if all("\t" in line.strip() for line in head):
        return (
            f"{file} has a tab in each of its first {len(head)} lines, so it seems to hold more than one side; name it "
            f".tsv for its first two columns, or extract one with: cut -f2 {file} > "
            f"{Path(file).stem}.txt"
        )
    objects = [_object(line) or {} for line in head]
    if all({"text", "score"} <= value.keys() for value in objects):
        return f"{file} holds translations as JSON; take what `clearhead translate --format text` writes"
    if all(objects):
        return (
            f"{file} is JSON Lines, read as text; name it .jsonl, or give plain text, one sentence per line"
        )
    if _MEMORY.match(head[0]):
        return f"{file} is XML, read as text; name it .tmx if it is a translation memory, or give one sentence per line"
    if any(map(_CATALOGUE.match, head)):
        return f"{file} is a gettext catalogue, read as text; name it .po, or give plain text, one sentence per line"
    return None


def _ours(file: str) -> str:
    """Say what to do with numbered translations."""
    return (
        f"{file} is what `clearhead translate --format tsv` writes; extract its text with: cut -f4 {file} > "
        f"{Path(file).stem}.txt"
    )


def _object(line: str) -> dict[str, object] | None:
    """Return the JSON object that a line is; None for any other."""
    try:
        value = json.loads(line) if line.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
