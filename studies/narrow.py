"""Embeddings narrower than the model: a product of two matrices in the place of one (Lan et al. 2020, §3.1)."""

import torch
from torch import Tensor, nn

from clearhead.model.embeddings import TokenEmbedding
from clearhead.model.transformer import Transformer


class NarrowEmbedding(TokenEmbedding):
    """A vector of few numbers for each token, brought to the width of the model by one matrix for all.

    The product is drawn so that its entries have the variance that a whole embedding's have, 1/d_model.
    """

    def __init__(self, vocab_size: int, d_model: int, width: int) -> None:
        nn.Module.__init__(self)
        self.table = nn.Parameter(torch.empty(vocab_size, width).normal_())
        self.up = nn.Parameter(torch.empty(width, d_model).normal_(std=(width * d_model) ** -0.5))

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The product, [vocab, d_model], of rank `width` at most."""
        return self.table @ self.up


def narrowed(model: Transformer, width: int) -> Transformer:
    """Put a narrow embedding in the place of the shared one; everything else stays as it was. Returns the model."""
    assert model.config.tied_embeddings, "one embedding serves all three places"
    model.src_embedding = NarrowEmbedding(model.config.vocab_size, model.config.d_model, width)
    return model
