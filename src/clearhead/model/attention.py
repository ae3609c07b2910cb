"""Scaled dot-product attention and its multi-head form (§3.2)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from clearhead.model.dropout import Dropout
from clearhead.model.positions import RotaryPositions

Observer = Callable[[str, Tensor], None]
"""Called with a place, such as `decoder.0.cross.weights`, and the tensor computed there."""


class KeysValues(NamedTuple):
    """What a query attends to, projected once and split into heads."""

    keys: Float[Tensor, "batch heads key d_k"]
    values: Float[Tensor, "batch heads key d_k"]


def scoped(observer: Observer | None, scope: str) -> Observer | None:
    """Return an observer that prefixes every place with `scope`, or None for none."""
    if observer is None:
        return None
    return lambda place, tensor: observer(f"{scope}.{place}", tensor)


def attention_weights(
    query: Float[Tensor, "*batch query d_k"],
    key: Float[Tensor, "*batch key d_k"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
) -> Float[Tensor, "*batch query key"]:
    """Return softmax(Q K^T / sqrt(d_k)), the weights of Eq. 1.

    The mask acts on the scores, before the softmax, so that every row sums to 1; True = may attend.
    A row must have at least one True. d_k is the size of one head's keys, not d_model: where the
    entries of q and k are independent with variance 1, the variance of q·k is d_k, and the scale
    brings it back to 1 (§3.2.1, footnote 4).
    """
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights: Tensor = scores.softmax(dim=-1)
    return weights


def scaled_dot_product_attention(
    query: Float[Tensor, "*batch query d_k"],
    key: Float[Tensor, "*batch key d_k"],
    value: Float[Tensor, "*batch key d_v"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
    dropout: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Float[Tensor, "*batch query d_v"], Float[Tensor, "*batch query key"]]:
    """Return softmax(Q K^T / sqrt(d_k)) V and the weights (§3.2.1, Eq. 1), every step written out.

    `dropout` acts on the weights used for the sum, not on those returned; the paper has none here.
    """
    weights = attention_weights(query, key, mask)
    return (weights if dropout is None else dropout(weights)) @ value, weights


def fused_is_faster(query: Tensor, mask: Tensor | None) -> bool:
    """Say whether PyTorch's fused kernel beats the written-out equation for this device and type.

    Measured with torch 2.13 on Zen 4, forward and backward, 130 x 4 heads x 16 x 32: in fp32 the fused
    kernel takes 0.7 of the written-out time, in bf16 with a mask 7 times as much.
    """
    return not (query.device.type == "cpu" and query.dtype == torch.bfloat16 and mask is not None)


def fused_attention(
    query: Float[Tensor, "*batch query d_k"],
    kv: KeysValues,
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
    *,
    causal: bool = False,
    dropout: float = 0.0,
) -> Float[Tensor, "*batch query d_v"]:
    """Return softmax(Q K^T / sqrt(d_k)) V from PyTorch's kernel, which shows no weights.

    Where `mask` is the `causal` one of as many queries as keys, the kernel is told so in its place: those of GPUs
    then skip the blocks that nobody may see, and may be the ones that take no mask at all.
    """
    return F.scaled_dot_product_attention(
        query,
        kv.keys,
        kv.values,
        attn_mask=None if causal else mask,
        dropout_p=dropout,
        is_causal=causal,
    )


class MultiHeadAttention(nn.Module):
    """Attention with several heads, the one class for all three places of the paper (§3.2.2, §3.2.3).

    The two verbs: `keys_values(memory)` projects what is attended to, once; `forward(query, kv, mask)`
    attends. What is kept between decoding steps is the decoder's affair. Differs from the paper in
    that the key projection has no bias: the softmax does not see one (its gradient is zero), so Adam
    would only amplify its noise. With `rotary` queries and keys are turned by their positions.
    """

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0, *, rotary: bool = False) -> None:
        super().__init__()
        assert d_model % num_heads == 0, "ModelConfig holds num_heads to a divisor of d_model"
        self.num_heads = num_heads
        self.d_k = d_model // num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.dropout = Dropout(dropout)
        self.turn = RotaryPositions(self.d_k) if rotary else None

    def split_heads(
        self, x: Float[Tensor, "batch length d_model"]
    ) -> Float[Tensor, "batch heads length d_k"]:
        """Cut the last axis into heads and bring the heads forward."""
        return x.view(*x.shape[:-1], self.num_heads, self.d_k).transpose(1, 2)

    def keys_values(self, memory: Float[Tensor, "batch key d_model"], start: int = 0) -> KeysValues:
        """Project what will be attended to, whose first position is `start`: K W^K and V W^V of every head."""
        keys = self.split_heads(self.key(memory))
        if self.turn is not None:
            keys = self.turn(keys, start)
        return KeysValues(keys, self.split_heads(self.value(memory)))

    def forward(
        self,
        query: Float[Tensor, "batch query d_model"],
        kv: KeysValues,
        mask: Bool[Tensor, "#batch #query key"] | None = None,
        observer: Observer | None = None,
        start: int = 0,
        *,
        causal: bool = False,
    ) -> Float[Tensor, "batch query d_model"]:
        """Attend from every query position and join the heads: Concat(head_1, ..., head_h) W^O.

        The first query is at position `start`, which matters only to rotary positions. `causal` says that the mask
        is the causal one of as many queries as keys, so that a GPU's kernel need not read it.

        With an observer the written-out equation runs and reports `query`, `key`, `value`, `weights` and
        `heads`, the weighted sums of values (each [batch, heads, ...]); without one, whichever form is
        faster.
        """
        q = self.split_heads(self.query(query))
        if self.turn is not None:
            q = self.turn(q, start)
        heads_mask = None if mask is None else mask.unsqueeze(1)
        rate = self.dropout.rate_now()
        if observer is None and (rate == 0 or q.is_cuda) and fused_is_faster(q, mask):
            attended = fused_attention(q, kv, heads_mask, causal=causal and q.is_cuda, dropout=rate)
        else:
            attended, weights = scaled_dot_product_attention(q, kv.keys, kv.values, heads_mask, self.dropout)
            if observer is not None:
                for place, tensor in (
                    ("query", q),
                    ("key", kv.keys),
                    ("value", kv.values),
                    ("weights", weights),
                    ("heads", attended),
                ):
                    observer(place, tensor)
        joined: Tensor = self.output(attended.transpose(1, 2).flatten(-2))
        return joined
