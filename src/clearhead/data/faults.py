"""What can be wrong with a pair of sentences, and the account of what a corpus holds."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Self

from clearhead.config import CorpusConfig, FilterConfig
from clearhead.data.lines import Pair
from clearhead.data.word_links import fit
from clearhead.text.language_codes import primary

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
    CONTROLS: "they come of Windows-1252 read as Latin-1, and are lost: convert the original from WINDOWS-1252",
    LETTERLESS: "where they are numbers or scores, other columns hold the text",
}
"""What else helps against a fault."""

_SAMPLES, _SHOWN = 5, 1000
"""Places of a fault that are kept, and characters of a side."""
_SEPARATOR = re.compile("[\u2028\u2029\x85\x0b\x0c\x1c-\x1e]")  # what str.splitlines() would split at
_CONTROLS = re.compile("[\x80-\x9f]")
_RATIO_SLACK = 10  # characters: among short sentences a large ratio is no fault

_SCRIPTS = {
    "LATIN": "af ca cs cy da de en eo es et eu fi fr ga gl hr hu id is it "
    "la lt lv ms nb nl nn no pl pt ro sk sl sq sv sw tr vi",
    "CYRILLIC": "be bg kk ky mk mn ru tg uk",
    "GREEK": "el",
    "ARABIC": "ar fa ps ur",
    "HEBREW": "he yi",
    "DEVANAGARI": "hi mr ne",
    "HANGUL": "ko",
    "CJK": "zh",
    "CJK HIRAGANA KATAKANA": "ja",
    "THAI": "th",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "TAMIL": "ta",
}
_LETTERS = {"Lu", "Ll", "Lt", "Lo"}
_SCRIPT_OF_LANGUAGE = {
    code: frozenset(scripts.split()) for scripts, codes in _SCRIPTS.items() for code in codes.split()
}


def pair_faults(pair: Pair, src: str, tgt: str, corpus: CorpusConfig, filters: FilterConfig) -> Iterator[str]:
    """Yield what is wrong with a pair on its own; `src` and `tgt` are its sides after normalisation."""
    if pair.fault:
        yield pair.fault
        return
    if not (src and tgt):
        yield EMPTY
        return
    if "\r" in pair.src or "\r" in pair.tgt:
        yield CARRIAGE_RETURN
    if _SEPARATOR.search(pair.src) or _SEPARATOR.search(pair.tgt):
        yield LINE_SEPARATOR
    if _CONTROLS.search(pair.src) or _CONTROLS.search(pair.tgt):
        yield CONTROLS
    if not (any(map(str.isalpha, src)) and any(map(str.isalpha, tgt))):
        yield LETTERLESS
    short, long = sorted((len(src), len(tgt)))
    if long + _RATIO_SLACK > filters.max_ratio * (short + _RATIO_SLACK):
        yield RATIO
    if in_wrong_script(src, corpus.source_lang) or in_wrong_script(tgt, corpus.target_lang):
        yield SCRIPT
    if src == tgt:
        yield IDENTICAL
    if not fit(pair, src, tgt):
        yield STRAY_LINK


def in_wrong_script(text: str, language: str) -> bool:
    """Say whether most letters of a text are of a script that the language is not written in.

    False for languages whose script is not on record, and for text without letters.
    """
    expected = _SCRIPT_OF_LANGUAGE.get(primary(language))
    if expected is None or (text.isascii() and "LATIN" in expected):
        return False
    # Half-width kana and the letter of "1\u00ba" are those of their compatibility form; marks that several scripts
    # share, as the long vowel of kana and the Ukrainian apostrophe, tell nothing (category Lm).
    letters = [each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) in _LETTERS]
    scripts = [_script(letter) for letter in letters]
    foreign = sum(script not in expected for script in scripts)
    return 2 * foreign > len(scripts)


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str:
    """Return the first word of a letter's Unicode name, which is its script."""
    return unicodedata.name(character, "").partition(" ")[0]


def sentence_key(text: str) -> int:
    """Return 64 bits that stand for a normalised sentence; two different ones agree by chance of 5e-20."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def pair_key(src: str, tgt: str) -> int:
    """Return 64 bits that stand for a normalised pair."""
    return sentence_key(f"{src}\n{tgt}")


@dataclass(frozen=True)
class HeldOut:
    """The sentences of the validation sets, as keys."""

    pairs: frozenset[int] = frozenset()
    sentences: frozenset[int] = frozenset()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Remember normalised pairs."""
        held = list(pairs)
        return cls(
            frozenset(pair_key(src, tgt) for src, tgt in held),
            frozenset(sentence_key(text) for pair in held for text in pair),
        )

    def overlap(self, src: str, tgt: str) -> str | None:
        """Return which fault a training pair has by what it shares with the held-out text."""
        if not self.sentences:
            return None
        src_key, tgt_key = sentence_key(src), sentence_key(tgt)
        if src_key not in self.sentences and tgt_key not in self.sentences:
            return None
        return OVERLAP if {pair_key(src, tgt), pair_key(tgt, src)} & self.pairs else PARTIAL_OVERLAP


@dataclass
class FaultCount:
    """How often a fault was met, and the first places."""

    count: int = 0
    left_out: bool = False
    """Whether this fault leaves pairs out."""
    lost: int = 0
    """Where it does not: how many of its pairs another fault left out."""
    samples: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class CorpusReport:
    """What reading a corpus found."""

    name: str
    source_lang: str = ""
    target_lang: str = ""
    pairs_read: int = 0
    pairs_kept: int = 0
    src_characters: int = 0
    """Of the pairs kept, after normalisation."""
    tgt_characters: int = 0
    faults: dict[str, FaultCount] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """How its files were understood where that is not plain."""

    def count(self, fault: str, pair: Pair, *, left_out: bool, lost: bool = False) -> None:
        """Count a fault and keep the first few places of it."""
        entry = self.faults.setdefault(fault, FaultCount(left_out=left_out))
        entry.count += 1
        entry.lost += lost and not left_out
        if len(entry.samples) < _SAMPLES:
            sides = {"src": pair.src[:_SHOWN], "tgt": pair.tgt[:_SHOWN]}
            entry.samples.append({"file": pair.file, "line": pair.line, **sides})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def dropped_faults(filters: FilterConfig) -> frozenset[str]:
    """Return the faults that leave a pair out."""
    return frozenset({EMPTY, LONG} | {fault for fault, key in REMEDIES.items() if getattr(filters, key)})
