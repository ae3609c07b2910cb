"""The encoder: N layers of self-attention and feed-forward (§3.1, Figure 1, left)."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import MultiHeadAttention, Observer, scoped
from clearhead.model.feed_forward import FeedForward
from clearhead.model.sublayer import Sublayer, final_norm


class EncoderLayer(nn.Module):
    """Self-attention over the source, then feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        around = config.d_model, config.dropout, config.norm, config.normalization
        turned = config.positions == "rotary"
        self.self_attention = MultiHeadAttention(
            config.d_model, config.num_heads, config.attention_dropout, rotary=turned
        )
        self.self_sublayer = Sublayer(*around)
        self.feed_forward = FeedForward(
            config.d_model, config.d_ff, config.feed_forward_dropout, config.activation
        )
        self.feed_forward_sublayer = Sublayer(*around)

    def forward(
        self,
        x: Float[Tensor, "batch src d_model"],
        mask: Bool[Tensor, "batch 1 src"] | None,
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch src d_model"]:
        """Return the layer's output for every source position."""
        attention = self.self_attention
        watching, watching_ff = scoped(observer, "self"), scoped(observer, "feed_forward")
        x = self.self_sublayer(x, lambda y: attention(y, attention.keys_values(y), mask, watching), watching)
        out: Tensor = self.feed_forward_sublayer(x, lambda y: self.feed_forward(y, watching_ff), watching_ff)
        return out


class Encoder(nn.Module):
    """A stack of encoder layers; its output is the `memory` that the decoder attends to."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.norm = final_norm(config)

    def forward(
        self,
        x: Float[Tensor, "batch src d_model"],
        mask: Bool[Tensor, "batch 1 src"] | None,
        observer: Observer | None = None,
    ) -> Float[Tensor, "batch src d_model"]:
        """Return the memory of embedded source tokens."""
        for number, layer in enumerate(self.layers):
            x = layer(x, mask, scoped(observer, str(number)))
        out: Tensor = self.norm(x)
        return out
