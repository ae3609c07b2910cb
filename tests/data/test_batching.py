"""Batches: every pair once, within the budget, little padding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clearhead.data.batching import TokenizedCorpus, collate, order_by_length, padding_share, plan_batches
from clearhead.text.vocabulary import BOS, EOS, PAD


def plan_epoch(src, tgt, *, batch_tokens, seed, epoch):
    draws = np.random.default_rng([seed, epoch])
    return plan_batches(np.arange(len(src)), src, tgt, batch_tokens, draws)


lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(2, 40)), min_size=1, max_size=120)


@given(lengths, st.integers(2, 400), st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_has_every_pair_once_within_the_budget(pairs, budget, seed, epoch):
    src, tgt = np.array(pairs).T
    plan = plan_epoch(src, tgt, batch_tokens=budget, seed=seed, epoch=epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(pairs)))
    for batch in plan:
        assert len(batch) * (src[batch].max() + tgt[batch].max()) <= budget or len(batch) == 1
    again = plan_epoch(src, tgt, batch_tokens=budget, seed=seed, epoch=epoch)
    assert all(np.array_equal(one, other) for one, other in zip(plan, again, strict=True))


def realistic(pairs=29_000):
    """Lengths like those of Multi30k: mean 13, the sides correlated."""
    draws = np.random.default_rng(0)
    src = np.clip(draws.normal(13, 4, pairs).round(), 3, 45).astype(int)
    tgt = np.clip((src * draws.normal(1.05, 0.18, pairs)).round(), 3, 50).astype(int) + 1
    return src, tgt


def test_padding_is_below_three_percent():
    src, tgt = realistic()
    plan = plan_epoch(src, tgt, batch_tokens=4096, seed=1, epoch=0)
    assert padding_share(plan, src, tgt) < 0.03


def test_epochs_and_seeds_differ_in_order_and_in_company():
    src, tgt = realistic(3000)
    plans = [plan_epoch(src, tgt, batch_tokens=500, seed=s, epoch=e) for s, e in ((1, 0), (1, 1), (2, 0))]
    companies = [{frozenset(batch.tolist()) for batch in plan} for plan in plans]
    for one in range(3):
        for other in range(one):
            assert len(companies[one] & companies[other]) < 0.2 * len(companies[one])
    first = [int(src[batch].max()) for batch in plans[0]]
    assert first != sorted(first)


def test_collate_frames_and_pads():
    batch = collate(TokenizedCorpus.from_ids([[7, 8], []], [[9], [10, 11]]), np.array([1, 0]))
    assert batch.src.tolist() == [[EOS, PAD, PAD], [7, 8, EOS]]
    assert batch.tgt.tolist() == [[BOS, 10, 11, EOS], [BOS, 9, EOS, PAD]]
    assert batch.num_tgt_tokens == 5
    assert batch.indices.tolist() == [1, 0]


@given(st.lists(st.integers(1, 60), max_size=80), st.integers(1, 200))
def test_inference_order_is_longest_first_within_the_budget(sizes, budget):
    batches = order_by_length(sizes, budget)
    flat = [int(index) for batch in batches for index in batch]
    assert flat == sorted(range(len(sizes)), key=lambda index: (-sizes[index], index))
    assert all(len(batch) * sizes[batch[0]] <= budget or len(batch) == 1 for batch in batches)
