"""Attention against the paper, against PyTorch's own layers, and against itself in its other form."""

import pytest
import torch
from torch import nn

from clearhead.model.attention import (
    KeysValues,
    MultiHeadAttention,
    attention_weights,
    fused_attention,
    scaled_dot_product_attention,
)
from clearhead.model.masks import causal_mask, padding_mask


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def random_mask(batch: int, query: int, key: int) -> torch.Tensor:
    mask = torch.rand(batch, query, key) > 0.4
    mask[..., 0] = True  # every query may attend somewhere
    return mask


@pytest.mark.parametrize("masked", [False, True])
def test_weights_are_rows_of_probabilities_and_zero_where_masked(masked):
    q, k = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8)
    mask = random_mask(2, 5, 7).unsqueeze(1) if masked else None
    weights = attention_weights(q, k, mask)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    if mask is not None:
        assert weights.masked_select(~mask.expand_as(weights)).eq(0).all()


def test_weights_by_hand():
    q, k = torch.tensor([[1.0, 0.0, 2.0, 0.0]]), torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 4.0, 1.0, 0.0]])
    scores = torch.tensor([3.0, 2.0]) / 2  # q·k over sqrt(d_k), d_k = 4
    torch.testing.assert_close(attention_weights(q, k)[0], torch.exp(scores) / torch.exp(scores).sum())


def test_variance_of_q_dot_k_is_d_k_and_its_scale_brings_it_to_one():
    for d_k in (16, 64, 256):
        q, k = torch.randn(40_000, d_k), torch.randn(40_000, d_k)
        products = (q * k).sum(-1)
        assert products.var().item() == pytest.approx(d_k, rel=0.05)
        assert (products * d_k**-0.5).std().item() == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("masked", [False, True])
def test_fused_equals_written_out(masked):
    attention = MultiHeadAttention(32, 4).eval()
    query, memory = torch.randn(3, 5, 32), torch.randn(3, 7, 32)
    mask = random_mask(3, 5, 7) if masked else None
    seen = {}
    kv = attention.keys_values(memory)
    fused = attention(query, kv, mask)
    written_out = attention(query, kv, mask, observer=lambda place, tensor: seen.update({place: tensor}))
    torch.testing.assert_close(fused, written_out, atol=1e-6, rtol=0)
    assert seen["weights"].shape == (3, 4, 5, 7)
    expected, _ = scaled_dot_product_attention(
        seen["query"], seen["key"], seen["value"], None if mask is None else mask[:, None]
    )
    torch.testing.assert_close(
        attention.output(expected.transpose(1, 2).flatten(-2)), written_out, atol=1e-6, rtol=0
    )


def test_equals_torch_multihead_attention_with_copied_weights():
    ours, theirs = MultiHeadAttention(32, 4).eval(), nn.MultiheadAttention(32, 4, batch_first=True).eval()
    copy_attention(ours, theirs)
    query, memory, mask = torch.randn(3, 5, 32), torch.randn(3, 7, 32), random_mask(3, 5, 7)
    expected, weights = theirs(
        query, memory, memory, attn_mask=(~mask).repeat_interleave(4, 0), average_attn_weights=False
    )
    seen = {}
    out = ours(
        query, ours.keys_values(memory), mask, observer=lambda place, tensor: seen.update({place: tensor})
    )
    torch.testing.assert_close(out, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(seen["weights"], weights, atol=1e-6, rtol=0)


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    with torch.no_grad():
        for linear in (ours.query, ours.value, ours.output):
            linear.bias.normal_()
        zero = torch.zeros_like(ours.query.bias)  # we have no key bias
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, zero, ours.value.bias]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())


def test_a_key_bias_would_change_nothing():
    """The reason why there is none: it adds the same number to every score of a row."""
    q, k, bias = torch.randn(4, 5, 8), torch.randn(4, 7, 8), torch.randn(8)
    torch.testing.assert_close(attention_weights(q, k), attention_weights(q, k + bias), atol=1e-6, rtol=0)


def test_masks():
    ids = torch.tensor([[5, 6, 0], [7, 0, 0]])
    assert padding_mask(ids, 0).tolist() == [[[True, True, False]], [[True, False, False]]]
    assert causal_mask(3).tolist() == [[[True, False, False], [True, True, False], [True, True, True]]]


@pytest.mark.parametrize("length", [1, 6])
def test_a_kernel_that_is_told_of_causality_needs_no_mask(length):
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, length, 8) for _ in range(3))
    mask = causal_mask(length)
    expected, _ = scaled_dot_product_attention(query, key, value, mask)
    found = fused_attention(query, KeysValues(key, value), mask, causal=True)
    torch.testing.assert_close(found, expected)
    if length > 1:
        assert not torch.allclose(fused_attention(query, KeysValues(key, value)), expected)
