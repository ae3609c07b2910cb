"""The rows of the inputs: lines to translate, or pairs to score and align; and which files of a folder hold them."""

from collections.abc import Iterator
from dataclasses import dataclass

from clearhead.corpora.corpus import holds_both
from clearhead.corpora.lines import read_lines
from clearhead.corpora.sides import Languages, read_sides
from clearhead.documents.formats import format_of
from clearhead.errors import DataError
from clearhead.sharing.inputs import Input
from clearhead.sharing.parts import Row


def lines_of(input: Input) -> Iterator[Row]:
    """Yield the lines of a file to translate. Raises DataError for what cannot be read as one text a line."""
    if holds_both(input.source):
        raise DataError(
            f"{input.source} holds both sides of a text, so its lines are not sentences; give the source alone, one "
            "sentence per line"
        )
    return ((line,) for line in read_lines(input.source))


@dataclass(frozen=True)
class PairRows:
    """Reads pairs of files, or files of pairs, in the languages that were named; empty where they were not."""

    source_lang: str = ""
    target_lang: str = ""

    def __call__(self, input: Input) -> Iterator[Row]:
        """Yield the pairs of a file. Raises DataError where it cannot be read, or where sides differ in lines."""
        languages = Languages(self.source_lang, self.target_lang)
        return (
            (pair.src, pair.tgt) for pair in read_sides(input.source, input.target, languages, "--target")
        )


def is_lines(file: str) -> bool:
    """Say whether a file is lines of text by its name: neither a document nor one that holds both sides."""
    return format_of(file) is None and not holds_both(file)


def is_pairs(file: str) -> bool:
    """Say whether a file holds both sides of pairs by its name."""
    return holds_both(file) is not None
