"""The whole model: Figure 1."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.attention import Observer, scoped
from clearhead.model.cache import Cache
from clearhead.model.decoder import Decoder
from clearhead.model.embeddings import TokenEmbedding
from clearhead.model.encoder import Encoder
from clearhead.model.masks import padding_mask
from clearhead.model.positions import PositionalEncoding
from clearhead.model.sequence_model import SequenceModel

PAD = 0
"""The id that pads a batch on the right; never attended to."""


class Transformer(SequenceModel):
    """An encoder-decoder Transformer (Vaswani et al. 2017), a plain `torch.nn.Module`.

    >>> model = Transformer(ModelConfig.base(vocab_size=37_000))
    >>> states = model(src, tgt[:, :-1])          # [batch, tgt, d_model]
    >>> model.logits(states)                      # [batch, tgt, vocab]

    Ids are int64, padded on the right with 0. Differs from the paper in the missing key bias (see
    `MultiHeadAttention`) only, unless an option of `ModelConfig` says otherwise.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.src_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        if not config.tied_embeddings:
            self.tgt_embedding = TokenEmbedding(config.vocab_size, config.d_model)
            self.output_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        self.output_bias = nn.Parameter(torch.zeros(config.vocab_size)) if config.output_bias else None
        self.positions = PositionalEncoding(
            config.d_model, config.dropout, config.positions, config.max_positions
        )
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @property
    def target_embedding(self) -> TokenEmbedding:
        """The embedding that the decoder reads with."""
        return self.src_embedding if self.config.tied_embeddings else self.tgt_embedding

    @property
    def output_projection(self) -> TokenEmbedding:
        """The embedding whose transpose gives the logits."""
        return self.src_embedding if self.config.tied_embeddings else self.output_embedding

    def encode(self, src: Int[Tensor, "batch src"], observer: Observer | None = None) -> Cache:
        """Read the source and return the cache that a translation of it starts from."""
        mask = padding_mask(src, PAD)
        embedded = self.src_embedding(src)
        memory = self.encoder(self.positions(embedded), mask, scoped(observer, "encoder"))
        if observer is not None:
            observer("encoder.embedded", embedded)
            observer("encoder.memory", memory)
        return self.decoder.start(memory, mask)

    def decode(
        self, tgt: Int[Tensor, "batch tgt"], cache: Cache, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Read target tokens that follow those in the cache; return their states and the cache after them."""
        embedded = self.target_embedding(tgt)
        placed = self.positions(embedded, start=cache.length)
        states: Tensor
        states, cache = self.decoder(placed, cache, scoped(observer, "decoder"))
        if observer is not None:
            observer("decoder.embedded", embedded)
            observer("decoder.states", states)
        return states, cache
