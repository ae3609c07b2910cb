"""Alignments from attention that is known: sinks, readings, thresholds, the choice of heads."""

from itertools import pairwise

import numpy as np
import pytest

from clearhead.errors import ConfigError, DataError, TextError
from clearhead.grammar import grammar
from clearhead.inspection.alignment import (
    Alignment,
    Reader,
    Words,
    belonging,
    confidence,
    joined,
    links,
    word_weights,
)
from clearhead.inspection.gold import Gold, Pair, choose, error_rate, measured
from clearhead.inspection.tokens import Attended, Tokens
from clearhead.text.words import Span, words


def pieces(text: str, *cuts: int) -> Tokens:
    """A text cut at some places, a control at the end."""
    borders = [0, *cuts, len(text)]
    spans = [Span(start + (text[start] == " "), end) for start, end in pairwise(borders)]
    named = [text[start:end] for start, end in spans]
    return Tokens(text, tuple(range(len(named) + 1)), (*named, "</s>"), (*spans, None))


SOURCE, TARGET = pieces("the ball.", 3, 6, 8), pieces("la bola.", 2, 7)  # the | ba | ll | . and la | bola | .
WORDS = words(SOURCE.text), words(TARGET.text)


def cross(rows, heads=1) -> np.ndarray:
    """Attention of one layer: what is given in head 0, even in the others."""
    given = np.array(rows, np.float32)
    even = np.full_like(given, 1 / given.shape[1])
    return np.stack([given, *[even] * (heads - 1)])[None]


def weights(rows, target=TARGET, heads=((0, 0),), **options) -> np.ndarray:
    found = Words.of(SOURCE, target, *WORDS)
    return word_weights(
        cross(rows, 1 if heads == ((9, 0),) else len(heads)), found, Reader(heads=heads, **options)
    )


ROWS = [
    [0.5, 0.1, 0.1, 0.1, 0.2],  # la
    [0.1, 0.3, 0.2, 0.3, 0.1],  # bola
    [0.2, 0.0, 0.1, 0.3, 0.4],  # .
    [0.0, 0.0, 0.0, 0.1, 0.9],  # the end
]


def test_tokens_become_words_and_sinks_are_set_aside():
    expected = [[0.5, 0.2, 0], [0.1, 0.5, 0], [0, 0, 0.3]]
    np.testing.assert_allclose(weights(ROWS, reading="produced"), expected, atol=1e-6)


def test_read_is_one_step_later():
    later = weights(ROWS, reading="read")
    np.testing.assert_allclose(later, [[0.1, 0.5, 0], [0.2, 0.1, 0], [0, 0, 0.1]], atol=1e-6)
    shifted = [[0] * 5, *ROWS[:3]]
    np.testing.assert_allclose(weights(shifted, reading="read"), weights(ROWS, reading="produced"), atol=1e-6)


def test_a_target_word_looks_as_its_tokens_do_on_average():
    target = pieces("la bola.", 2, 5, 7)  # bo | la
    rows = [ROWS[0], [0.4, 0, 0, 0, 0.6], [0, 0.1, 0.1, 0, 0.8], ROWS[2], ROWS[3]]
    found = weights(rows, target, reading="produced")
    np.testing.assert_allclose(found[1], [0.2, 0.1, 0], atol=1e-6)


def test_heads_are_averaged():
    found = weights(ROWS, heads=((0, 0), (0, 1)), reading="produced")
    np.testing.assert_allclose(found[0], [(0.5 + 0.2) / 2, (0.2 + 0.4) / 2, 0], atol=1e-6)


def test_links():
    table = np.array([[0.5, 0.3, 0], [0.05, 0.04, 0], [0, 0, 0]], np.float32)

    def found(**options):
        return links(table, Reader(heads=((0, 0),), **{"grow": 2.0, **options}))

    assert found(share=1.0) == ((0, 0), (0, 1))
    assert found(share=0.5) == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert found(share=0.5, least=0.1) == ((0, 0), (1, 0))
    assert found(share=1.0, grow=0.3) == ((0, 0), (0, 1), (1, 0))
    assert found(share=1.0, grow=0.0) == ((0, 0), (0, 1), (1, 0))  # nothing looked at the third at all
    assert links(np.zeros((2, 0), np.float32), Reader(heads=((0, 0),))) == ()


def test_error_rate():
    gold = Gold.parse("0-0 1-1 2?1")
    assert gold == Gold(frozenset({(0, 0), (1, 1)}), frozenset({(2, 1)}))
    assert error_rate([[(0, 0), (1, 1)]], [gold]) == 0
    assert error_rate([[(0, 0), (1, 1), (2, 1)]], [gold]) == 0
    assert error_rate([[]], [gold]) == 1
    assert error_rate([[(0, 0), (1, 0)]], [gold]) == pytest.approx(1 - 2 / 4)
    assert error_rate([[(0, 0)], [(3, 3)]], [gold, Gold(frozenset({(3, 3)}))]) == pytest.approx(1 - 4 / 5)
    with pytest.raises(TextError, match="line 3: '1:1' is not a link"):
        Gold.parse("0-0 1:1", "line 3")


