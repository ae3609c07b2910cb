"""Files of texts with their translations, as people keep and correct them."""

from collections.abc import Iterator
from pathlib import Path

from clearhead.corpora.corpus import holds_both, read_both
from clearhead.corpora.pair import Pair
from clearhead.errors import ConfigError


def read(file: Path | str, source: str = "", to: str = "") -> Iterator[Pair]:
    """Return the pairs of a file of both sides (TMX, TSV, JSON Lines, PO), in these languages.

    TMX and JSON Lines need both. Raises ConfigError where one is not known, DataError for what cannot be read.
    """
    if holds_both(file) in (".tmx", ".jsonl"):
        for language, which, example in ((source, "source", "source='en'"), (to, "target", "to='fr'")):
            if not language:
                raise ConfigError(
                    f"{file} stores each text under its language; say which is that of the {which}, such as {example}"
                )
    return read_both(file, (source, to))
