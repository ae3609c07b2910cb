"""Eq. 2, and that it is position-wise."""

import pytest
import torch

from clearhead.model.feed_forward import FeedForward


def test_is_equation_2_at_every_position():
    torch.manual_seed(0)
    network, x = FeedForward(8, 16), torch.randn(2, 5, 8)
    inner, outer = network.inner, network.outer
    by_hand = torch.clamp(x @ inner.weight.T + inner.bias, min=0) @ outer.weight.T + outer.bias
    torch.testing.assert_close(network(x), by_hand)
    torch.testing.assert_close(network(x[:, 2:3]), network(x)[:, 2:3])


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("gelu", lambda x: x * torch.special.ndtr(x)),
        ("swish", lambda x: x * torch.sigmoid(x)),
    ],
)
def test_other_functions(activation, function):
    torch.manual_seed(0)
    network, x = FeedForward(8, 16, activation=activation), torch.randn(2, 5, 8)
    inner, outer = network.inner, network.outer
    by_hand = function(x @ inner.weight.T + inner.bias) @ outer.weight.T + outer.bias
    torch.testing.assert_close(network(x), by_hand)


def test_swiglu_is_a_swish_times_a_second_projection():
    torch.manual_seed(0)
    network, x = FeedForward(8, 16, activation="swiglu"), torch.randn(2, 5, 8)
    inner, gate, outer = network.inner, network.gate, network.outer
    first = x @ inner.weight.T + inner.bias
    product = first * torch.sigmoid(first) * (x @ gate.weight.T + gate.bias)
    torch.testing.assert_close(network(x), product @ outer.weight.T + outer.bias)
    seen = {}
    network(x, lambda place, tensor: seen.update({place: tensor}))
    torch.testing.assert_close(seen["inner"], product)