def test_what_was_left_out_and_how_sure_the_words_are():
    table = np.array([[0.9, 0.0, 0.0], [0.3, 0.4, 0.0]], np.float32)
    alignment = Alignment(("a", "b", "."), ("x", "y"), links(table, Reader(heads=((0, 0),))), (table,))
    assert alignment.pharaoh() == "0-0 1-1"  # and the full stop with nothing
    assert alignment.coverage == pytest.approx((1.0, 0.4, 0.0))
    assert alignment.left_out == ()
    assert Alignment(("a", "b"), ("x",), ((0, 0),), (table[:1, :2],)).left_out == (1,)
    target = pieces("la bola.", 2, 5, 7)
    found = confidence(np.array([0.5, 0.9, 0.4, 1.0, 1.0]), belonging(target, words(target.text)))
    assert found == pytest.approx((0.5, (0.9 * 0.4) ** 0.5, 1.0))


def test_several_sentences_are_one_text():
    one = Alignment(("a", "b"), ("x",), ((0, 0),), (np.array([[0.9, 0.1]], np.float32),), (0.5,))
    two = Alignment(("c",), ("y", "z"), ((0, 1),), (np.array([[0.2], [0.8]], np.float32),), (0.6, 0.7))
    both = joined([one, two, joined([])])
    assert (both.source, both.target) == (("a", "b", "c"), ("x", "y", "z"))
    assert both.links == ((0, 0), (2, 2))
    assert both.confidence == (0.5, 0.6, 0.7)
    assert both.coverage == pytest.approx((0.9, 0.1, 1.0))
    assert both.left_out == (1,)


def drawn(rng, noise: float) -> Pair:
    """A pair of random links; head (1, 2) looks at them one step late, all others at random."""
    size = int(rng.integers(3, 9))
    source, target = (
        pieces(" ".join("x" * size), *range(1, 2 * size - 1, 2)),
        pieces(" ".join("y" * size), *range(1, 2 * size - 1, 2)),
    )
    order = rng.permutation(size)
    attention = rng.dirichlet(np.ones(size + 1), (2, 4, size + 1)).astype(np.float32)
    right = np.eye(size + 1, dtype=np.float32)[[size, *order]]
    attention[1, 2] = noise * attention[1, 2] + (1 - noise) * right
    gold = Gold(frozenset((int(source_word), number) for number, source_word in enumerate(order)))
    found = Attended(source, target, attention, np.ones(size + 1, np.float32))
    return Pair(found, Words.usual(source, target), gold)


def test_the_head_that_aligns_is_found():
    rng = np.random.default_rng(3)
    dev, test = ([drawn(rng, noise=0.3) for _ in range(30)] for _ in range(2))
    reader, rate = choose(dev)
    assert (1, 2) in reader.heads
    assert reader.reading == "read"
    assert rate <= 0.02
    assert measured(test, reader) <= 0.05
    assert measured(test, Reader(heads=((1, 2),), reading="produced")) > 0.5
    assert Reader.from_dict(reader.to_dict()) == reader


def test_wrong_readers_are_refused():
    with pytest.raises(ConfigError, match="must be one of produced, read"):
        Reader(heads=((0, 0),), reading="fed")
    with pytest.raises(ConfigError, match="at least one head"):
        Reader(heads=())
    with pytest.raises(ConfigError, match="must be a number from 0 to 10"):
        Reader.from_dict({"heads": [[0, 0]], "share": "x"})
    with pytest.raises(ConfigError, match="heads must be a whole number"):
        Reader(heads=((0, -1),))
    with pytest.raises(ConfigError, match="name each once"):
        Reader(heads=((0, 1), (0, 1)))
    with pytest.raises(ConfigError, match="head 0 of layer 9, but there are 1 layers of 1 heads"):
        weights(ROWS, heads=((9, 0),))
    with pytest.raises(DataError, match="no pairs"):
        choose([])
    with pytest.raises(ConfigError, match="does not say how"):
        Reader.from_dict({"layer": 1})


def test_the_words_of_the_grammar_stand_where_its_spans_say():
    for example in grammar.generate(5, 300):
        for language in grammar.LANGUAGES:
            text, spans = example.text(language), example.spans(language)
            assert tuple(text[start:end].lower() for start, end in spans) == tuple(
                word.lower() for word in example.words(language)
            )
            covered = {place for start, end in spans for place in range(start, end)}
            assert {place for place, character in enumerate(text) if character != " "} == covered
