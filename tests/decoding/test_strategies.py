import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.decoding.strategies import BeamSearch, Greedy, Sample, uniforms
from clearhead.errors import ConfigError
from tests.decoding.table_model import EOS, FixedModel, TableModel, decode

PROBABILITIES = [0.05, 0.15, 0.4, 0.1, 0.2, 0.1]


def first_tokens(strategy: Sample, count: int = 4000, max_length: int = 1) -> Counter[tuple[int, ...]]:
    found = decode(FixedModel(PROBABILITIES), strategy, max_length=max_length, num_hypotheses=count)
    return Counter((*h.tokens, EOS)[:max_length] for h in found[0])


def chi_square(seen: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float]) -> float:
    """Return the statistic, less its mean, in standard deviations: small when `seen` follows `expected`."""
    assert set(seen) <= set(expected)
    total, scale = sum(seen.values()), sum(expected.values())
    counts = {key: total * value / scale for key, value in expected.items()}
    statistic = sum((seen[key] - count) ** 2 / count for key, count in counts.items())
    freedom = len(expected) - 1
    return (statistic - freedom) / math.sqrt(2 * freedom)


def test_samples_follow_the_distribution() -> None:
    expected = {(token,): p for token, p in enumerate(PROBABILITIES)}
    for seed in range(3):
        assert chi_square(first_tokens(Sample(seed=seed)), expected) < 4


def test_samples_of_one_step_say_nothing_about_the_next() -> None:
    pairs = {
        (a, b): PROBABILITIES[a] * PROBABILITIES[b] for a in range(6) for b in range(6) if EOS not in (a, b)
    }
    seen = first_tokens(Sample(), 6000, max_length=2)
    both = Counter({key: count for key, count in seen.items() if EOS not in key})
    assert chi_square(both, pairs) < 4


def test_temperature_sharpens() -> None:
    expected = {(token,): p**2 for token, p in enumerate(PROBABILITIES)}
    assert chi_square(first_tokens(Sample(temperature=0.5)), expected) < 4
    cold = first_tokens(Sample(temperature=1e-3))
    assert set(cold) == {(2,)}


def test_top_k_and_top_p_cut_the_support() -> None:
    best_two = {(2,): 0.4, (4,): 0.2}
    assert chi_square(first_tokens(Sample(top_k=2)), best_two) < 4
    assert set(first_tokens(Sample(top_k=1))) == {(2,)}
    assert chi_square(first_tokens(Sample(top_p=0.59)), best_two) < 4
    assert chi_square(first_tokens(Sample(top_p=0.61)), best_two | {(1,): 0.15}) < 4
    assert set(first_tokens(Sample(top_p=1e-9))) == {(2,)}
    # Of the best three (0.75 in all), the best two reach four fifths.
    assert chi_square(first_tokens(Sample(top_k=3, top_p=0.79)), best_two) < 4
    everything = {(token,): p for token, p in enumerate(PROBABILITIES)}
    assert chi_square(first_tokens(Sample(top_k=99)), everything) < 4


def test_the_nucleus_of_a_flat_large_vocabulary_is_exact() -> None:
    vocab, p = 1000, 0.6  # far more than the few tokens that are looked at first
    weights = np.linspace(1, 2, vocab)
    probabilities = weights / weights.sum()
    inside = {
        int(token)
        for place, token in enumerate(np.argsort(-probabilities))
        if np.sort(probabilities)[::-1][:place].sum() < p
    }
    found = decode(FixedModel(list(probabilities)), Sample(top_p=p), max_length=1, num_hypotheses=8000)
    seen = {token for h in found[0] for token in h.tokens}
    assert len(seen) > 256
    assert seen <= inside
    assert len(inside - seen) < 5


def test_samples_report_the_models_own_log_probabilities() -> None:
    model = TableModel(vocab=6)
    for h in decode(model, Sample(temperature=0.3, top_k=2), num_hypotheses=5)[0]:
        assert h.token_log_probs == model.token_log_probs(0, h.tokens)


