"""From a store to the batches of training: what comes when is a pure function of the seed.

An epoch is the pairs in random order, cut into chunks; a chunk is cut into batches of like length. Where
text is varied or segmented again (subword sampling, augmentation), that is done chunk by chunk, by
processes in the background, and the token budget holds on the lengths that result. A position is
(epoch, chunk, batch): the batches of a chunk cannot be counted before it is segmented.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np

from clearhead.config import AugmentationConfig
from clearhead.data.augmentation import vary
from clearhead.data.batching import Batch, Integers, TokenizedCorpus, collate, plan_batches
from clearhead.data.inline_terms import give_terms, token_phrases
from clearhead.data.processes import Held, started_safely
from clearhead.data.store import Part, Store
from clearhead.errors import DataError
from clearhead.surface.masking import mask_pair

CHUNK = 1 << 15
"""Pairs that are sorted by length at a time: enough for little padding, few enough to be quick."""
_JOIN_TWO = 0.75
"""Of joined pairs, how many are of two; the others are of three or four."""
_SPELLED_OUT = 0.05
"""Of pairs with what could be carried by symbols, how many are learned letter by letter nevertheless."""


_LOOK = 1.0
"""Seconds between two checks of the processes that are waited for."""
_log = logging.getLogger("clearhead.data")


class Position(NamedTuple):
    """The next batch to read."""

    epoch: int = 0
    chunk: int = 0
    batch: int = 0


START = Position()


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
    chosen, repetitions = [], []
    for part, count in zip(parts, counts, strict=True):
        times, rest = divmod(int(count), max(1, part.size))
        everything = np.arange(part.start, part.end)
        chosen += [everything] * times
        if rest:
            chosen.append(draws.permutation(everything)[:rest])
        repetitions += [np.full(part.size, time) for time in range(times)] + [np.full(rest, times)]
    order = draws.permutation(sum(map(len, chosen)))
    return Drawn(np.concatenate(chosen)[order], np.concatenate(repetitions)[order])


def chunk_bounds(pairs: int) -> list[tuple[int, int]]:
    """Return (start, end) of the chunks of an epoch, as equal as can be."""
    edges = np.linspace(0, pairs, -(-pairs // CHUNK) + 1).astype(int).tolist()
    return list(pairwise(edges))


def make_chunk(store: Store, recipe: Recipe, epoch: int, number: int, drawn: Drawn) -> Chunk:
    """Return a chunk of an epoch, segmented again if the recipe says so."""
    # number + 1: numpy takes [seed, epoch, 0] for [seed, epoch], which already gave the order of the epoch.
    draws = np.random.default_rng([recipe.seed, epoch, number + 1])
    corpus, rows = store.corpus, drawn.indices
    if store.features:
        corpus = replace(corpus, frames_per_position=recipe.frames_per_position)
    if recipe.resampled:
        corpus, rows = resample(store, recipe, epoch, drawn), np.arange(len(drawn.indices))
    lengths = corpus.src_lengths[rows], corpus.tgt_lengths[rows]
    return Chunk(corpus, plan_batches(rows, *lengths, recipe.batch_tokens, draws))


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
    """The batches of all epochs from a position on, without end; the same ones for any number of workers."""

    def __init__(self, store: Store, recipe: Recipe, *, start: Position = START, workers: int = 0) -> None:
        self.store, self.recipe, self.start = store, recipe, start
        self.workers = workers if recipe.resampled else 0  # to slice stored ids takes no time

    def __iter__(self) -> Iterator[tuple[Position, Batch]]:
        """Yield (position after this batch, batch)."""
        first = self.start.batch
        with _chunks(self.store, self.recipe, self.start, self.workers) as chunks:
            for epoch, number, last, chunk in chunks:
                following = Position(epoch + 1) if last else Position(epoch, number + 1)
                for place in range(first, len(chunk.batches)):
                    more = place + 1 < len(chunk.batches)
                    after = Position(epoch, number, place + 1) if more else following
                    yield after, collate(chunk.corpus, chunk.batches[place])
                first = 0

    def first_chunk(self) -> Chunk:
        """Return the chunk at the start, to be looked at."""
        return make_chunk(self.store, self.recipe, *next(_tasks(self.store, self.recipe, self.start))[:3])


def _tasks(store: Store, recipe: Recipe, start: Position) -> Iterator[tuple[int, int, Drawn, bool]]:
    """Yield (epoch, chunk, its pairs, whether it ends the epoch) from a position on."""
    epoch, first = start.epoch, start.chunk
    while True:
        order = epoch_order(store.parts, recipe, epoch)
        bounds = chunk_bounds(len(order.indices))
        for number in range(first, len(bounds)):
            yield epoch, number, order.between(*bounds[number]), number + 1 == len(bounds)
        epoch, first = epoch + 1, 0


@contextmanager
def _chunks(
    store: Store, recipe: Recipe, start: Position, workers: int
) -> Iterator[Iterator[tuple[int, int, bool, Chunk]]]:
    """Give the chunks from a position on, made here or ahead of time by worker processes."""
    tasks = _tasks(store, recipe, start)
    if not workers:
        yield (
            (epoch, number, last, make_chunk(store, recipe, epoch, number, drawn))
            for epoch, number, drawn, last in tasks
        )
        return
    # spawn: a forked copy of a process that runs threads, as torch does, may hang.
    context = multiprocessing.get_context("spawn")
    with started_safely():
        pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(store, recipe))
    try:
        yield _ahead(pool, tasks, workers)
    finally:
        # wait: else the interpreter, ending, wakes a pool that is closing, and one in many runs ends with EBADF.
        pool.shutdown(cancel_futures=True)


def _ahead(
    pool: ProcessPoolExecutor, tasks: Iterator[tuple[int, int, Drawn, bool]], workers: int
) -> Iterator[tuple[int, int, bool, Chunk]]:
    pending: deque[tuple[int, int, bool, Future[Chunk]]] = deque()
    for epoch, number, drawn, last in tasks:
        with started_safely(), _interrupts_held_back():  # while a process starts it cannot ignore them yet
            future = pool.submit(_work, epoch, number, drawn)
        pending.append((epoch, number, last, future))
        if len(pending) > workers:
            epoch, number, last, future = pending.popleft()
            yield epoch, number, last, _result(future)


def _result(future: Future[Chunk]) -> Chunk:
    """Wait for a chunk; raise DataError where a process died, or was stopped and does not go on."""
    held = Held()
    while True:
        try:
            return future.result(timeout=_LOOK)
        except BrokenProcessPool:
            raise DataError(
                "a process that prepares batches died, most likely because memory ran out; go on with --resume, "
                "and with --loader-workers 0 if it dies again"
            ) from None
        except TimeoutError:
            workers = {child.pid: child for child in multiprocessing.active_children() if child.pid}
            to_tell, to_end = held.look(workers, held.ENDED)
            for process in to_tell:
                _log.warning(f"waiting for process {process}, which prepares batches and was stopped …")
            if to_end:
                for process in to_end:
                    workers[process].kill()
                raise DataError(
                    f"process {to_end[0]}, which prepares batches, was stopped (SIGSTOP) and did not go on for "
                    f"{held.ENDED:.0f} seconds; go on with --resume"
                ) from None


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Deliver Ctrl-C and the end of a terminal afterwards; a process started meanwhile never sees them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_WORKER: dict[str, Any] = {}
"""What a worker process was given when it started."""


def _start_worker(store: Store, recipe: Recipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's affair
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # and so is a terminal that was closed
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _WORKER.update(store=store, recipe=recipe)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _work(epoch: int, number: int, drawn: Drawn) -> Chunk:
    return make_chunk(_WORKER["store"], _WORKER["recipe"], epoch, number, drawn)
