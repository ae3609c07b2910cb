"""Batches of similar length under a token budget (§5.1): a corpus of ids, which pairs go together, and their arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from clearhead.corpora.frames import Frames, padded_frames
from clearhead.text.vocabulary import BOS, EOS, PAD

Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs of ids, int64 [batch, length], padded on the right."""

    src: np.ndarray[Any, Any]
    """Ids that end with EOS; or frames, float32 [batch, length, features], padded with NaN."""
    tgt: Integers
    """BOS ... EOS: the decoder reads tgt[:, :-1] and predicts tgt[:, 1:]."""
    indices: Integers
    """Which pairs of the corpus, [batch]."""
    links: Integers | None = None
    """Known links of tokens, [links, 3] as (row, target, source); None where the corpus has none.

    Target t is that which the decoder predicts at position t; source positions are those of `src`.
    """

    @cached_property
    def num_tgt_tokens(self) -> int:
        """Predicted target tokens, padding not counted."""
        return int((self.tgt[:, 1:] != PAD).sum())


class PlannedBatch(Batch):
    """A batch of a corpus whose arrays are made when they are first asked for, by the process that learns from it.

    Its number of target tokens is known before: a step is divided by those of all processes.
    """

    def __init__(self, corpus: "TokenizedCorpus", indices: Integers) -> None:
        """Take pairs of a corpus."""
        self.__dict__.update(indices=indices, _corpus=corpus)

    @cached_property
    def _collated(self) -> Batch:
        return collate(self.__dict__["_corpus"], self.indices)

    @property
    def src(self) -> np.ndarray[Any, Any]:
        """As in `Batch`."""
        return self._collated.src

    @property
    def tgt(self) -> Integers:
        """As in `Batch`."""
        return self._collated.tgt

    @property
    def links(self) -> Integers | None:
        """As in `Batch`."""
        return self._collated.links

    @cached_property
    def num_tgt_tokens(self) -> int:
        """Predicted target tokens, padding not counted."""
        return int((self.__dict__["_corpus"].lengths(self.indices)[1] - 1).sum())


