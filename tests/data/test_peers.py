"""Processes that train together: each segments and collates its own share, and all see the batches of one."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from clearhead.data import batching, loader
from clearhead.data.batching import Batch, TokenizedCorpus
from clearhead.data.loader import START, Loader, Peers, Position, Recipe
from clearhead.data.store import Store
from tests.data.test_loader import FULL, HEAVY, PLAIN, same, store  # noqa: F401 - a fixture

BATCHES = 48
RECIPES = {"plain": PLAIN, "sampled": FULL, "weighted": replace(FULL, weights=HEAVY)}
resample = loader.resample


class Others:
    """Stand in for the other processes: segments what they would, when this one exchanges its part."""

    def __init__(self, store: Store, recipe: Recipe, rank: int, size: int, start: Position) -> None:  # noqa: F811
        self.tasks, self.rank, self.size = loader._tasks(store, recipe, start), rank, size
        self.store, self.recipe = store, recipe
        self.exchanges = 0

    def exchange(self, part: bytes) -> list[bytes]:
        task = next(self.tasks)
        shares = [Peers(rank, self.size).share(task.drawn) for rank in range(self.size)]
        parts = [loader._packed(resample(self.store, self.recipe, task.epoch, share)) for share in shares]
        assert part == parts[self.rank]
        self.exchanges += 1
        return parts


def reads(
    store: Store,  # noqa: F811
    recipe: Recipe,
    rank: int,
    size: int,
    start: Position = START,
    workers: int = 0,
) -> list[tuple[Position, Batch]]:
    """Return what one of some processes reads; it looks only at every `size`-th batch, as training does."""
    peers = Peers(rank, size, Others(store, recipe, rank, size, start).exchange)
    stream = list(islice(Loader(store, recipe, start=start, workers=workers, peers=peers), BATCHES))
    for _, batch in stream[rank::size]:
        assert batch.src.size
    return stream


@pytest.fixture(autouse=True)
def several_chunks(monkeypatch):
    monkeypatch.setattr(loader, "CHUNK", 40)


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("size", [2, 3])
def test_together_the_processes_read_the_batches_of_one(store, kind, size):  # noqa: F811
    alone = list(islice(Loader(store, RECIPES[kind]), BATCHES))
    streams = [reads(store, RECIPES[kind], rank, size) for rank in range(size)]
    assert {after.epoch for after, _ in alone} > {0, 1}
    union = [streams[number % size][number] for number in range(BATCHES)]
    assert all(same(one, other) for one, other in zip(union, alone, strict=True))
    for stream in streams:
        assert [after for after, _ in stream] == [after for after, _ in alone]
        assert [batch.num_tgt_tokens for _, batch in stream] == [batch.num_tgt_tokens for _, batch in alone]


@pytest.mark.parametrize("stop", [1, 9, 20])
def test_another_number_of_processes_goes_on_where_one_stopped(store, stop):  # noqa: F811
    alone = list(islice(Loader(store, FULL), BATCHES + stop))
    streams = [reads(store, FULL, rank, 3, start=alone[stop - 1][0]) for rank in range(3)]
    union = [streams[number % 3][number] for number in range(BATCHES)]
    assert all(same(one, other) for one, other in zip(union, alone[stop:], strict=True))


@pytest.mark.parametrize("size", [2, 3])
def test_each_segments_and_collates_its_own_share_only(store, monkeypatch, size):  # noqa: F811
    segmented, collated = [0] * size, [0] * size
    for rank in range(size):

        def counted_resample(held, recipe, epoch, drawn, rank=rank):
            segmented[rank] += len(drawn.indices)
            return resample(held, recipe, epoch, drawn)

        def counted_collate(corpus, indices, rank=rank, collate=batching.collate):
            collated[rank] += len(indices)
            return collate(corpus, indices)

        with monkeypatch.context() as patch:
            patch.setattr(loader, "resample", counted_resample)
            patch.setattr(batching, "collate", counted_collate)
            stream = reads(store, FULL, rank, size)
    assert sum(collated) == sum(len(batch.indices) for _, batch in stream)
    assert max(collated) < 1.4 * sum(collated) / size
    chunks = 1 + max(4 * after.epoch + after.chunk for after, _ in stream)
    assert max(segmented) <= chunks * (40 // size + 1)


def test_without_sampling_nothing_is_exchanged(store):  # noqa: F811
    others = Others(store, PLAIN, 0, 2, START)
    list(islice(Loader(store, PLAIN, peers=Peers(0, 2, others.exchange)), BATCHES))
    assert others.exchanges == 0


def test_workers_of_a_peer_change_nothing(store):  # noqa: F811
    alone = list(islice(Loader(store, FULL), BATCHES))
    for stream in (reads(store, FULL, 1, 2, workers=1), reads(store, FULL, 0, 1, workers=1)):
        assert all(same(one, other) for one, other in zip(stream, alone, strict=True))


def test_what_is_exchanged_comes_back():
    whole = TokenizedCorpus.from_ids([[5, 6], [], [70_000], [1]], [[8], [9, 9, 9], [], [2]])
    parts = [TokenizedCorpus.from_ids([], []), whole, TokenizedCorpus.from_ids([[3]], [[4, 4]])]
    joined = loader._unpacked([loader._packed(part) for part in parts])
    assert [joined.ids(row) for row in range(5)] == [*(whole.ids(row) for row in range(4)), ([3], [4, 4])]
    assert np.array_equal(joined.lengths(np.arange(5))[0], joined.src_lengths)
