"""What can be wrong with a pair of sentences."""

import re
from collections.abc import Iterator

from clearhead.config import CorpusConfig, FilterConfig
from clearhead.corpora.pair import Pair
from clearhead.corpora.word_links import fit
from clearhead.text.script import in_wrong_script

EMPTY, LONG, RATIO, SCRIPT = "empty side", "too long", "ratio outlier", "wrong script"
IDENTICAL, DUPLICATE = "identical sides", "duplicate"
OVERLAP, PARTIAL_OVERLAP = "pair of the validation set", "sentence of the validation set"
STRAY_LINK = "links that do not fit the words, not used"
LETTERLESS = "side without letters"
CONTROLS = "control characters, U+0080 to U+009F"
CARRIAGE_RETURN, LINE_SEPARATOR = "stray carriage return", "line separator inside a line"

REMEDIES = {
    RATIO: "drop_ratio",
    SCRIPT: "drop_script",
    IDENTICAL: "drop_identical",
    DUPLICATE: "drop_duplicates",
    OVERLAP: "drop_overlap",
    PARTIAL_OVERLAP: "drop_overlap",
}
"""The key of [data.filters] that leaves out pairs with a fault."""
HINTS = {
    CONTROLS: "they come from Windows-1252 text read as Latin-1, and their characters are lost: convert the original "
    "from WINDOWS-1252",
    LETTERLESS: "if they are numbers or scores, the text is in other columns",
}
"""What else helps against a fault."""

_SEPARATOR = re.compile("[\u2028\u2029\x85\x0b\x0c\x1c-\x1e]")  # what str.splitlines() would split at
_CONTROLS = re.compile("[\x80-\x9f]")
RATIO_SLACK = 10  # characters: among short sentences a large ratio is not a fault


def pair_faults(pair: Pair, src: str, tgt: str, corpus: CorpusConfig, filters: FilterConfig) -> Iterator[str]:
    """Yield what is wrong with a pair on its own; `src` and `tgt` are its sides after normalisation."""
    if pair.fault:
        yield pair.fault
        return
    if not (src and tgt):
        yield EMPTY
        return
    if corpus.source_kind == "features":
        return  # the name of a file says nothing of the pair
    yield from stray_characters(pair.src, pair.tgt)
    if not (any(map(str.isalpha, src)) and any(map(str.isalpha, tgt))):
        yield LETTERLESS
    short, long = sorted((len(src), len(tgt)))
    if long + RATIO_SLACK > filters.max_ratio * (short + RATIO_SLACK):
        yield RATIO
    if in_wrong_script(src, corpus.source_lang) or in_wrong_script(tgt, corpus.target_lang):
        yield SCRIPT
    if src == tgt:
        yield IDENTICAL
    if not fit(pair, src, tgt):
        yield STRAY_LINK


def text_faults(pair: Pair, text: str, language: str) -> Iterator[str]:
    """Yield what is wrong with a line of plain text, which has no source; `text` is the line after normalisation."""
    if pair.fault:
        yield pair.fault
        return
    if not text:
        yield EMPTY
        return
    yield from stray_characters(pair.tgt)
    if not any(map(str.isalpha, text)):
        yield LETTERLESS
    if in_wrong_script(text, language):
        yield SCRIPT


def stray_characters(*texts: str) -> Iterator[str]:
    """Yield the faults of texts, as they were read, that have characters which break lines or mean nothing."""
    if any("\r" in text for text in texts):
        yield CARRIAGE_RETURN
    if any(map(_SEPARATOR.search, texts)):
        yield LINE_SEPARATOR
    if any(map(_CONTROLS.search, texts)):
        yield CONTROLS


def dropped_faults(filters: FilterConfig) -> frozenset[str]:
    """Return the faults that leave a pair out."""
    return frozenset({EMPTY, LONG} | {fault for fault, key in REMEDIES.items() if getattr(filters, key)})
