"""The encoder: N layers of self-attention and feed-forward (§3.1, Figure 1, left)."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import MultiHeadAttention, Observer, scoped
from clearhead.model.feed_forward import FeedForward
from clearhead.model.recomputing import layer_call
from clearhead.model.sublayer import Sublayer, final_norm


class EncoderLayer(nn.Module):
    """Self-attention over the source, then feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(
            config.d_model,
            config.num_heads,
            config.attention_dropout,
            rotary=config.positions == "rotary",
        )
        self.self_sublayer = Sublayer.of(config)
        self.feed_forward = FeedForward(
            config.d_model, config.d_ff, config.feed_forward_dropout, config.activation
        )
        self.feed_forward_sublayer = Sublayer.of(config)

    def forward(
        self,
        x: Float[Tensor, "batch src d_model"],
        mask: Bool[Tensor, "batch 1 src"] | None,
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch src d_model"]:
        """Return the layer's output for every source position."""
        on_self, on_feed_forward = scoped(observer, "self"), scoped(observer, "feed_forward")

        entered = self.self_sublayer.enter(x, on_self)
        kv = self.self_attention.keys_values(entered)
        attended = self.self_attention(entered, kv, mask, on_self)
        x = self.self_sublayer.leave(x, attended, on_self)

        entered = self.feed_forward_sublayer.enter(x, on_feed_forward)
        output = self.feed_forward(entered, on_feed_forward)
        return self.feed_forward_sublayer.leave(x, output, on_feed_forward)


class Encoder(nn.Module):
    """A stack of encoder layers; its output is the `memory` that the decoder attends to."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.norm = final_norm(config)
        self.recompute = False

    def forward(
        self,
        x: Float[Tensor, "batch src d_model"],
        mask: Bool[Tensor, "batch 1 src"] | None,
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch src d_model"]:
        """Return the memory of embedded source tokens."""
        for number, layer in enumerate(self.layers):
            x = layer_call(layer, self, observer)(x, mask, scoped(observer, str(number)))
        out: Tensor = self.norm(x)
        return out
