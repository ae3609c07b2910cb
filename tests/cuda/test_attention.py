"""Attention on a GPU: every kernel gives the written-out equation."""

import pytest
import torch

from clearhead.model.attention import KeysValues, fused_attention, scaled_dot_product_attention
from clearhead.model.masks import causal_mask

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("length", [1, 7, 64, 130])
def test_causal_without_a_mask_is_with_it(device, dtype, tolerance, length):
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 4, length, 64).to(device, dtype) for _ in range(3))
    mask = causal_mask(length, device)
    expected, _ = scaled_dot_product_attention(query.float(), key.float(), value.float(), mask)
    for found in (
        fused_attention(query, KeysValues(key, value), mask, causal=True),
        fused_attention(query, KeysValues(key, value), mask[:, None]),
    ):
        torch.testing.assert_close(found.float(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_padding_is_not_seen(device, dtype, tolerance):
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 4, 9, 64).to(device, dtype) for _ in range(3))
    seen = (torch.arange(9)[None] < torch.tensor([[9], [4], [1]]))[:, None, None].to(device)
    expected, _ = scaled_dot_product_attention(query.float(), key.float(), value.float(), seen)
    found = fused_attention(query, KeysValues(key, value), seen)
    torch.testing.assert_close(found.float(), expected, rtol=tolerance, atol=tolerance)
