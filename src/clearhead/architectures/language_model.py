"""A decoder-only language model: the paper's masked self-attention and nothing else (§3.2.3, the third kind).

Of Figure 1 it keeps the right half without the attention to a memory, as Liu et al. 2018 (§4.2.3) and GPT have it. A
text is `<s> text </s>`. With a source it is one sequence too, `source <s> target </s>`: BOS separates the two, the
source is read under the same mask, and the loss is that of the target alone.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import KeysValues, MultiHeadAttention, Observer, scoped
from clearhead.model.cache import extend
from clearhead.model.embeddings import TokenEmbedding
from clearhead.model.feed_forward import FeedForward
from clearhead.model.masks import causal_mask
from clearhead.model.positions import PositionalEncoding
from clearhead.model.recomputing import layer_call
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.sublayer import Sublayer, final_norm

PAD = 0
"""The id that pads a batch; never attended to."""


@dataclass(frozen=True)
class Past:
    """Keys and values of all that was read so far, for every layer; rows are sequences. Never changed in place."""

    layers: tuple[KeysValues | None, ...]
    """None before the first token."""
    position: Int[Tensor, " rows"]
    """Where the next token of each row stands, from 0."""
    length: int = 0
    """Columns of the keys, padding counted."""
    readable: Bool[Tensor, "rows key"] | None = None
    """True = may be attended to; None where no row has padding."""

    def select(self, rows: Int[Tensor, " new_rows"]) -> "Past":
        """Return the past of the given rows, indices into the present ones; repeats are allowed."""
        return replace(
            self,
            layers=tuple(
                None
                if kv is None
                else KeysValues(kv.keys.index_select(0, rows), kv.values.index_select(0, rows))
                for kv in self.layers
            ),
            position=self.position.index_select(0, rows),
            readable=None if self.readable is None else self.readable.index_select(0, rows),
        )


class CausalLayer(nn.Module):
    """Masked self-attention, then feed-forward: the paper's decoder layer without attention to the memory."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(
            config.d_model, config.num_heads, config.attention_dropout, rotary=config.positions == "rotary"
        )
        self.self_sublayer = Sublayer.of(config)
        self.feed_forward = FeedForward(
            config.d_model, config.d_ff, config.feed_forward_dropout, config.activation
        )
        self.feed_forward_sublayer = Sublayer.of(config)

    def forward(
        self,
        x: Float[Tensor, "batch length d_model"],
        past: KeysValues | None,
        mask: Bool[Tensor, "#batch length key"] | None,
        observer: Observer | None = None,
    ) -> tuple[Float[Tensor, "batch length d_model"], KeysValues]:
        """Return the layer's output for new positions, and all keys and values seen so far."""
        on_self, on_feed_forward = scoped(observer, "self"), scoped(observer, "feed_forward")
        start = 0 if past is None else past.keys.shape[2]

        entered = self.self_sublayer.enter(x, on_self)
        kv = extend(past, self.self_attention.keys_values(entered, start))
        attended = self.self_attention(entered, kv, mask, on_self, start)
        x = self.self_sublayer.leave(x, attended, on_self)

        entered = self.feed_forward_sublayer.enter(x, on_feed_forward)
        output = self.feed_forward(entered, on_feed_forward)
        return self.feed_forward_sublayer.leave(x, output, on_feed_forward), kv


