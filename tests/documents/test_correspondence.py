"""Words of a translation and of its source: parts of words, sentences, and what belongs to what."""

import numpy as np

from clearhead.segments.correspondence import Correspondence, located


def corresponding(source, target, links, tables=()):
    return Correspondence.of((source, target), (source.split(), target.split()), links, tables)


def shown(text, spans):
    return [text[start:end] for start, end in spans]


def test_words_are_found_in_their_order():
    assert located("on and on", ["on", "and", "on"]) == [(0, 2), (3, 6), (7, 9)]


def test_a_word_that_is_not_there_stands_where_it_would():
    assert located("on and", ["on", "off", "and"]) == [(0, 2), (2, 2), (3, 6)]


def test_an_article_that_lost_its_vowel_is_a_word():
    table = corresponding("the old man", "l'homme vieux", [(0, 0), (2, 0), (1, 1)])
    assert shown("l'homme vieux", table.target) == ["l'", "homme", "vieux"]
    assert table.weights.argmax(axis=1).tolist() == [0, 2, 1]


def test_it_goes_with_its_noun_where_nothing_else_belongs_to_it():
    table = corresponding("water boils", "l'eau bout", [(0, 0), (1, 1)])
    assert table.weights.argmax(axis=1).tolist() == [0, 0, 1]


def test_words_around_a_stroke_belong_to_one_another_in_order():
    table = corresponding("rouge/vert", "red/green", [(0, 0)])
    assert shown("red/green", table.target) == ["red", "green"]
    assert table.weights.shape == (2, 2)
    parts = corresponding("rouge/vert ou bleu", "red / green or blue", [(0, 0), (0, 2), (1, 3), (2, 4)])
    assert parts.weights[0].argmax() == 0
    assert parts.weights[2].argmax() == 1


def test_tables_of_sentences_share_nothing():
    tables = [np.full((1, 1), 0.9, np.float32), np.full((2, 1), 0.8, np.float32)]
    table = corresponding("a b", "x y z", [(0, 0), (1, 1), (1, 2)], tables)
    np.testing.assert_allclose(table.weights, [[1, 0], [0, 1], [0, 1]], atol=1e-6)
    assert table.blocks == (((0, 1), (0, 1)), ((1, 2), (1, 3)))


def test_a_row_that_looks_at_next_to_nothing_says_next_to_nothing():
    table = corresponding("a b", "x y", [(0, 0)], [np.array([[0.9, 0.0], [0.02, 0.02]], np.float32)])
    assert table.weights[1].sum() < 0.1
