"""What is certain of a model without residuals or norms: what is left of a sub-layer."""

import argparse
import math

import numpy as np
import pytest
import torch
from studies.learning import build
from studies.without import LEFT_OUT, norms_left_out, residuals_left_out
from studies.words import translations

from clearhead.data.batching import collate
from clearhead.errors import TrainingError
from clearhead.model.sublayer import Sublayer
from clearhead.training.loop import batch_loss
from studies import depth


def silenced(model):
    """Make every sub-layer's function nothing."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".output." in name or ".outer." in name:
                parameter.zero_()
    return model.eval()


def test_without_functions_the_residual_stream_is_what_came_in():
    model = silenced(norms_left_out(build(depth.shape(16, 3, "pre"), 1)))
    x = torch.randn(2, 5, 16)
    torch.testing.assert_close(model.encoder(x, None), x)


def test_without_residuals_nothing_of_it_is_left():
    model = silenced(norms_left_out(residuals_left_out(build(depth.shape(16, 3, "pre"), 1))))
    assert model.encoder(torch.randn(2, 5, 16), None).abs().max() == 0
    kinds = {type(module).__name__ for module in model.modules() if isinstance(module, Sublayer)}
    assert kinds == {"NoResidual"}


def test_only_the_norms_own_parameters_differ():
    counts = {
        name: sum(
            p.numel() for key, p in depth.variant(name, 16, 2, 1).named_parameters() if "norm" not in key
        )
        for name in LEFT_OUT
    }
    assert len(set(counts.values())) == 1


def test_it_runs():
    results = [depth.measure(1, argparse.Namespace(form="toy"))]
    assert results[0]["depths"] == ["2", "4"]
    for name in LEFT_OUT:
        norms = results[0]["gradients"][name]["4"]
        assert len(norms) == 4
        assert all(norm > 0 for norm in norms)
    # Nothing bounds the sums: larger states, larger gradients.
    assert depth.size_of(results, "no LayerNorm", "4")[0] > depth.size_of(results, "post-norm", "4")[0]
    assert len(depth.claims(results)) == 3
    assert depth.tables(results)
    assert depth.panels(results)


def test_gradients_are_numbers_where_states_are_large():
    """Without LayerNorm 18 layers deep, where fused attention in single precision has none, or others."""
    size = depth.SIZES["quick"]
    corpus = translations(1, 64, "train").corpus
    norms = depth.gradient_norms(depth.variant("no LayerNorm", size.d_model, 18, 1), corpus)
    assert all(math.isfinite(norm) for norm in norms)
    shallow = depth.gradient_norms(depth.variant("no LayerNorm", size.d_model, 6, 1), corpus)
    assert norms[0] > 1000 * shallow[0]


def test_gradients_are_those_of_the_loss_that_is_trained():
    corpus = translations(1, 20, "train").corpus
    model = depth.variant("post-norm", 16, 2, 1)
    found = depth.gradient_norms(model, corpus)
    batch = collate(corpus, np.arange(20))
    (batch_loss(model, batch, 0.0) / batch.num_tgt_tokens).backward()
    for norm, layer in zip(found, model.encoder.layers, strict=True):
        together = torch.cat([parameter.grad.flatten() for parameter in layer.parameters()])
        assert norm == pytest.approx(float(together.norm()), rel=1e-4)


def test_a_variant_that_diverges_is_told_and_not_drawn(monkeypatch):
    learn = depth.learn

    def given_up(model, *args, **options):
        if isinstance(model.encoder.layers[0].self_sublayer.norm, torch.nn.Identity):
            raise TrainingError("loss or gradient was not finite")
        return learn(model, *args, **options)

    monkeypatch.setattr(depth, "learn", given_up)
    results = [depth.measure(seed, argparse.Namespace(form="toy")) for seed in (1, 2)]
    assert depth.of_learned(results, "no LayerNorm", "loss") == [math.inf] * 2
    assert "inf" in depth.tables(results)[-1].markdown()
    curves = depth.panels(results)[-1]
    assert "no LayerNorm" not in curves.lines
    assert len(curves.lines) == len(LEFT_OUT) - 1
