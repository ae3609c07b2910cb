"""Every entry of a memory at or above the threshold is found, as comparing with all of them finds it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.memory.similar import Similar, distance, words_of

WORDS = "the a cat dog saw ate milk fish black white".split()  # noqa: SIM905
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


def slow_distance(first, second):
    if not first or not second:
        return len(first) + len(second)
    return min(
        slow_distance(first[1:], second) + 1,
        slow_distance(first, second[1:]) + 1,
        slow_distance(first[1:], second[1:]) + (first[0] != second[0]),
    )


@given(st.lists(st.integers(0, 2), max_size=5), st.lists(st.integers(0, 2), max_size=5), st.integers(0, 5))
def test_the_distance_is_that_of_its_definition(first, second, most):
    exact = slow_distance(first, second)
    assert distance(first, second, most) == exact if exact <= most else distance(first, second, most) > most


@given(st.lists(TEXTS, min_size=1, max_size=30), TEXTS, st.sampled_from([0.3, 0.5, 0.7, 0.75, 0.8, 1.0]))
def test_nothing_is_missed(texts, wanted, threshold):
    expected = []
    for place, text in enumerate(texts):
        longest = max(len(text.split()), len(wanted.split()))
        if longest and text and wanted:
            score = 1 - distance(wanted.split(), text.split(), 99) / longest
            expected += [(score, place)] if score >= threshold - 1e-9 else []
    found = [match for match in Similar(texts).search(wanted, threshold) if wanted and texts[match[1]]]
    assert found == [
        pytest.approx(match) for match in sorted(expected, key=lambda match: (-match[0], match[1]))
    ]


def test_words_that_no_entry_has_cost_nothing():
    index = Similar([" ".join(random.Random(number).sample(WORDS, 5)) for number in range(50)])
    assert index.search("unheard of in all texts", 0.7) == []


def test_capitals_count_for_nothing_and_letters_without_spaces_are_words():
    assert words_of("Das IST  gut.") == ["das", "ist", "gut", "."]
    assert words_of("牛奶 ok") == ["牛", "奶", "ok"]
