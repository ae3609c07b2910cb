"""What each head is good for: what is lost without it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clearhead.inspection.tokens import Maps
from clearhead.model.attention import MultiHeadAttention
from clearhead.model.places import ATTENTIONS
from clearhead.model.transformer import PAD, Transformer


@dataclass(frozen=True, eq=False)
class Importance:
    """How much a token's loss rises, in nats, when one head brings nothing: [layer, head] for each place."""

    loss: float
    """With all heads."""
    encoder: Maps
    decoder: Maps
    cross: Maps


@torch.inference_mode()
def importance(
    model: Transformer, srcs: Sequence[Sequence[int]], tgts: Sequence[Sequence[int]], *, start: int
) -> Importance:
    """Measure the loss on some pairs without each head in turn (Michel et al. 2019).

    `tgts` end with EOS. One batch, a pass for every head: give some dozens of sentences.
    """
    device = model.src_embedding.weight.device

    def padded(rows: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows], device=device)

    src, read, produced = padded(srcs), padded([[start, *tgt[:-1]] for tgt in tgts]), padded(tgts)

    def loss() -> float:
        logits = model.logits(model(src, read)).float()
        return float(nn.functional.cross_entropy(logits.transpose(1, 2), produced, ignore_index=PAD))

    whole = loss()
    found: dict[str, list[list[float]]] = {}
    for place, (stack, which) in ATTENTIONS.items():
        found[place] = []
        for layer in getattr(model, stack).layers:
            attention: MultiHeadAttention = getattr(layer, f"{which}_attention")
            rises = []
            for head in range(attention.num_heads):
                with silenced(attention, head):
                    rises.append(loss() - whole)
            found[place].append(rises)
    return Importance(whole, **{place: np.array(rows, np.float32) for place, rows in found.items()})


@contextmanager
def silenced(attention: MultiHeadAttention, head: int) -> Iterator[None]:
    """Let a head bring nothing: its part of what W^O gets is 0."""

    def silence(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        joined = inputs[0].clone()
        joined[..., head * attention.d_k : (head + 1) * attention.d_k] = 0.0
        return (joined,)

    hook = attention.output.register_forward_pre_hook(silence)
    try:
        yield
    finally:
        hook.remove()
