"""The convolutional model against its equations, written out position by position."""

import math

import pytest
import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig

D = 12


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def small(**overrides):
    shape = {"d_model": D, "num_encoder_layers": 2, "num_decoder_layers": 2, **overrides}
    return build(ModelConfig(kind="convolutional", vocab_size=30, **shape)).eval()


@pytest.mark.parametrize(
    "options", [{}, {"kernel_size": 5, "positions": "learned", "max_positions": 20}], ids=str
)
def test_number_of_parameters_by_formula(options):
    model = small(**options)
    assert sum(parameter.numel() for parameter in model.parameters()) == model.config.num_parameters


def gated(layer, window):
    """Return A * sigmoid(B) of one window [kernel, d_model] (§3.2)."""
    weight, bias = layer.convolution.weight, layer.convolution.bias
    a, b = (torch.einsum("ock,kc->o", weight, window) + bias).chunk(2)
    return a * torch.sigmoid(b)


def test_it_is_the_equation():
    model = small(num_encoder_layers=1, num_decoder_layers=1)
    src, tgt = torch.randint(4, 30, (1, 5)), torch.randint(4, 30, (1, 4))
    e, g = (model.positions(model.src_embedding(side))[0] for side in (src, tgt))
    half, edge = math.sqrt(0.5), torch.zeros(1, D)
    around = torch.cat((edge, e, edge))
    z = torch.stack([(gated(model.encoder.layers[0], around[i : i + 3]) + e[i]) * half for i in range(5)])
    layer, before = model.decoder.layers[0], torch.cat((edge, edge, g))
    expected = []
    for i in range(4):
        v = gated(layer.convolution, before[i : i + 3])
        d = (layer.query(v) + g[i]) * half
        weights = (z @ d / math.sqrt(D)).softmax(0)
        c = weights @ (z + e) * math.sqrt(5)
        expected.append(((v + c) * half + g[i]) * half)
    torch.testing.assert_close(model(src, tgt)[0], torch.stack(expected))


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_the_cache_holds_what_the_next_position_reads(kernel_size):
    model = small(kernel_size=kernel_size)
    src, tgt = torch.randint(4, 30, (3, 6)), torch.randint(4, 30, (3, 9))
    whole, cache, parts = model(src, tgt), model.encode(src), []
    for part in tgt.split([2, 1, 5, 1], dim=1):
        states, cache = model.decode(part, cache)
        parts.append(states)
        assert all(past.shape == (3, kernel_size - 1, D) for past in cache.past)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=1e-5)


def test_padding_is_as_nothing():
    model = small(kernel_size=5)
    src, tgt = torch.randint(4, 30, (1, 3)), torch.randint(4, 30, (1, 4))
    wide = torch.cat((src, torch.zeros(1, 6, dtype=torch.long)), dim=1)
    torch.testing.assert_close(model(wide, tgt), model(src, tgt), atol=1e-5, rtol=1e-5)
