"""Eq. 2, and that it is position-wise."""

import torch

from clearhead.model.feed_forward import FeedForward


def test_is_equation_2_at_every_position():
    torch.manual_seed(0)
    network, x = FeedForward(8, 16), torch.randn(2, 5, 8)
    inner, outer = network.inner, network.outer
    by_hand = torch.clamp(x @ inner.weight.T + inner.bias, min=0) @ outer.weight.T + outer.bias
    torch.testing.assert_close(network(x), by_hand)
    torch.testing.assert_close(network(x[:, 2:3]), network(x)[:, 2:3])
