"""What each head is good for: what is lost without it, and what it looks at."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clearhead.inspection.alignment import is_punctuation
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import Maps, Tokens
from clearhead.model.attention import MultiHeadAttention
from clearhead.model.transformer import PAD, Transformer

PLACES = {"encoder": ("encoder", "self"), "decoder": ("decoder", "self"), "cross": ("decoder", "cross")}
_ROLE = 0.4
"""Share of a head's attention from which on it is said to have a role."""


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
    for place, (stack, which) in PLACES.items():
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


@dataclass(frozen=True)
class Role:
    """What a head mostly looks at, and how much of its attention that is."""

    name: str
    """`mixed` where nothing has a share of 0.4."""
    evidence: Mapping[str, float]
    """The share of each role that was looked for."""


def roles(maps: Sequence[AttentionMaps]) -> dict[str, list[list[Role]]]:
    """Return the role of every head over some sentences, by place, layer and head.

    Roles in self-attention: `previous`, `next` and `same` token, `position n` for another fixed distance, `sink`
    for controls and punctuation. In attention to the source: `sink`, and `alignment` for its sharpness, the largest
    weight of each row, on words. Shares are means over all queries that can play the role.
    """
    found: dict[str, list[list[Role]]] = {}
    for place in PLACES:
        layers, heads = getattr(maps[0], place).shape[:2]
        found[place] = [
            [
                _role(place, [(getattr(each, place)[layer, head], each) for each in maps])
                for head in range(heads)
            ]
            for layer in range(layers)
        ]
    return found


def _role(place: str, tables: Sequence[tuple[Maps, AttentionMaps]]) -> Role:
    shares: dict[str, list[float]] = {}
    for weights, maps in tables:
        keys = maps.target if place == "decoder" else maps.source
        sinks = _sinks(keys, read=place == "decoder")
        shares.setdefault("sink", []).extend(weights[:, sinks].sum(axis=1))
        if place == "cross":
            best = weights.argmax(axis=1)
            shares.setdefault("alignment", []).extend(
                float(row[key]) if not sinks[key] else 0.0 for row, key in zip(weights, best, strict=True)
            )
            continue
        length = len(weights)
        for distance in range(-4, 5):
            name = {-1: "previous", 0: "same", 1: "next"}.get(distance, f"position {distance:+d}")
            if place == "encoder" or distance <= 0:
                own = [float(weights[q, q + distance]) for q in range(length) if 0 <= q + distance < length]
                shares.setdefault(name, []).extend(own)
    evidence = {name: float(np.mean(values)) for name, values in shares.items() if values}
    best = max(evidence, key=evidence.__getitem__)
    return Role(best if evidence[best] >= _ROLE else "mixed", evidence)


def _sinks(tokens: Tokens, read: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which tokens are controls or punctuation; of those that are read, the start comes first, the last is not."""
    own = [span is None or is_punctuation(tokens.text[span.start : span.end]) for span in tokens.spans]
    return np.array([True, *own[:-1]] if read else own)