def test_seeds_and_names_decide_what_is_drawn() -> None:
    model = TableModel(vocab=30, eos_bonus=-3.0)
    same_sentence = [7, 7, 7]

    def draw(seed: int, names: list[int]) -> list[tuple[int, ...]]:
        found = decode(model, Sample(seed=seed), same_sentence, 10, sentence_ids=names)
        return [h.tokens for [h] in found]

    once = draw(1, [0, 1, 2])
    assert once == draw(1, [0, 1, 2])
    assert len(set(once)) == 3
    assert draw(1, [2, 0, 1]) == [once[2], once[0], once[1]]
    assert not set(once) & set(draw(2, [0, 1, 2]))
    assert not set(once) & set(draw(-1, [0, 1, 2]))


def test_each_sample_is_drawn_from_its_own_numbers_whatever_becomes_of_the_others() -> None:
    running = np.cumsum(PROBABILITIES)
    by_hand = []
    for sample in range(20):
        tokens: list[int] = []
        while EOS not in tokens and len(tokens) < 8:
            draw = uniforms(5, np.array([3]), np.array([sample]), len(tokens))[0]
            tokens.append(int(np.searchsorted(running, draw * running[-1], side="right")))
        by_hand.append(tuple(token for token in tokens if token != EOS))
    found = decode(
        FixedModel(PROBABILITIES), Sample(seed=5), max_length=8, num_hypotheses=20, sentence_ids=[3]
    )
    assert Counter(h.tokens for h in found[0]) == Counter(by_hand)
    assert len({len(tokens) for tokens in by_hand}) > 3


def test_more_samples_leave_the_first_ones_as_they_were() -> None:
    model = TableModel(vocab=30, eos_bonus=-1.0)
    few = Counter(h.tokens for h in decode(model, Sample(), num_hypotheses=3)[0])
    many = Counter(h.tokens for h in decode(model, Sample(), num_hypotheses=9)[0])
    assert few <= many


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**40), st.integers(0, 10**4))
def test_uniforms_do_not_depend_on_their_company(seed: int, sentence: int, step: int) -> None:
    sentences, samples = np.array([sentence, 5, sentence]), np.array([1, 0, 0])
    together = uniforms(seed, sentences, samples, step)
    assert ((together >= 0) & (together < 1)).all()
    alone = [uniforms(seed, sentences[i : i + 1], samples[i : i + 1], step)[0] for i in range(3)]
    assert together.tolist() == alone


def test_uniforms_are_uniform_and_uncorrelated_along_every_axis() -> None:
    grid = np.indices((100, 20)).reshape(2, -1)
    cube = np.stack([uniforms(1, grid[0], grid[1], step).reshape(100, 20) for step in range(50)])
    counts = np.histogram(cube, bins=100, range=(0, 1))[0]
    expected = cube.size / 100
    assert abs(((counts - expected) ** 2 / expected).sum() - 99) < 4 * math.sqrt(2 * 99)
    for axis in range(3):
        a, b = np.take(cube, range(19), axis).ravel(), np.take(cube, range(1, 20), axis).ravel()
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(len(a))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BeamSearch(0), "beam_size must be at least 1, got 0"),
        (lambda: BeamSearch(2, alpha=-1), "alpha must be at least 0 .*, got -1"),
        (lambda: Greedy(alpha=-1), "alpha must be at least 0"),
        (lambda: Sample(alpha=-1), "alpha must be at least 0"),
        (lambda: Sample(temperature=0), "temperature must be above 0, got 0"),
        (lambda: Sample(top_k=-1), "top_k must be at least 0 .*, got -1"),
        (lambda: Sample(top_p=0), "top_p must be above 0 and at most 1 .*, got 0"),
        (lambda: Sample(top_p=1.1), "got 1.1"),
        (lambda: Greedy().start_rows(2), "num_hypotheses must be 1 for greedy search, got 2"),
        (lambda: Sample().start_rows(0), "num_hypotheses must be at least 1, got 0"),
    ],
)
def test_wrong_values_are_named(make: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()  # type: ignore[operator]
