"""The decoder: N layers of masked self-attention, attention to the memory and feed-forward (§3.1, Figure 1)."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import KeysValues, MultiHeadAttention, Observer, scoped
from clearhead.model.cache import Cache, extend
from clearhead.model.feed_forward import FeedForward
from clearhead.model.masks import causal_mask
from clearhead.model.recomputing import layer_call
from clearhead.model.sublayer import Sublayer, final_norm


class DecoderLayer(nn.Module):
    """Masked self-attention over the target, attention to the memory, then feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(
            config.d_model,
            config.num_heads,
            config.attention_dropout,
            rotary=config.positions == "rotary",
        )
        self.self_sublayer = Sublayer.of(config)
        self.cross_attention = MultiHeadAttention(config.d_model, config.num_heads, config.attention_dropout)
        self.cross_sublayer = Sublayer.of(config)
        self.feed_forward = FeedForward(
            config.d_model, config.d_ff, config.feed_forward_dropout, config.activation
        )
        self.feed_forward_sublayer = Sublayer.of(config)

    def forward(
        self,
        x: Float[Tensor, "batch tgt d_model"],
        past: KeysValues | None,
        memory: KeysValues,
        mask: Bool[Tensor, "1 tgt key"] | None,
        memory_mask: Bool[Tensor, "batch 1 src"] | None,
        observer: Observer | None = None,
    ) -> tuple[Float[Tensor, "batch tgt d_model"], KeysValues]:
        """Return the layer's output for new target positions, and all keys and values seen so far."""
        on_self, on_cross, on_feed_forward = (
            scoped(observer, sublayer) for sublayer in ("self", "cross", "feed_forward")
        )
        start = 0 if past is None else past.keys.shape[2]

        entered = self.self_sublayer.enter(x, on_self)
        kv = extend(past, self.self_attention.keys_values(entered, start))
        attended = self.self_attention(entered, kv, mask, on_self, start, causal=past is None)
        x = self.self_sublayer.leave(x, attended, on_self)

        entered = self.cross_sublayer.enter(x, on_cross)
        attended = self.cross_attention(entered, memory, memory_mask, on_cross)
        x = self.cross_sublayer.leave(x, attended, on_cross)

        entered = self.feed_forward_sublayer.enter(x, on_feed_forward)
        output = self.feed_forward(entered, on_feed_forward)
        return self.feed_forward_sublayer.leave(x, output, on_feed_forward), kv


class Decoder(nn.Module):
    """A stack of decoder layers, and the policy of its cache."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        self.norm = final_norm(config)
        self.recompute = False

    def start(
        self, memory: Float[Tensor, "batch src d_model"], memory_mask: Bool[Tensor, "batch 1 src"]
    ) -> Cache:
        """Project the memory for every layer, once for a whole translation."""
        projected = tuple(layer.cross_attention.keys_values(memory) for layer in self.layers)  # type: ignore[operator, union-attr]
        sentence = torch.arange(memory.shape[0], device=memory.device)
        return Cache(projected, memory_mask, (None,) * len(projected), sentence)

    def forward(
        self, x: Float[Tensor, "batch tgt d_model"], cache: Cache, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Return the states of the target positions that follow those in the cache, and the cache after them.

        Any number of positions at a time: all of them in training, one in decoding, a forced prefix in
        between.
        """
        length = x.shape[1]
        mask = None if length == 1 else causal_mask(cache.length + length, x.device)[:, cache.length :]
        past: list[KeysValues] = []
        for number, layer in enumerate(self.layers):
            x, kv = layer_call(layer, self, observer)(
                x,
                cache.past[number],
                cache.memory[number],
                mask,
                cache.memory_mask,
                scoped(observer, str(number)),
            )
            past.append(kv)
        return self.norm(x), replace(cache, past=tuple(past), length=cache.length + length)
