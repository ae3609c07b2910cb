"""Muon in fp32: the rule of the library, but for the rounding of its bf16."""

import pytest
import torch

from clearhead.training.muon import Muon, orthogonal

COEFFICIENTS = (3.4445, -4.775, 2.0315)


@pytest.mark.parametrize("shape", [(16, 16), (16, 48), (48, 16)])
def test_steps_are_those_of_the_library(shape):
    draws = torch.Generator().manual_seed(1)
    start = torch.randn(shape, generator=draws)
    weights = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    settings = {"lr": 0.1, "weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}
    rules = [Muon([weights[0]], **settings), torch.optim.Muon([weights[1]], **settings)]
    for _ in range(4):
        gradient = torch.randn(shape, generator=draws)
        for weight, rule in zip(weights, rules, strict=True):
            weight.grad = gradient.clone()
            rule.step()
    ours, library = ((weight.detach() - start).flatten() for weight in weights)
    assert torch.cosine_similarity(ours, library, dim=0) > 0.999
    assert (ours - library).norm() < 0.03 * library.norm()
    assert torch.equal(
        rules[0].state[weights[0]]["momentum_buffer"], rules[1].state[weights[1]]["momentum_buffer"]
    )


@pytest.mark.parametrize("shape", [(8, 8), (8, 24), (24, 8)])
def test_the_singular_values_come_near_to_1(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    values = torch.linalg.svdvals(orthogonal(matrix, COEFFICIENTS, 5, 1e-7))
    assert values.min() > 0.5
    assert values.max() < 1.3
