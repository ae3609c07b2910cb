"""What is certain of alignments and deletions: what nothing attends to changes nothing; one left out costs most."""

import argparse

import numpy as np
import pytest
import torch
from studies.deletion import ALONE, agreement, effects, explanations, may_go, probabilities
from studies.heads import shape
from studies.learning import build
from studies.words import translations

from clearhead.config.alignment import Reader
from clearhead.data.batching import collate
from studies import interpretability, linked

START = 1


@pytest.fixture(scope="module")
def seen():
    part = translations(1, 3, "valid")
    model = build(shape(16, 2), 1).eval()
    return model, interpretability.recorded(model, part, 0)


def test_nothing_taken_away_is_the_model_and_what_is_taken_does_not_count(seen):
    model, maps = seen
    found = probabilities(model, maps, START, [frozenset(), frozenset({1})])
    np.testing.assert_allclose(found[frozenset()], maps.probabilities, rtol=1e-4)
    before = model.src_embedding.weight.detach().clone()
    with torch.no_grad():
        model.src_embedding.weight[maps.source.ids[1]] += 1.0
        again = probabilities(model, maps, START, [frozenset(), frozenset({1})])
        model.src_embedding.weight.copy_(before)
    assert maps.source.ids[1] not in {*maps.target.ids}
    difference = np.abs(again[frozenset()] - found[frozenset()]).max()
    assert np.abs(again[frozenset({1})] - found[frozenset({1})]).max() < difference


def test_no_method_beats_leaving_one_out_at_one_token(seen):
    model, maps = seen
    scores = explanations(model, maps, START, Reader(heads=((0, 0),)), seed=1, steps=4)
    falls = effects(model, maps, START, scores, (0.01, 1.0))
    for method in scores:
        mine, best = (np.array(falls[name]["comprehensiveness"]["0.01"]) for name in (method, ALONE))
        assert (mine <= best + 1e-7).all(), method
        # With everything left nothing falls, and with everything taken all methods are one.
        np.testing.assert_allclose(falls[method]["sufficiency"]["1.0"], 0.0, atol=1e-7)
        assert falls[method]["comprehensiveness"]["1.0"] == falls[ALONE]["comprehensiveness"]["1.0"]
    assert agreement(maps, scores)[ALONE] == pytest.approx([1.0] * (len(maps.target) - 1))
    assert len(maps.source) - 1 not in may_go(maps)


def test_links_of_the_grammar_reach_the_batch():
    part = translations(1, 5, "train")
    batch = collate(linked.with_links(part), np.arange(5))
    for row, example in enumerate(part.examples):
        found = {(source, target) for number, target, source in batch.links.tolist() if number == row}
        assert found == example.alignment("en", "fr")


def test_attention_on_the_links_alone_makes_no_errors():
    part = translations(1, 5, "valid")
    pairs = linked.of_grammar(build(shape(16, 2), 1).eval(), part)
    for pair, example in zip(pairs, part.examples, strict=True):
        pair.attended.cross[:] = 0.0
        for source, target in example.alignment("en", "fr"):
            pair.attended.cross[:, :, target, source] = 1.0
    found = linked.rates(pairs, {"one": Reader(heads=((1, 1),))})
    assert found["best head"] == found["one"] == found["average of all heads"] < 0.1


def test_it_runs():
    results = [interpretability.measure(1, argparse.Namespace(form="toy", model=None))]
    assert set(results[0]["small"]["deleted"]) == set(results[0]["default"]["deleted"])
    assert interpretability.rank(results, "default", ALONE) == pytest.approx([1.0])
    best = interpretability.area(results, "default", ALONE, "comprehensiveness")[0]
    assert best > interpretability.area(results, "default", "random", "comprehensiveness")[0]
    assert len(interpretability.claims(results)) == 5
    assert interpretability.tables(results)
    assert interpretability.panels(results)