class LanguageModel(SequenceModel):
    """A Transformer decoder without an encoder.

    >>> model = LanguageModel(ModelConfig.small(vocab_size=8_000, kind="lm"))
    >>> states = model(src, text[:, :-1])         # src: [batch, 1], nothing but EOS
    >>> model.logits(states)                      # [batch, text, vocab]

    Ids are int64, padded on the right with 0. It has `num_decoder_layers` layers and no encoder layers.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.src_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        if not config.tied_embeddings:
            self.output_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        self.output_bias = nn.Parameter(torch.zeros(config.vocab_size)) if config.output_bias else None
        self.positions = PositionalEncoding(config.d_model, config.dropout, config.positions)
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.num_decoder_layers))
        self.norm = final_norm(config)
        self.recompute = False
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @property
    def target_embedding(self) -> TokenEmbedding:
        """The embedding that all is read with."""
        return self.src_embedding

    @property
    def output_projection(self) -> TokenEmbedding:
        """The embedding whose transpose gives the logits."""
        return self.src_embedding if self.config.tied_embeddings else self.output_embedding

    def encode(self, src: Int[Tensor, "batch src"], observer: Observer | None = None) -> Past:
        """Read the source, without its EOS, and return the past that a target follows; of plain text it is empty.

        Rows are moved to the right, so that each source ends where its target begins, and the padding stands before
        it. So a position is the same alone and in any batch.
        """
        real = src != PAD
        order = real.int().argsort(dim=1, stable=True)[:, :-1]  # the EOS of every row comes to stand last
        tokens, readable = src.gather(1, order), real.gather(1, order)
        padding = (~readable).sum(dim=1)
        past = Past((None,) * len(self.layers), position=-padding)
        if tokens.shape[1] == 0:
            return past
        past = replace(past, readable=readable if bool(padding.any()) else None)
        return self._read(tokens, past, scoped(observer, "source"))[1]

    def decode(
        self, tgt: Int[Tensor, "batch tgt"], cache: Past, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Past]:
        """Read tokens that follow those of the past; return their states and the past after them."""
        if cache.readable is not None:
            more = cache.readable.new_ones(tgt.shape)
            cache = replace(cache, readable=torch.cat((cache.readable, more), dim=1))
        return self._read(tgt, cache, scoped(observer, "decoder"))

    def _read(
        self, tokens: Int[Tensor, "batch length"], past: Past, observer: Observer | None
    ) -> tuple[Float[Tensor, "batch length d_model"], Past]:
        """Return states of tokens and the past after them; `past.readable` speaks of these tokens already."""
        length = tokens.shape[1]
        embedded = self.src_embedding(tokens)
        x = self._placed(embedded, past)
        mask = self._mask(past, length, tokens.device)
        layers: list[KeysValues] = []
        for number, layer in enumerate(self.layers):
            x, kv = layer_call(layer, self, observer)(
                x, past.layers[number], mask, scoped(observer, str(number))
            )
            layers.append(kv)
        states = self.norm(x)
        if observer is not None:
            observer("embedded", embedded)
            observer("states", states)
        return states, replace(
            past, layers=tuple(layers), position=past.position + length, length=past.length + length
        )

    def _placed(
        self, embedded: Float[Tensor, "batch length d_model"], past: Past
    ) -> Float[Tensor, "batch length d_model"]:
        """Add to each token the vector of its own position; rotary positions are added nowhere.

        Those turn queries and keys by their column instead: only distances matter to them, and padding stands before
        everything.
        """
        if past.readable is None or self.positions.table is None:
            out: Tensor = self.positions(embedded, start=past.length)
            return out
        length = embedded.shape[1]
        steps = torch.arange(length, device=embedded.device)
        position = (past.position[:, None] + steps).clamp(min=0)
        table: Tensor = self.positions.table(0, past.length + length)
        out = self.positions.dropout(embedded + table[position])
        return out

    @staticmethod
    def _mask(past: Past, length: int, device: torch.device) -> Bool[Tensor, "#batch length key"] | None:
        """Return what each new position may attend to: itself and all before it, but no padding."""
        if past.readable is None:
            return None if length == 1 else causal_mask(past.length + length, device)[:, past.length :]
        causal = causal_mask(past.length + length, device)[:, past.length :]
        itself = torch.eye(past.length + length, dtype=torch.bool, device=device)[past.length :]
        return causal & (past.readable[:, None, :] | itself)  # padding sees itself: a row must see something
