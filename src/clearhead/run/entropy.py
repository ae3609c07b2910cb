"""How widely each head attends: what collapses where training goes wrong (Zhai et al. 2023)."""

import torch
from torch import Tensor

from clearhead.data.batching import TokenizedCorpus, collate, order_by_length
from clearhead.model.places import is_weights
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import PAD

SENTENCES = 16
"""Enough for a mean over some hundred queries; a pass over them takes less than translating one sentence."""
_ONE_BATCH = 1 << 30
_STACKS = ("encoder", "decoder")
"""Not the source of a language model, which is padded on the left."""

Entropies = dict[str, list[float]]
"""For each attention, such as `encoder.0.self`, one number for each head: 0 all on one position, 1 on all alike."""


@torch.inference_mode()
def attention_entropy(model: SequenceModel, corpus: TokenizedCorpus) -> Entropies:
    """Return the mean entropy of the weights of each head, divided by that of looking everywhere alike.

    Of a teacher-forced pass over the pairs of `corpus`; queries that are padding, or that may attend to one position
    only, are not counted.
    """
    (indices,) = order_by_length(corpus.src_lengths + corpus.tgt_lengths, _ONE_BATCH)
    batch = collate(corpus, indices)
    src, tgt = (torch.from_numpy(side).to(model.device) for side in (batch.src, batch.tgt))
    entropies: Entropies = {}

    def see(place: str, weights: Tensor) -> None:
        if is_weights(place) and place.startswith(_STACKS):
            counts = tgt[:, 1:] if place.startswith("decoder") else src  # what is padding predicts nothing
            entropies[place.removesuffix(".weights")] = _by_head(weights.float(), counts)

    model(src, tgt[:, :-1], observer=see)
    return entropies


def _by_head(weights: Tensor, tokens: Tensor) -> list[float]:
    """Return the entropy of each head from weights [batch, heads, query, key]; a query counts whose token is real."""
    allowed = (weights > 0).any(dim=1, keepdim=True).sum(dim=-1)  # what is masked has weight 0 in every head
    entropy = torch.special.entr(weights).sum(dim=-1) / allowed.clamp(min=2).log()
    counted = allowed > 1
    if tokens.ndim == 2 and tokens.shape[1] == weights.shape[2]:  # not of frames
        counted = counted & (tokens != PAD)[:, None]
    counted = counted.expand_as(entropy)
    means = (entropy * counted).sum(dim=(0, 2)) / counted.sum(dim=(0, 2)).clamp(min=1)
    return [round(mean, 4) for mean in means.tolist()]
