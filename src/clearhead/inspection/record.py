"""The attention maps of one sentence and its translation: the three places of §3.2.3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from clearhead.model.transformer import Transformer

Maps = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """All three attentions of the paper (§3.2.3), each [layer, head, query, key]; rows sum to 1."""

    src: tuple[str, ...]
    """Source pieces, the end of the sentence last: the keys of `encoder` and `cross`."""
    read: tuple[str, ...]
    """Target pieces as the decoder reads them, the start first: queries and keys of `decoder`."""
    produced: tuple[str, ...]
    """What each of those positions produced, the end last: `cross[..., i, :]` is the look at the source
    while `produced[i]` was made."""
    encoder: Maps
    decoder: Maps
    cross: Maps


@torch.inference_mode()
def record(
    model: Transformer,
    src: Sequence[int],
    tgt: Sequence[int],
    pieces: Sequence[str],
    read: Sequence[str],
    produced: Sequence[str],
) -> AttentionMaps:
    """Run the model once over a source and a finished target (BOS first), and keep every attention.

    One teacher-forced pass with the written-out equation, which equals the one that translates.
    `pieces`, `read` and `produced` name the positions of `src`, of `tgt`, and what each of `tgt` led to.
    """
    seen: dict[str, Tensor] = {}
    device = model.src_embedding.weight.device
    model(
        torch.tensor([list(src)], device=device),
        torch.tensor([list(tgt)], device=device),
        observer=lambda place, tensor: seen.update({place: tensor}),
    )

    def maps(stack: str, place: str, layers: int) -> Maps:
        rows = [seen[f"{stack}.{layer}.{place}.weights"][0] for layer in range(layers)]
        stacked: Maps = torch.stack(rows).float().cpu().numpy()
        return stacked

    config = model.config
    return AttentionMaps(
        src=tuple(pieces),
        read=tuple(read),
        produced=tuple(produced),
        encoder=maps("encoder", "self", config.num_encoder_layers),
        decoder=maps("decoder", "self", config.num_decoder_layers),
        cross=maps("decoder", "cross", config.num_decoder_layers),
    )