@dataclass(frozen=True, eq=False)
class TokenizedCorpus:
    """Ids of many pairs in two flat arrays of integers; pair i is the stretch between its offset and the next."""

    src: np.ndarray[Any, Any]
    src_offsets: Integers
    tgt: np.ndarray[Any, Any]
    tgt_offsets: Integers
    links: np.ndarray[Any, Any] | None = None
    """Known links of tokens as (source, target), end to end; None if there are none."""
    links_offsets: Integers | None = None
    """Where those of each pair begin, counted in numbers; a link has two."""
    frames_per_position: int = 1
    """Of sources that are frames, `src` [frames, features]: how many become one position of the encoder."""

    @classmethod
    def from_ids(cls, srcs: Sequence[Sequence[int] | Frames], tgts: Sequence[Sequence[int]]) -> Self:
        """Store pairs of ids without BOS and EOS; sources may be frames."""
        assert len(srcs) == len(tgts), "a pair has two sides"
        return cls(*_flat(srcs), *_flat(tgts))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.src_offsets) - 1

    def ids(self, index: int) -> tuple[list[int], list[int]]:
        """Return the ids of a pair."""
        return (
            self.src[self.src_offsets[index] : self.src_offsets[index + 1]].tolist(),
            self.tgt[self.tgt_offsets[index] : self.tgt_offsets[index + 1]].tolist(),
        )

    def links_of(self, index: int) -> np.ndarray[Any, Any]:
        """Return the links of a pair as [links, 2]."""
        assert self.links is not None, "the corpus has links"
        assert self.links_offsets is not None, "and says where they begin"
        return self.links[self.links_offsets[index] : self.links_offsets[index + 1]].reshape(-1, 2)

    def lengths(self, rows: Integers) -> tuple[Integers, Integers]:
        """Return the lengths of the sides of some pairs, as `src_lengths` and `tgt_lengths` have them for all."""
        src = self.src_offsets[rows + 1] - self.src_offsets[rows]
        tgt = self.tgt_offsets[rows + 1] - self.tgt_offsets[rows]
        return self._as_read(src), tgt + 2

    @cached_property
    def src_lengths(self) -> Integers:
        """Tokens of each source as the encoder reads it, EOS counted; of frames, the encoder's positions."""
        return self._as_read(np.diff(self.src_offsets))

    @cached_property
    def tgt_lengths(self) -> Integers:
        """Tokens of each target as the batch holds it, BOS and EOS counted."""
        return np.diff(self.tgt_offsets) + 2

    def _as_read(self, lengths: Integers) -> Integers:
        return -(-lengths // self.frames_per_position) if self.src.ndim == 2 else lengths + 1


def _flat(rows: Sequence[Sequence[int] | Frames]) -> tuple[np.ndarray[Any, Any], Integers]:
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    if rows and isinstance(rows[0], np.ndarray):
        return np.concatenate(rows), offsets
    return np.fromiter(
        (token for row in rows for token in row), dtype=np.int32, count=int(offsets[-1])
    ), offsets


def collate(corpus: TokenizedCorpus, indices: Integers) -> Batch:
    """Put pairs of a corpus side by side."""
    srcs = [corpus.src[corpus.src_offsets[index] : corpus.src_offsets[index + 1]] for index in indices]
    src = padded_frames(srcs) if corpus.src.ndim == 2 else _padded_sources(srcs)
    tgt = np.full((len(indices), int(corpus.lengths(indices)[1].max())), PAD, dtype=np.int64)
    for row, index in enumerate(indices):
        target = corpus.tgt[corpus.tgt_offsets[index] : corpus.tgt_offsets[index + 1]]
        tgt[row, 0], tgt[row, 1 : len(target) + 1], tgt[row, len(target) + 1] = BOS, target, EOS
    return Batch(src, tgt, np.asarray(indices), _links(corpus, indices))


def _padded_sources(srcs: Sequence[np.ndarray[Any, Any]]) -> Integers:
    src = np.full((len(srcs), 1 + max(map(len, srcs))), PAD, dtype=np.int64)
    for row, source in enumerate(srcs):
        src[row, : len(source)], src[row, len(source)] = source, EOS
    return src


def _links(corpus: TokenizedCorpus, indices: Integers) -> Integers | None:
    if corpus.links is None:
        return None
    rows = [corpus.links_of(index) for index in indices.tolist()]
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return np.column_stack([numbers, np.concatenate(rows)[:, ::-1]]).astype(np.int64)


def plan_batches(
    indices: Integers,
    src_lengths: Integers,
    tgt_lengths: Integers,
    batch_tokens: int,
    draws: "np.random.Generator",
) -> list[Integers]:
    """Cut pairs into batches (§5.1): every one once, similar lengths together, in random order.

    The lengths are those of the pairs at `indices`. A batch's padded source and target tokens together
    stay within `batch_tokens`; a pair that alone is larger is a batch of its own. Pairs of equal lengths
    are shuffled, so batches differ from epoch to epoch.
    """
    longer = np.maximum(src_lengths, tgt_lengths)
    difference = src_lengths - tgt_lengths
    # To and fro: where the longer side grows by one, the difference goes on from where it was.
    snake = np.where(longer % 2, difference, -difference)
    order = np.lexsort((draws.permutation(len(indices)), snake, longer))
    batches = _cut(src_lengths[order], tgt_lengths[order], batch_tokens)
    plan = [indices[order[start:end]] for start, end in batches]
    return [plan[place] for place in draws.permutation(len(plan))]


def _cut(src: Integers, tgt: Integers, budget: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the longest runs whose rows times their longest sides stay within the budget."""
    start = 0
    while start < len(src):
        most = (
            max(1, budget // int(src[start] + tgt[start])) + 1
        )  # a batch is no narrower than its first pair
        window = slice(start, start + most)
        widths = np.maximum.accumulate(src[window]) + np.maximum.accumulate(tgt[window])
        fits = widths * np.arange(1, len(widths) + 1) <= budget
        end = start + max(1, int(fits.argmin()) if not fits.all() else len(fits))
        yield start, end
        start = end


def padding_share(plan: Sequence[Integers], src_lengths: Integers, tgt_lengths: Integers) -> float:
    """Return the share of padding in a plan's batches, both sides counted."""
    real = float(sum(int(src_lengths[batch].sum() + tgt_lengths[batch].sum()) for batch in plan))
    padded = sum(len(batch) * int(src_lengths[batch].max() + tgt_lengths[batch].max()) for batch in plan)
    return 1 - real / padded


def order_by_length(lengths: Sequence[int] | Integers, batch_tokens: int) -> list[Integers]:
    """Return index batches for inference: longest first, rows times the longest within the budget.

    Of equal lengths the earlier comes first.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    batches, start = [], 0
    while start < len(order):
        rows = max(1, batch_tokens // max(1, int(sizes[order[start]])))
        batches.append(order[start : start + rows])
        start += rows
    return batches
