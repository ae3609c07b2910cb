"""The plain form of byte-pair encoding equals the library's."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhead.errors import TextError
from clearhead.text.bpe import apply_merges, merges_of, segment
from clearhead.text.tokenizer import Tokenizer

ENGLISH = ["lower", "lowest", "newer", "wider", "widest", "banana", "bandana", "cabana", "abracadabra"]
FRENCH = ["étudiant", "étudiante", "études", "aaaa", "aabaab", "mississippi", "abcabcabc", "ananas"]
CORPUS = [" ".join(words) for words in product(ENGLISH, FRENCH)]
TOKENIZER = Tokenizer.train(CORPUS, kind="bpe", vocab_size=420)
MERGES = merges_of(TOKENIZER)


def library(text: str) -> list[str]:
    return [TOKENIZER.vocabulary[i] for i in TOKENIZER.encode(text)]


@given(st.text("abcdeinrst ", max_size=60))
def test_equals_the_library_on_letters_of_the_corpus(text: str) -> None:
    assert segment(text, TOKENIZER, MERGES) == library(text)


@given(
    st.lists(st.sampled_from([*ENGLISH, *FRENCH, "▁", "</s>", "😀", "\ue581"]) | st.text(max_size=5)).map(
        "".join
    )
)
def test_equals_the_library_on_any_text(text: str) -> None:
    assert segment(text, TOKENIZER, MERGES) == library(text)


def test_equals_the_library_on_the_corpus() -> None:
    for line in CORPUS:
        assert segment(line, TOKENIZER, MERGES) == library(line)


def test_merges_make_pieces_of_the_vocabulary_in_the_order_learned() -> None:
    assert {left + right for left, right in MERGES} == {p for p in TOKENIZER.text_pieces if len(p) > 1}
    assert all(TOKENIZER.vocabulary[rank] == left + right for (left, right), rank in MERGES.items())


def learned(words: dict[str, int], count: int) -> dict[tuple[str, str], int]:
    """Learn merges as the paper does: the most frequent pair, `count` times."""
    vocabulary = {tuple(word): frequency for word, frequency in words.items()}
    merges: dict[tuple[str, str], int] = {}
    for rank in range(count):
        pairs: dict[tuple[str, str], int] = {}
        for word, frequency in vocabulary.items():
            for pair in pairwise(word):
                pairs[pair] = pairs.get(pair, 0) + frequency
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges[best] = rank
        vocabulary = {joined(word, best): frequency for word, frequency in vocabulary.items()}
    return merges


def joined(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """Join every place of a pair at once, from the left."""
    out: list[str] = []
    for symbol in word:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 5), min_size=1), st.text("abcd")
)
def test_one_at_a_time_equals_every_place_at_once_on_learned_merges(words: dict[str, int], word: str) -> None:
    merges = learned(words, 12)
    expected = tuple(word)
    for pair in sorted(merges, key=merges.__getitem__):
        expected = joined(expected, pair)
    assert apply_merges(word, merges) == list(expected)


@pytest.mark.parametrize(
    ("word", "merges", "expected"),
    [
        ("", [], []),
        ("low", [], ["l", "o", "w"]),
        ("lower", [("l", "o"), ("lo", "w"), ("e", "r")], ["low", "er"]),
        ("aaa", [("a", "a")], ["aa", "a"]),  # leftmost first
        ("abc", [("b", "c"), ("a", "b")], ["a", "bc"]),  # the rank decides, not the place
        (["▁", "lo", "w"], [("lo", "w"), ("▁", "low")], ["▁low"]),
    ],
)
def test_small_examples(word: str | list[str], merges: list[tuple[str, str]], expected: list[str]) -> None:
    assert apply_merges(word, {pair: rank for rank, pair in enumerate(merges)}) == expected


def test_other_kinds_have_no_merges() -> None:
    with pytest.raises(TextError, match="a word tokenizer has no merges"):
        merges_of(Tokenizer.train(CORPUS, kind="word"))
