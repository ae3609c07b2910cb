"""What is certain of heads: their number costs nothing, and one that is removed puts out nothing."""

import argparse

import pytest
import torch
from studies.learning import build
from studies.pruning import Head, attention, heads_of, importance, loss, pruned, without
from studies.words import translations

from studies import heads, pairs


@pytest.fixture(scope="module")
def sentences():
    return pairs.of_grammar(translations(1, 12, "valid"))


def test_every_number_of_heads_has_the_same_parameters():
    assert len({heads.shape(32, count).num_parameters for count in heads.COUNTS}) == 1


def test_a_removed_head_puts_out_nothing_and_comes_back(sentences):
    model = build(heads.shape(16, 4), 1).eval()
    before, seen = loss(model, sentences), {}
    head = Head("cross", 1, 2)
    x, memory = torch.randn(1, 3, 16), torch.randn(1, 4, 16)
    module = attention(model, head)
    module(x, module.keys_values(memory), observer=seen.__setitem__)
    rest = seen["heads"].clone()
    rest[:, 2] = 0.0
    with without(model, [head]):
        left = module(x, module.keys_values(memory))
        assert loss(model, sentences) != before
    expected = module.output(rest.transpose(1, 2).flatten(-2))
    torch.testing.assert_close(left, expected)
    assert loss(model, sentences) == before


def test_importance_is_the_slope_of_the_loss_by_a_head(sentences):
    """With one sentence, Michel's importance is |dL/dgate|: here beside a difference quotient of the gate."""
    model = build(heads.shape(16, 2), 1).double().eval()
    one = sentences[:1]
    found = importance(model, one)
    slopes = {}
    for head in heads_of(model):
        module = attention(model, head)
        part = module.output.weight[:, head.number * module.d_k : (head.number + 1) * module.d_k]
        whole, sides = part.detach().clone(), []
        for gate in (1 + 1e-4, 1 - 1e-4):
            with torch.no_grad():
                part.copy_(gate * whole)
            sides.append(loss(model, one) * (len(one[0][1]) + 1))
        with torch.no_grad():
            part.copy_(whole)
        slopes[head] = abs(sides[0] - sides[1]) / 2e-4
    for head, value in found.items():
        layer = [slopes[other] for other in slopes if other[:2] == head[:2]]
        assert value == pytest.approx(slopes[head] / sum(slope**2 for slope in layer) ** 0.5, rel=1e-3)


def test_removing_none_changes_nothing_and_removing_all_forgets_the_source(sentences):
    model = build(heads.shape(16, 2), 1).eval()
    found = pruned(model, heads_of(model), (0.0, 1.0), sentences)
    assert found["0.0"] == loss(model, sentences)
    other_sources = [(sentences[place - 1][0], target) for place, (_, target) in enumerate(sentences)]
    with without(model, heads_of(model)):
        assert loss(model, other_sources) == pytest.approx(found["1.0"], rel=1e-5)


def test_it_runs():
    options = argparse.Namespace(form="toy", model=None)
    results = [heads.measure(1, options)]
    assert results[0]["default"]["heads"] == 80
    assert sum(row["heads"] for row in results[0]["default"]["roles"].values()) == 80
    for order in heads.ORDERS:
        assert heads.risen(results, "default", order, 0.0) == [0.0]
        assert heads.risen(results, "default", order, 0.9)[0] > 0.1
    assert [claim.name for claim in heads.claims(results)] == ["several heads", "pruning", "importance"]
    assert heads.tables(results)
    assert heads.panels(results)
