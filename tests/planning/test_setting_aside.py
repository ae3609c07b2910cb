"""Pairs to validate on share no sentence with those that are learned from."""

import pytest

from clearhead.corpora.pair import Pair
from clearhead.errors import DataError
from clearhead.planning.setting_aside import SentenceKeys, choose, how_many, taken


def pairs_of(sides):
    return [Pair(src, tgt, "f", line) for line, (src, tgt) in enumerate(sides, start=1)]


def keys_of(pairs):
    keys = SentenceKeys()
    assert list(keys.gathered(pairs)) == pairs
    return keys


def unique(count):
    return [(f"phrase {number}", f"sentence {number}") for number in range(count)]


def test_no_sentence_is_on_both_sides_of_the_line():
    repeated = [(f"Phrase {number % 7}!", f"other {number}") for number in range(300)]
    pairs = pairs_of([*repeated, *unique(300), *((src.upper() + "?", tgt + ".") for src, tgt in unique(100))])
    numbers, shared = choose(keys_of(pairs), seed=1)
    assert len(numbers) == how_many(700) == 35
    assert shared == 0
    assert all(
        400 <= number < 600 for number in numbers
    )  # the others stand elsewhere too, or in other letters
    held = set(taken(pairs, numbers))
    rest = {text for pair in pairs if (pair.src, pair.tgt) not in held for text in (pair.src, pair.tgt)}
    assert not rest & {text for pair in held for text in pair}


def test_the_seed_decides_and_the_order_is_that_of_the_corpus():
    keys = keys_of(pairs_of(unique(500)))
    first, again, other = (choose(keys, seed)[0] for seed in (1, 1, 2))
    assert first == again == sorted(first)
    assert first != other
    assert len(set(first)) == len(first) == 25


def test_where_all_is_repeated_what_is_shared_is_counted():
    pairs = pairs_of([(f"phrase {number // 2}", f"sentence {number}") for number in range(200)])
    numbers, shared = choose(keys_of(pairs), seed=1)
    halves = [number // 2 for number in numbers]
    assert shared == sum(halves.count(half) == 1 for half in halves) > 0


def test_pairs_without_text_are_passed_over_and_a_pair_is_a_line():
    pairs = [Pair("", "x", "f", 1), *pairs_of(unique(40)), Pair("a\r\nb", "c\nd", "f", 42)]
    pairs.append(Pair("bad", "bad", "f", 43, fault="unreadable"))
    numbers, _ = choose(keys_of(pairs), seed=1)
    assert not {0, 42} & set(numbers)
    assert list(taken(pairs, [41])) == [("a b", "c d")]


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (unique(19), "19 pairs with text on both sides; to set some aside takes at least 20"),
        (
            [("always", f"sentence {number}") for number in range(90)],
            "repeats its sentences too often to set 18",
        ),
    ],
)
def test_a_corpus_that_nothing_can_be_set_aside_from(sides, message):
    with pytest.raises(DataError, match=message):
        choose(keys_of(pairs_of(sides)), seed=1)


def test_how_many_pairs_are_set_aside():
    assert [how_many(pairs) for pairs in (20, 100, 1000, 5000, 1_000_000)] == [4, 20, 50, 250, 1000]
