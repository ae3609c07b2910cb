"""Text of one side, for a language model: every line is a target that follows nothing, so its source is empty."""

from collections.abc import Iterator

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import form_of, read_one_side
from clearhead.corpora.lines import OVERLONG, Overlong
from clearhead.corpora.pair import Pair


def is_alone(corpus: CorpusConfig) -> bool:
    """Say whether a corpus is text of one side: a plain file, packed or not, or standard input, without a target."""
    return not corpus.target and not form_of(corpus.source)


def read_text(corpus: CorpusConfig) -> Iterator[Pair]:
    """Yield the lines of a plain text as pairs without a source; blank lines stay."""
    for number, line in enumerate(read_one_side(corpus.source, 0, bounded=True), start=1):
        yield Pair("", line, corpus.source, number, fault=OVERLONG if isinstance(line, Overlong) else "")
