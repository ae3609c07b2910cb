"""What is certain of relevance: the order is read from the object's row."""

import argparse

import numpy as np

from studies import relevance


def test_the_order_is_verb_subject_adjective_in_the_objects_row():
    sentence = relevance.article()
    assert [sentence.text[start:end] for start, end in sentence.words][1:6] == [
        "black",
        "cat",
        "drank",
        "the",
        "milk",
    ]
    table = np.zeros((1, 2, 7, 7))
    table[0, 0, 5, [3, 2, 1]] = 3, 2, 1
    table[0, 1, 5, [3, 2, 1]] = 3, 1, 2
    table[0, 1, 3, [3, 2, 1]] = 3, 2, 1  # the verb's row is not asked
    assert relevance.ranks(table, sentence).tolist() == [[True, False]]


def test_sentences_have_the_form_and_differ_by_seed():
    first, second = (relevance.sentences(seed, 3) for seed in (1, 2))
    assert {each.text for each in first}.isdisjoint(each.text for each in second)
    for each in first:
        words = [each.text[start:end].lower() for start, end in each.words]
        assert words[0] == words[4] == "the"
        assert words[each.verb].endswith("ed")


def test_it_runs(tmp_path):
    options = argparse.Namespace(form="toy", model=None, pictures=tmp_path)
    results = [relevance.measure(1, options)]
    assert results[0]["heads"] == 48
    assert 0 < results[0]["article"] < 48  # some heads have the order, and not all
    assert {path.name for path in tmp_path.iterdir()} == {"life-free.svg", "life-masked.svg"}
    assert relevance.tables(results)
    assert relevance.panels(results)
    assert len(relevance.claims(results)) == 3
