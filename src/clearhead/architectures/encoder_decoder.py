"""What the recurrent and the convolutional model share: embeddings as the Transformer has them."""

import torch
from torch import nn

from clearhead.config import ModelConfig
from clearhead.model.embeddings import TokenEmbedding
from clearhead.model.sequence_model import SequenceModel


class EncoderDecoder(SequenceModel):
    """A model with one embedding of tokens for source, target and output (§3.4), or three."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.src_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        if not config.tied_embeddings:
            self.tgt_embedding = TokenEmbedding(config.vocab_size, config.d_model)
            self.output_embedding = TokenEmbedding(config.vocab_size, config.d_model)
        self.output_bias = nn.Parameter(torch.zeros(config.vocab_size)) if config.output_bias else None

    @property
    def target_embedding(self) -> TokenEmbedding:
        """The embedding that the decoder reads with."""
        return self.src_embedding if self.config.tied_embeddings else self.tgt_embedding

    @property
    def output_projection(self) -> TokenEmbedding:
        """The embedding whose transpose gives the logits."""
        return self.src_embedding if self.config.tied_embeddings else self.output_embedding
