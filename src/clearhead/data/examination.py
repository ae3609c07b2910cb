"""The first look at the pairs of a corpus: normalised, examined, and those that stay put together again, in blocks.

Of nearly every pair its characters say that nothing has to be done (`characters.survey`); the others are looked at
one by one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import compress
from typing import Any

import numpy as np

from clearhead.config import CorpusConfig, FilterConfig
from clearhead.corpora.pair import Pair
from clearhead.data.characters import survey
from clearhead.data.faults import LONG, RATIO_SLACK, STRAY_LINK, dropped_faults, pair_faults, text_faults
from clearhead.data.held_out import HeldOut
from clearhead.data.raw_pairs import Kept, RawRows
from clearhead.data.report import CorpusReport
from clearhead.data.vocabulary_sample import may_fit
from clearhead.text.normalize import normalize

_LONGEST_TOKEN = 100
"""Characters: a side with more for each token that it may have is too long, and is not examined further."""


@dataclass(frozen=True)
class LineBlock:
    r"""Lines of two plain files as they are on the disk, as many of one as of the other."""

    corpus: int
    file: str
    """Whose lines they are in the report: that of the sources."""
    first: int
    """Number of the first line, from 1."""
    src: bytes
    tgt: bytes

    @cached_property
    def sides(self) -> tuple[list[str], list[str]]:
        """The lines of both sides."""
        src, tgt = (
            [line.removesuffix("\r") for line in side.decode().removesuffix("\n").split("\n")]
            if b"\r" in side
            else side.decode().removesuffix("\n").split("\n")
            for side in (self.src, self.tgt)
        )
        return src, tgt

    @property
    def lines(self) -> Sequence[int]:
        """The numbers of the lines."""
        return range(self.first, self.first + len(self.sides[0]))

    def pair(self, place: int) -> Pair:
        """Return one of the pairs."""
        src, tgt = self.sides
        return Pair(src[place], tgt[place], self.file, self.first + place)


@dataclass(frozen=True)
class PairBlock:
    """Pairs as a reader of files gave them."""

    corpus: int
    pairs: Sequence[Pair]

    @cached_property
    def sides(self) -> tuple[list[str], list[str]]:
        """Both sides, blank where something is known that needs a closer look."""
        closer = [
            bool(pair.fault or pair.links) or "\n" in pair.src or "\n" in pair.tgt for pair in self.pairs
        ]
        src, tgt = (
            ["" if look else side for look, side in zip(closer, sides, strict=True)]
            for sides in ([pair.src for pair in self.pairs], [pair.tgt for pair in self.pairs])
        )
        return src, tgt

    @property
    def lines(self) -> Sequence[int]:
        """The numbers of their lines."""
        return [pair.line for pair in self.pairs]

    def pair(self, place: int) -> Pair:
        """Return one of the pairs."""
        return self.pairs[place]


Unexamined = LineBlock | PairBlock


@dataclass(frozen=True)
class Examined:
    """What a block became."""

    rows: RawRows
    """Those that stay."""
    keys: np.ndarray[Any, Any]
    """64 bits of each; the same words are another pair in other languages."""
    fits: Kept
    """Which may teach the vocabulary."""
    report: CorpusReport


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Examines blocks of the corpora; the same block always gives the same."""

    corpora: Sequence[CorpusConfig]
    alone: Sequence[bool]
    """Which of them are plain text, whose pairs have no source."""
    filters: FilterConfig
    max_tokens: int
    held_out: HeldOut
    linked: bool

    def __call__(self, block: Unexamined) -> Examined:
        """Examine the pairs of a block."""
        corpus = self.corpora[block.corpus]
        report = CorpusReport("", corpus.source_lang, corpus.target_lang, pairs_read=len(block.lines))
        srcs, tgts = (list(side) for side in block.sides)
        stays = np.ones(len(tgts), dtype=bool)
        links: list[Sequence[tuple[int, int]]] = [()] * len(tgts)
        for place in np.flatnonzero(self._closer(block)).tolist():
            pair = block.pair(place)
            src, tgt, faults = self._look(pair, block.corpus)
            stays[place] = not pair.fault and LONG not in faults and self.dropped.isdisjoint(faults)
            for fault in faults:
                left_out = fault in (pair.fault, LONG) or fault in self.dropped
                report.count(fault, pair, left_out=left_out, lost=not stays[place])
            srcs[place], tgts[place] = src, tgt
            links[place] = () if STRAY_LINK in faults else pair.links
        if not stays.all():
            srcs, tgts = (list(compress(side, stays)) for side in (srcs, tgts))
            links = list(compress(links, stays))
        return Examined(
            RawRows(
                src="".join(f"{src}\n" for src in srcs).encode(),
                tgt="".join(f"{tgt}\n" for tgt in tgts).encode(),
                lines=np.array(block.lines, dtype=np.int64)[stays],
                links=links if self.linked else (),
            ),
            _keys(f"{corpus.source_lang}-{corpus.target_lang}\n", srcs, tgts),
            self._fits(srcs, tgts),
            report,
        )

    @cached_property
    def dropped(self) -> frozenset[str]:
        """The faults that leave a pair out."""
        return dropped_faults(self.filters)

    @cached_property
    def features(self) -> bool:
        """Whether the sources are names of frames."""
        return any(corpus.source_kind == "features" for corpus in self.corpora)

    def _closer(self, block: Unexamined) -> Kept:
        """Return which pairs are not certain to be normal and without any fault."""
        corpus, alone = self.corpora[block.corpus], self.alone[block.corpus]
        srcs, tgts = block.sides
        if self.features:
            return np.ones(len(tgts), dtype=bool)
        target = survey(tgts, corpus.target_lang or (corpus.source_lang if alone else ""))
        clean = target.normal & target.lettered & ~target.foreign
        clean &= target.lengths <= _LONGEST_TOKEN * self.max_tokens
        if not alone:
            source = survey(srcs, corpus.source_lang)
            clean &= source.normal & source.lettered & ~source.foreign
            clean &= source.lengths <= _LONGEST_TOKEN * self.max_tokens
            short, long = (
                np.minimum(source.lengths, target.lengths),
                np.maximum(source.lengths, target.lengths),
            )
            clean &= long + RATIO_SLACK <= self.filters.max_ratio * (short + RATIO_SLACK)
            for place in np.flatnonzero(clean & (source.lengths == target.lengths)).tolist():
                clean[place] = srcs[place] != tgts[place]
        sentences = self.held_out.sentences
        if sentences:
            clean &= ~np.array(
                [src in sentences or tgt in sentences for src, tgt in zip(srcs, tgts, strict=True)]
            )
        return ~clean

    def _look(self, pair: Pair, number: int) -> tuple[str, str, list[str]]:
        """Return both sides of a pair after normalisation, and what is wrong with it."""
        if not pair.fault and max(len(pair.src), len(pair.tgt)) > _LONGEST_TOKEN * self.max_tokens:
            pair = pair._replace(fault=LONG)
        src, tgt = ("", "") if pair.fault else (normalize(pair.src), normalize(pair.tgt))
        src = pair.src if self.features else src  # a path is no text
        faults = list(self._faults(pair, src, tgt, number))
        overlap = None if pair.fault or self.features else self.held_out.overlap(src, tgt)
        return src, tgt, faults + ([overlap] if overlap else [])

    def _faults(self, pair: Pair, src: str, tgt: str, number: int) -> Iterator[str]:
        corpus = self.corpora[number]
        if self.alone[number]:
            return text_faults(pair, tgt, corpus.target_lang or corpus.source_lang)
        return pair_faults(pair, src, tgt, corpus, self.filters)

    def _fits(self, srcs: Sequence[str], tgts: Sequence[str]) -> Kept:
        """Return which pairs will most likely not be too long."""
        most = self.max_tokens
        fits = np.ones(len(tgts), dtype=bool)
        for side in (tgts,) if self.features else (srcs, tgts):
            # A character has four bytes at most, and a text no more tokens than bytes.
            fits &= np.fromiter(
                (4 * len(text) < most or may_fit(text, most) for text in side), bool, len(side)
            )
        return fits


def _keys(languages: str, srcs: Sequence[str], tgts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return what `pair_key` returns of each pair, with its languages before it."""
    digests = [
        blake2b(f"{languages}{src}\n{tgt}".encode(), digest_size=8).digest()
        for src, tgt in zip(srcs, tgts, strict=True)
    ]
    return np.frombuffer(b"".join(digests), "<u8")
