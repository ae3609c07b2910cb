"""From a store to the batches of training: what comes when is a pure function of the seed.

An epoch is the pairs in random order, cut into chunks; a chunk is cut into batches of like length. Where
text is varied or segmented again (subword sampling, augmentation), that is done chunk by chunk, by
processes in the background, and the token budget holds on the lengths that result. A position is
(epoch, chunk, batch): the batches of a chunk cannot be counted before it is segmented.

Processes that train together see the same batches in the same order. Each of them segments its share of a chunk and
gets the ids of the others' shares (`Peers`), and each makes the arrays of those batches only that it looks at.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np

from clearhead.config import AugmentationConfig
from clearhead.data.augmentation import vary
from clearhead.data.batching import (
    Batch,
    Integers,
    PlannedBatch,
    TokenizedCorpus,
    padding_share,
    plan_batches,
)
from clearhead.data.crew import Crew
from clearhead.data.inline_terms import give_terms, token_phrases
from clearhead.data.store import Part, Store
from clearhead.surface.masking import mask_pair

CHUNK = 1 << 15
"""Pairs that are sorted by length at a time: enough for little padding, few enough to be quick."""
_JOIN_TWO = 0.75
"""Of joined pairs, how many are of two; the others are of three or four."""
_SPELLED_OUT = 0.05
"""Of pairs with what could be carried by symbols, how many are learned letter by letter nevertheless."""


class Position(NamedTuple):
    """The next batch to read."""

    epoch: int = 0
    chunk: int = 0
    batch: int = 0


START = Position()


@dataclass(frozen=True)
class Peers:
    """The processes that read the same batches at the same time, and how each gets what the others have segmented."""

    rank: int = 0
    size: int = 1
    exchange: Callable[[bytes], Sequence[bytes]] = lambda part: [part]
    """Return the parts of all, by rank. Every process calls it once a chunk, in the same order."""

    def share(self, drawn: "Drawn") -> "Drawn":
        """Return the pairs of a chunk that this process segments."""
        edges = np.linspace(0, len(drawn.indices), self.size + 1).astype(int).tolist()
        return drawn.between(edges[self.rank], edges[self.rank + 1])

    def joined(self, corpus: TokenizedCorpus) -> TokenizedCorpus:
        """Return the pairs of all processes, by rank; these are those of this one."""
        if self.size == 1:
            return corpus
        return _unpacked(self.exchange(_packed(corpus)))


def _packed(corpus: TokenizedCorpus) -> bytes:
    """Return ids as bytes: the number of pairs, where each begins, and the ids."""
    arrays = (corpus.src_offsets, corpus.tgt_offsets, corpus.src, corpus.tgt)
    return b"".join(np.asarray(array, "<i4").tobytes() for array in ([len(corpus)], *arrays))


def _unpacked(parts: Sequence[bytes]) -> TokenizedCorpus:
    columns: list[list[np.ndarray[Any, Any]]] = [[], [], [], []]
    for part in parts:
        numbers = np.frombuffer(part, "<i4")
        pairs = int(numbers[0])
        offsets, ids = numbers[1 : 2 * pairs + 3].reshape(2, pairs + 1), numbers[2 * pairs + 3 :]
        sides = (ids[: offsets[0, -1]], ids[offsets[0, -1] :])
        for column, array in zip(columns, (*np.diff(offsets), *sides), strict=True):
            column.append(array)
    lengths = [np.concatenate(column) for column in columns[:2]]
    src_offsets, tgt_offsets = (np.concatenate(([0], np.cumsum(side, dtype=np.int64))) for side in lengths)
    return TokenizedCorpus(np.concatenate(columns[2]), src_offsets, np.concatenate(columns[3]), tgt_offsets)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How pairs are mixed, varied and put into batches."""

    batch_tokens: int
    seed: int
    weights: Sequence[float] = ()
    """How often each corpus is seen, relative to the others; () for all alike."""
    temperature: float = 1.0
    subword_sampling: float = 0.0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    max_tokens: int = 256
    frames_per_position: int = 1
    """Of sources that are frames."""

    @property
    def resampled(self) -> bool:
        """Whether text differs from epoch to epoch."""
        return bool(self.subword_sampling or self.augmentation)


@dataclass(frozen=True)
class Chunk:
    """Pairs and the batches they are put into."""

    corpus: TokenizedCorpus
    batches: list[Integers]
    """Rows of `corpus`."""

    @property
    def padding_share(self) -> float:
        """The share of padding in its batches, both sides counted."""
        rows = np.concatenate(self.batches)
        places = np.split(np.arange(len(rows)), np.cumsum([len(batch) for batch in self.batches])[:-1])
        return padding_share(places, *self.corpus.lengths(rows))


