"""Heads removed from a trained model: how much each matters, and what is left without it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from clearhead.model.attention import MultiHeadAttention
from clearhead.model.padding import padded
from clearhead.model.places import ATTENTIONS, PLACES, Place
from clearhead.model.transformer import PAD, Transformer
from clearhead.text.vocabulary import BOS, EOS

Pairs = Sequence[tuple[Sequence[int], Sequence[int]]]
"""Sources as the encoder reads them (a language's tag first, EOS last) and targets without BOS and EOS."""


class Head(NamedTuple):
    """One attention head of a model."""

    place: Place
    layer: int
    number: int


def heads_of(model: Transformer) -> list[Head]:
    """Return every head of the three attentions of §3.2.3."""
    layers = {"encoder": model.config.num_encoder_layers}
    return [
        Head(place, layer, number)
        for place in PLACES
        for layer in range(layers.get(place, model.config.num_decoder_layers))
        for number in range(model.config.num_heads)
    ]


def attention(model: Transformer, head: Head) -> MultiHeadAttention:
    """Return the attention that a head belongs to."""
    where = ATTENTIONS[head.place]
    found = getattr(getattr(model, where.stack).layers[head.layer], f"{where.sublayer}_attention")
    assert isinstance(found, MultiHeadAttention)
    return found


@contextmanager
def without(model: Transformer, heads: Sequence[Head]) -> Iterator[None]:
    """Remove heads for a while: what W^O makes of them is nothing, exactly as if they were not there."""
    kept = {
        module: module.output.weight.detach().clone() for module in {attention(model, head) for head in heads}
    }
    with torch.no_grad():
        for head in heads:
            module = attention(model, head)
            module.output.weight[:, head.number * module.d_k : (head.number + 1) * module.d_k] = 0.0
    try:
        yield
    finally:
        with torch.no_grad():
            for module, weight in kept.items():
                module.output.weight.copy_(weight)


def loss(model: Transformer, pairs: Pairs) -> float:
    """Return the mean loss per target token in nats, EOS counted."""
    with torch.inference_mode():
        return sum(float(_loss(model, part)[0]) for part in _parts(pairs)) / _tokens(pairs)


def importance(model: Transformer, pairs: Pairs) -> dict[Head, float]:
    """Return how much each head matters, to first order (Michel et al. 2019, Eq. 2).

    The mean over sentences of |dL / d gate|, L the summed loss of a sentence, the gate a factor 1 on what the head
    puts out: the sum over its outputs times their gradients. Divided by the root of the sum of squares of its layer,
    as they do. Costs one pass forward and backward.
    """
    found = dict.fromkeys(heads_of(model), 0.0)
    for part in _parts(pairs):
        total, seen = _loss(model, part, watched=True)
        places = {
            (place, layer): seen[f"{ATTENTIONS[place].of_layer(layer)}.heads"] for place, layer, _ in found
        }
        slopes = torch.autograd.grad(total, list(places.values()))
        for (place, layer), slope in zip(places, slopes, strict=True):
            gates = (places[place, layer] * slope).sum(dim=(2, 3)).abs().sum(dim=0)
            for number, gate in enumerate(gates.tolist()):
                found[Head(place, layer, number)] += gate
    squares: dict[tuple[Place, int], float] = {}
    for head, value in found.items():
        squares[head[:2]] = squares.get(head[:2], 0.0) + value**2
    return {head: value / max(squares[head[:2]] ** 0.5, 1e-30) for head, value in found.items()}


def pruned(
    model: Transformer, order: Sequence[Head], shares: Sequence[float], pairs: Pairs
) -> dict[str, float]:
    """Return the loss with the first heads of an order removed, by the share that is removed."""
    found = {}
    for share in shares:
        with without(model, order[: round(share * len(order))]):
            found[str(share)] = loss(model, pairs)
    return found


def _parts(pairs: Pairs, size: int = 32) -> Iterator[Pairs]:
    ordered = sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1]))
    yield from (ordered[start : start + size] for start in range(0, len(ordered), size))


def _tokens(pairs: Pairs) -> int:
    return sum(len(target) + 1 for _, target in pairs)


def _loss(model: Transformer, pairs: Pairs, watched: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the summed loss of pairs and, where they are watched, every tensor that an observer is told."""
    seen: dict[str, Tensor] = {}
    src = padded([source for source, _ in pairs], PAD)
    read, made = (
        padded([[*before, *target, *after] for _, target in pairs], PAD)
        for before, after in (((BOS,), ()), ((), (EOS,)))
    )
    states = model(src, read, observer=seen.__setitem__ if watched else None)
    return F.cross_entropy(
        model.logits(states).flatten(0, 1), made.flatten(), ignore_index=PAD, reduction="sum"
    ), seen
