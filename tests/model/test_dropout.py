"""Dropout: its rate, its mean, and that a seed decides it."""

import pytest
import torch

from clearhead.model.dropout import Dropout, dropout


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_rate_and_mean(rate):
    torch.manual_seed(1)
    x = torch.ones(1000, 1001)
    out = dropout(x, rate)
    assert (out == 0).float().mean().item() == pytest.approx(rate, abs=0.002)
    assert out.mean().item() == pytest.approx(1.0, abs=0.003)
    assert out.unique().numel() == 2


def test_neighbours_are_independent():
    """Four entries share one 64-bit draw; that must not show."""
    torch.manual_seed(2)
    kept = (dropout(torch.ones(400_000), 0.3) != 0).double().view(-1, 4)
    correlation = torch.corrcoef(kept.T)
    assert (correlation - torch.eye(4)).abs().max() < 0.01


def test_the_gradient_is_dropped_alike():
    torch.manual_seed(3)
    x = torch.randn(50, 50, requires_grad=True)
    out = dropout(x, 0.3)
    out.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), out.detach())


def test_seeded_and_off_outside_training():
    module, x = Dropout(0.4), torch.randn(30, 30)
    torch.manual_seed(4)
    first = module(x)
    torch.manual_seed(4)
    assert torch.equal(first, module(x))
    assert module.eval()(x) is x