class Drawn(NamedTuple):
    """Pairs in the order of an epoch."""

    indices: Integers
    repetitions: Integers
    """How often each pair was drawn before in the same epoch, so that its draws differ."""

    def between(self, start: int, end: int) -> "Drawn":
        """Return those from a place to before another."""
        return Drawn(self.indices[start:end], self.repetitions[start:end])


def epoch_order(parts: Sequence[Part], recipe: Recipe, epoch: int) -> Drawn:
    """Return the pairs of an epoch, shuffled: as many as there are, shared among the corpora.

    With weights w and sizes n a corpus gets a share in proportion to w * n ** (1 / temperature); more
    than its size means that it comes several times, less that a part of it is drawn.
    """
    draws = np.random.default_rng([recipe.seed, epoch])
    total = sum(part.size for part in parts)
    weights = recipe.weights or [1.0] * (1 + max(part.corpus for part in parts))
    wanted = np.array([weights[part.corpus] * part.size ** (1 / recipe.temperature) for part in parts])
    counts = np.diff(np.rint(np.cumsum(wanted) / wanted.sum() * total), prepend=0).astype(np.int64)
    # The narrowest numbers: of an epoch of 20 million pairs every process holds the order.
    kind = np.min_scalar_type(max(total, parts[-1].end))
    most = np.min_scalar_type(
        max(-(-int(count) // max(1, part.size)) for part, count in zip(parts, counts, strict=True))
    )
    chosen, repetitions = [], []
    for part, count in zip(parts, counts, strict=True):
        times, rest = divmod(int(count), max(1, part.size))
        everything = np.arange(part.start, part.end, dtype=kind)
        chosen += [everything] * times
        if rest:
            chosen.append(draws.permutation(everything)[:rest])
        repetitions += [np.full(part.size, time, most) for time in range(times)] + [
            np.full(rest, times, most)
        ]
    order = draws.permutation(np.arange(sum(map(len, chosen)), dtype=kind))
    return Drawn(np.concatenate(chosen)[order], np.concatenate(repetitions)[order])


def chunk_bounds(pairs: int) -> list[tuple[int, int]]:
    """Return (start, end) of the chunks of an epoch, as equal as can be."""
    edges = np.linspace(0, pairs, -(-pairs // CHUNK) + 1).astype(int).tolist()
    return list(pairwise(edges))


class Task(NamedTuple):
    """A chunk to be made."""

    epoch: int
    number: int
    drawn: Drawn
    last: bool
    """Whether it ends the epoch."""


def planned(store: Store, recipe: Recipe, task: Task, sampled: TokenizedCorpus | None) -> Chunk:
    """Return a chunk of an epoch; `sampled` are its pairs as they were segmented again, None for those of the store."""
    # number + 1: numpy takes [seed, epoch, 0] for [seed, epoch], which already gave the order of the epoch.
    draws = np.random.default_rng([recipe.seed, task.epoch, task.number + 1])
    corpus = store.corpus if sampled is None else sampled
    rows = task.drawn.indices.astype(np.int64) if sampled is None else np.arange(len(sampled))
    if store.features:
        corpus = replace(corpus, frames_per_position=recipe.frames_per_position)
    return Chunk(corpus, plan_batches(rows, *corpus.lengths(rows), recipe.batch_tokens, draws))


def resample(store: Store, recipe: Recipe, epoch: int, drawn: Drawn) -> TokenizedCorpus:
    """Vary and segment pairs; each is a function of (seed, epoch, pair, repetition) alone.

    A pair that grows above `max_tokens` is taken as it is in the store.
    """
    tokenizer, srcs, tgts = store.tokenizer, [], []
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    sampler = store.sampler(recipe.subword_sampling) if recipe.subword_sampling else None
    for index, repetition in zip(drawn.indices.tolist(), drawn.repetitions.tolist(), strict=True):
        draws = Random(f"{recipe.seed} {epoch} {index}" + (f" {repetition}" if repetition else ""))
        part = store.part_of(index)
        with_terms = _with_terms(store, recipe, index, draws)
        if with_terms:
            src, tgt = with_terms
        else:
            src, tgt = _joined(store, recipe, part, index, draws)
            src, tgt = vary(src, tgt, recipe.augmentation, draws)
            if kinds and draws.random() >= _SPELLED_OUT:
                src, tgt = mask_pair(src, tgt, kinds, learned, draws)
        if sampler:
            src_ids, tgt_ids = sampler.encode(src, draws), sampler.encode(tgt, draws)
        else:
            src_ids, tgt_ids = tokenizer.encode(src), tokenizer.encode_target(tgt)
        if part.tag is not None:
            src_ids.insert(0, tokenizer.tag(part.tag))
        if max(len(src_ids) - (part.tag is not None), len(tgt_ids)) > recipe.max_tokens:
            src_ids, tgt_ids = store.corpus.ids(index)
        srcs.append(src_ids)
        tgts.append(tgt_ids)
    return TokenizedCorpus.from_ids(srcs, tgts)


def _with_terms(store: Store, recipe: Recipe, index: int, draws: Random) -> tuple[str, str] | None:
    """Return a pair with the translations of some words in its source, as often as the recipe says; None otherwise.

    The pair is the one that its links are of, which has its symbols and is varied in no other way.
    """
    rate = recipe.augmentation.terms
    if not rate or not store.has_links or draws.random() >= rate:
        return None
    links = [(int(source), int(target)) for source, target in store.corpus.links_of(index)]
    if not links:
        return None
    tokenizer, ids = store.tokenizer, store.corpus.ids(index)
    src, tgt = (tokenizer.decode(side) for side in ids)
    phrases = token_phrases(links, (tokenizer.spans(ids[0]), tokenizer.spans(ids[1])))
    return give_terms(src, tgt, phrases, draws), tgt


def _joined(store: Store, recipe: Recipe, part: Part, index: int, draws: Random) -> tuple[str, str]:
    """Return a pair, or it and one to three more of the same corpus one after the other."""
    pairs = [store.text(index)]
    if draws.random() < recipe.augmentation.join:
        more = 1 if draws.random() < _JOIN_TWO else draws.choice((2, 3))
        pairs += [store.text(draws.randrange(part.start, part.end)) for _ in range(more)]
    return " ".join(src for src, _ in pairs), " ".join(tgt for _, tgt in pairs)


class Loader:
    """The batches of all epochs from a position on, without end; the same ones for any number of workers and peers."""

    def __init__(
        self,
        store: Store,
        recipe: Recipe,
        *,
        start: Position = START,
        workers: int = 0,
        peers: Peers = Peers(),
    ) -> None:
        self.store, self.recipe, self.start, self.peers = store, recipe, start, peers
        self.workers = workers if recipe.resampled else 0  # to slice stored ids takes no time

    def __iter__(self) -> Iterator[tuple[Position, Batch]]:
        """Yield (position after this batch, batch)."""
        first = self.start.batch
        tasks = _tasks(self.store, self.recipe, self.start)
        with self._sampled(tasks) as chunks:
            for task, sampled in chunks:
                corpus = None if sampled is None else self.peers.joined(sampled)
                chunk = planned(self.store, self.recipe, task, corpus)
                following = Position(task.epoch + 1) if task.last else Position(task.epoch, task.number + 1)
                for place in range(first, len(chunk.batches)):
                    more = place + 1 < len(chunk.batches)
                    after = Position(task.epoch, task.number, place + 1) if more else following
                    yield after, PlannedBatch(chunk.corpus, chunk.batches[place])
                first = 0

    def first_chunk(self) -> Chunk:
        """Return the chunk at the start, to be looked at; this process makes all of it."""
        task = next(_tasks(self.store, self.recipe, self.start))
        sampled = resample(self.store, self.recipe, task.epoch, task.drawn) if self.recipe.resampled else None
        return planned(self.store, self.recipe, task, sampled)

    @contextmanager
    def _sampled(self, tasks: Iterator[Task]) -> Iterator[Iterator[tuple[Task, TokenizedCorpus | None]]]:
        """Give each task with this process's share of its pairs, segmented here or ahead of time by workers."""
        if not self.recipe.resampled:
            yield ((task, None) for task in tasks)
            return
        if self.workers:
            self.store.check_files()
        crew = Crew(
            work=_Resampling(self.store, self.recipe, self.peers.rank, self.peers.size),
            processes=self.workers,
            doing="prepares batches",
            remedy="go on with --resume",
            fewer="with --loader-workers 0",
        )
        with crew.working() as results:
            yield results(tasks)


@dataclass(frozen=True)
class _Resampling:
    """Segments the share that one of several processes has in a chunk."""

    store: Store
    recipe: Recipe
    rank: int
    size: int

    def __call__(self, task: Task) -> TokenizedCorpus:
        """Return its pairs."""
        return resample(self.store, self.recipe, task.epoch, Peers(self.rank, self.size).share(task.drawn))


def _tasks(store: Store, recipe: Recipe, start: Position) -> Iterator[Task]:
    """Yield the chunks from a position on."""
    epoch, first = start.epoch, start.chunk
    while True:
        order = epoch_order(store.parts, recipe, epoch)
        bounds = chunk_bounds(len(order.indices))
        for number in range(first, len(bounds)):
            yield Task(epoch, number, order.between(*bounds[number]), number + 1 == len(bounds))
        epoch, first = epoch + 1, 0
