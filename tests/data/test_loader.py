"""The loader: one order for a seed, whoever does the work; every pair, in the shares asked for; budgets that hold."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from clearhead.config import AugmentationConfig, FilterConfig, TokenizerConfig
from clearhead.corpora.pair import Pair
from clearhead.data import crew, loader
from clearhead.data.held_out import HeldOut
from clearhead.data.loader import START, Drawn, Loader, Position, Recipe, epoch_order, resample
from clearhead.data.preparation import CorpusText, prepare
from clearhead.data.store import Part, Store
from clearhead.errors import DataError
from clearhead.text.vocabulary import PAD
from tests.data.test_store import CorpusConfig

WORDS = [
    "the",
    "a",
    "red",
    "blue",
    "ball",
    "cat",
    "dog",
    "drank",
    "saw",
    "milk",
    "water",
    "house",
    "quickly",
    "today",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    draws = np.random.default_rng(0)
    sentences = [" ".join(draws.choice(WORDS, draws.integers(2, 9))) + "." for _ in range(150)]
    texts = [
        CorpusText(
            CorpusConfig(source_lang="en", target_lang=lang),
            [Pair(text, text.upper(), "f", n) for n, text in enumerate(part, 1)],
        )
        for lang, part in (("fr", sentences[:100]), ("de", sentences[100:]))
    ]
    path = tmp_path_factory.mktemp("store") / "s"
    steps = prepare(
        path, texts, tokenizer=TokenizerConfig(vocab_size=360), filters=FilterConfig(), max_tokens=60,
        held_out=HeldOut(),
    )  # fmt: skip
    list(steps)
    return Store(path)


PLAIN = Recipe(batch_tokens=300, seed=3, max_tokens=60)
RATES = {
    "join": 0.3, "lower_case": 0.2, "upper_case": 0.2, "spelling": 0.3, "drop_accents": 0.2,
    "drop_final_punctuation": 0.3, "quotes": 0.2, "punctuation_spaces": 0.2, "copied": 0.2,
}  # fmt: skip
FULL = replace(PLAIN, subword_sampling=0.3, augmentation=AugmentationConfig(**RATES))


def same(one, other) -> bool:
    return (
        one[0] == other[0]
        and np.array_equal(one[1].src, other[1].src)
        and np.array_equal(one[1].tgt, other[1].tgt)
    )


@pytest.fixture(params=["plain", "full"])
def recipe(request, monkeypatch) -> Recipe:
    monkeypatch.setattr(loader, "CHUNK", 40)  # several chunks an epoch
    return {"plain": PLAIN, "full": FULL}[request.param]


@pytest.mark.parametrize("stop", [0, 1, 7, 30])
def test_a_loader_continued_is_the_same_loader(store, recipe, stop):
    whole = list(islice(Loader(store, recipe), 60))
    position = START if stop == 0 else whole[stop - 1][0]
    rest = list(islice(Loader(store, recipe, start=position), 60 - stop))
    assert all(same(one, other) for one, other in zip(rest, whole[stop:], strict=True))
    assert {after.epoch for after, _ in whole} > {0, 1}
    assert {after.chunk for after, _ in whole} == {0, 1, 2, 3}


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(store, workers):
    alone = list(islice(Loader(store, FULL), 25))
    together = list(islice(Loader(store, FULL, workers=workers), 25))
    assert all(same(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize("seconds", [0, 0.5], ids=["while it is waited for", "before it is given more"])
def test_a_worker_that_dies_is_told(store, seconds):
    batches = iter(Loader(store, FULL, workers=1))
    next(batches)
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    time.sleep(seconds)
    with pytest.raises(DataError, match="a process that prepares batches died"):
        list(islice(batches, 2000))


def test_an_epoch_has_every_pair_once(store, recipe):
    batches = [batch for after, batch in islice(Loader(store, recipe), 80) if after <= Position(1)]
    rows = sum(len(batch.src) for batch in batches)
    assert rows == len(store)
    if not recipe.resampled:
        assert sorted(np.concatenate([batch.indices for batch in batches]).tolist()) == list(range(150))


def test_epochs_differ_in_order_and_in_company(store):
    """Also where an epoch is a single chunk, as for every small corpus."""
    epochs: dict[int, set[frozenset[int]]] = {}
    epoch = 0
    for after, batch in islice(Loader(store, PLAIN), 120):
        epochs.setdefault(epoch, set()).add(frozenset(batch.indices.tolist()))
        epoch = after.epoch
    assert len(epochs) > 3
    for one in (0, 1, 2):
        assert len(epochs[one] & epochs[one + 1]) < 0.5 * len(epochs[one])


def test_the_budget_holds_on_what_was_sampled(store, recipe):
    for _, batch in islice(Loader(store, recipe), 60):
        assert batch.src.size + batch.tgt.size <= recipe.batch_tokens or len(batch.src) == 1
        assert (batch.src != PAD).sum(axis=1).max() <= recipe.max_tokens + 2


def varied(store, recipe, epoch, pairs, repetition=0):
    """Return what becomes of pairs that were drawn so often before in an epoch."""
    drawn = Drawn(np.array(pairs), np.full(len(pairs), repetition))
    corpus = resample(store, recipe, epoch, drawn)
    return [corpus.ids(place) for place in range(len(corpus))]


def test_a_pair_is_a_function_of_seed_epoch_pair_and_repetition(store):
    (alone,) = varied(store, FULL, 2, [77])
    assert alone == varied(store, FULL, 2, [3, 77, 120])[1]
    assert alone != varied(store, FULL, 3, [77])[0]
    pairs = list(range(20))
    ways = [varied(store, FULL, 2, pairs, repetition) for repetition in range(4)]
    assert ways == [varied(store, FULL, 2, pairs, repetition) for repetition in range(4)]
    assert varied(store, replace(FULL, seed=4), 2, pairs) != ways[0]
    different = sum(len({str(way[pair]) for way in ways}) > 1 for pair in pairs)
    assert different >= 18, "drawn again, a pair is mostly the same again"


HEAVY = (0.2, 1.0)
"""A third of the pairs are then three quarters of an epoch: each comes two or three times."""


@pytest.mark.parametrize("kind", ["sampled", "augmented"])
def test_a_pair_that_comes_several_times_an_epoch_comes_otherwise(store, monkeypatch, kind):
    """Whichever chunks its draws fall into."""
    monkeypatch.setattr(loader, "CHUNK", 40)
    recipe = replace(PLAIN, weights=HEAVY, subword_sampling=0.1)
    if kind == "augmented":
        recipe = replace(PLAIN, weights=HEAVY, augmentation=AugmentationConfig(spelling=1.0))
    seen: dict[int, list[str]] = {}
    for task in loader._tasks(store, recipe, START):
        corpus = resample(store, recipe, task.epoch, task.drawn)
        for place, index in enumerate(task.drawn.indices.tolist()):
            seen.setdefault(index, []).append(str(corpus.ids(place)[0]))
        if task.last:
            assert task.number == 3
            break
    again = [ways for ways in seen.values() if len(ways) > 1]
    assert len(again) == 50
    assert sum(len(set(ways)) > 1 for ways in again) >= 20, "a few words have few ways"


def test_several_draws_of_a_pair_change_neither_workers_nor_a_continued_loader(store, monkeypatch):
    monkeypatch.setattr(loader, "CHUNK", 40)
    recipe = replace(FULL, weights=HEAVY)
    whole = list(islice(Loader(store, recipe), 60))
    for others in (
        list(islice(Loader(store, recipe, workers=2), 60)),
        whole[:23] + list(islice(Loader(store, recipe, start=whole[22][0]), 37)),
    ):
        assert all(same(one, other) for one, other in zip(whole, others, strict=True))


def test_draws_of_a_pair_are_counted_from_0_in_an_epoch(store):
    for recipe in (PLAIN, replace(PLAIN, weights=HEAVY), replace(PLAIN, weights=(1.0, 0.1))):
        drawn = epoch_order(store.parts, recipe, 1)
        counted: dict[int, list[int]] = {}
        for index, repetition in zip(*(each.tolist() for each in drawn), strict=True):
            counted.setdefault(index, []).append(repetition)
        assert all(sorted(times) == list(range(len(times))) for times in counted.values())
        assert len(drawn.indices) == len(store)


def test_the_order_of_an_epoch_is_that_of_earlier_releases():
    """So that a run which was started with one goes on with another."""
    recipe = Recipe(batch_tokens=100, seed=1, weights=(1.0, 4.0))
    for epoch in range(3):
        draws = np.random.default_rng([1, epoch])
        chosen = [draws.permutation(np.arange(800))[:500], *[np.arange(800, 1000)] * 2]
        chosen.append(draws.permutation(np.arange(800, 1000))[:100])
        expected = draws.permutation(np.concatenate(chosen))
        assert np.array_equal(epoch_order(parts(800, 200), recipe, epoch).indices, expected)


def test_every_epoch_keeps_the_tag_first(store):
    for index in (5, 140):
        ((ids, _),) = varied(store, FULL, 0, [index])
        assert ids[0] == store.tokenizer.tag("fr" if index < 100 else "de")


def test_what_grows_too_long_is_taken_as_it_stands(store):
    tight = replace(FULL, max_tokens=12)
    for index in range(60):
        ((src, tgt),) = varied(store, tight, 0, [index])
        assert (src, tgt) == store.corpus.ids(index) or max(len(src) - 1, len(tgt)) <= 12


def parts(*sizes):
    edges = np.cumsum([0, *sizes]).tolist()
    return [Part(n, "", "", start, end, None) for n, (start, end) in enumerate(zip(edges, edges[1:]))]  # noqa: B905, RUF007


@pytest.mark.skipif(os.name == "nt", reason="nothing is stopped there")
def test_a_worker_that_is_stopped_is_told_and_ended(store, monkeypatch, caplog):
    monkeypatch.setattr(crew.Held, "TOLD", 0.2)
    monkeypatch.setattr(crew.Held, "ENDED", 0.5)
    monkeypatch.setattr(crew, "_LOOK", 0.1)
    batches = iter(Loader(store, FULL, workers=1))
    next(batches)
    (child,) = multiprocessing.active_children()
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(
        DataError, match=rf"process {child.pid}, .* was stopped \(SIGSTOP\) .*go on with --resume"
    ):
        list(islice(batches, 1000))
    assert [record.message.split(",")[0] for record in caplog.records] == [f"waiting for process {child.pid}"]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("weights", "temperature", "shares"),
    [
        ((), 1.0, (800, 200)),
        ((1.0, 4.0), 1.0, (500, 500)),
        ((1.0, 1.0), 2.0, (667, 333)),
        ((0.0001, 1.0), 1.0, (0, 1000)),
    ],
)
def test_weights_and_temperature_share_an_epoch(weights, temperature, shares):
    recipe = Recipe(batch_tokens=100, seed=1, weights=weights, temperature=temperature)
    orders = [epoch_order(parts(800, 200), recipe, epoch).indices for epoch in range(3)]
    for order in orders:
        assert len(order) == 1000
        assert (int((order < 800).sum()), int((order >= 800).sum())) == shares
        times = Counter(order.tolist())
        small = [times[index] for index in range(800, 1000)]
        assert max(small) - min(small) <= 1, "some pairs of a corpus come more often than others"
    assert not np.array_equal(orders[0], orders[1])
    assert set(orders[0].tolist()) != set(orders[1].tolist()) or shares == (800, 200) or shares == (0, 1000)
