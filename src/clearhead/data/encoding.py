"""The second look at the pairs of a corpus: raw pairs become the columns of a store, block by block."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any, TypeVar

import numpy as np

from clearhead.config import CorpusConfig
from clearhead.corpora.frames import Frames, read_frames
from clearhead.corpora.pair import Pair
from clearhead.corpora.word_links import Link
from clearhead.data.faults import LONG
from clearhead.data.ids import ids_of, token_links
from clearhead.data.raw_pairs import Block, Kept, RawReader
from clearhead.data.report import CorpusReport
from clearhead.data.store import FRAME_TYPE, LINK_TYPE, id_type_of
from clearhead.text.tokenizer import Tokenizer

Side = TypeVar("Side")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Direction:
    """One corpus in one direction."""

    corpus: int
    config: CorpusConfig
    swapped: bool
    """Whether the target is translated into the source."""
    tag: str | None
    """Target language that the first source id names; None where a model has one target."""

    def sides(self, pair: tuple[Side, Side]) -> tuple[Side, Side]:
        """Return source and target of this direction."""
        return pair[::-1] if self.swapped else pair

    @property
    def languages(self) -> tuple[str, str]:
        """The languages of source and target."""
        return self.sides((self.config.source_lang, self.config.target_lang))


@dataclass(frozen=True)
class Unencoded:
    """Raw pairs to be encoded."""

    direction: int
    block: Block
    kept: Kept
    """Which of the block stay."""


@dataclass(frozen=True)
class Stretch:
    """What a column gets: data, and how much of it each row has, in the units of the column."""

    data: bytes
    sizes: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Encoded:
    """What a block adds to the columns of a store."""

    columns: dict[str, Stretch]
    """By name; nothing where no pair was kept."""
    lines: np.ndarray[Any, Any]
    report: CorpusReport
    """Of the pairs that were kept, and of those that are too long; empty for a direction that is swapped."""
    characters: int
    tokens: int
    features: int = 0
    """Width of the frames, where sources are frames."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Encodes blocks of raw pairs; the same block always gives the same."""

    reader: RawReader
    tokenizer: Tokenizer
    directions: Sequence[Direction]
    max_tokens: int
    max_frames: int
    linked: bool
    features: bool
    """Whether the sources are names of frames."""

    def __call__(self, task: Unencoded) -> Encoded:
        """Encode the pairs that stay, but those that are too long, which are counted once for a corpus."""
        direction = self.directions[task.direction]
        rows = self.reader.read(task.block)
        srcs, tgts = (_those(side, task.kept) for side in direction.sides(rows.sides))
        lines = rows.lines[task.kept]
        links: list[tuple[Link, ...]] = [()] * len(lines)
        if rows.links:
            links = [tuple(direction.sides(link) for link in row) for row in compress(rows.links, task.kept)]
        src_ids, tgt_ids = self._ids(srcs, tgts, direction.tag)
        tagged = direction.tag is not None
        longest = (self.max_frames if self.features else self.max_tokens) + tagged
        fits = (_sizes(src_ids) <= longest) & (_sizes(tgt_ids) <= self.max_tokens)
        report = CorpusReport("", *direction.languages)
        if not direction.swapped:
            for place in np.flatnonzero(~fits).tolist():
                pair = Pair(
                    srcs[place], tgts[place], direction.config.source, int(lines[place]), links[place]
                )
                report.count(LONG, pair, left_out=True)
        srcs, tgts = _those(srcs, fits), _those(tgts, fits)
        src_ids, tgt_ids = _those(src_ids, fits), _those(tgt_ids, fits)
        links = _those(links, fits)
        return self._encoded(direction, (srcs, tgts), (src_ids, tgt_ids), links, lines[fits], report)

    def _encoded(
        self,
        direction: Direction,
        texts: tuple[list[str], list[str]],
        ids: tuple[list[Any], list[list[int]]],
        links: Sequence[Any],
        lines: np.ndarray[Any, Any],
        report: CorpusReport,
    ) -> Encoded:
        """Put the columns together."""
        id_type = id_type_of(self.tokenizer)
        (srcs, tgts), (src_ids, tgt_ids) = texts, ids
        columns = {"src.text": _texts(srcs), "tgt.text": _texts(tgts), "tgt.ids": _numbers(tgt_ids, id_type)}
        columns |= (
            {"src.frames": _frames(src_ids)} if self.features else {"src.ids": _numbers(src_ids, id_type)}
        )
        if self.linked:
            columns["links"] = self._links(direction, texts, ids, links, lines)
        source, target = (0 if self.features else sum(map(len, srcs))), sum(map(len, tgts))
        tagged = direction.tag is not None
        src_tokens = 0 if self.features else sum(map(len, src_ids)) - tagged * len(srcs)
        if not direction.swapped:
            report.pairs_kept, report.src_characters, report.tgt_characters = len(lines), source, target
        return Encoded(
            columns,
            lines,
            report,
            source + target,
            src_tokens + sum(map(len, tgt_ids)),
            src_ids[0].shape[1] if self.features and src_ids else 0,
        )

    def _ids(
        self, srcs: Sequence[str], tgts: Sequence[str], tag: str | None
    ) -> tuple[list[Any], list[list[int]]]:
        """Return the ids of both sides of pairs; where the sources are no text their frames, all of one width."""
        if not self.features:
            return ids_of(self.tokenizer, list(zip(srcs, tgts, strict=True)), tag, normal=True)
        frames: list[Frames] = []
        for reference in srcs:
            frames.append(read_frames(reference, frames[0].shape[1] if frames else 0))
        return frames, self.tokenizer.encode_target_batch(tgts)

    def _links(
        self,
        direction: Direction,
        texts: tuple[list[str], list[str]],
        ids: tuple[list[Any], list[list[int]]],
        links: Sequence[Any],
        lines: np.ndarray[Any, Any],
    ) -> Stretch:
        """Return the known links of the tokens."""
        rows = []
        for src, tgt, row, line, src_ids, tgt_ids in zip(*texts, links, lines.tolist(), *ids, strict=True):
            pair = Pair(src, tgt, direction.config.source, line, row)
            rows.append(np.array(token_links(self.tokenizer, pair, src_ids, tgt_ids), LINK_TYPE).reshape(-1))
        return _numbers(rows, LINK_TYPE)


def _those(items: Sequence[Item], chosen: Kept) -> list[Item]:
    """Return the items that are chosen, which are nearly always all."""
    return list(items if chosen.all() else compress(items, chosen))


def _sizes(rows: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the lengths of rows."""
    return np.fromiter(map(len, rows), np.int64, len(rows))


def _texts(texts: Sequence[str]) -> Stretch:
    encoded = [text.encode() for text in texts]
    return Stretch(b"".join(encoded), _sizes(encoded))


def _numbers(rows: Sequence[Any], dtype: np.dtype[Any]) -> Stretch:
    sizes = _sizes(rows)
    return Stretch(np.fromiter(chain.from_iterable(rows), dtype, int(sizes.sum())).tobytes(), sizes)


def _frames(rows: Sequence[Frames]) -> Stretch:
    data = b"".join(np.asarray(row, FRAME_TYPE).tobytes() for row in rows)
    return Stretch(data, np.array([row.size for row in rows], dtype=np.int64))
