"""Beyond raw attention: what each token brought, by methods that have a check of their own.

Attention weights tell where a head looked, not what it took from there, nor what became of it. Each method here says
what it costs and returns a check value, which tells how far to trust it. None of them is the truth about a model;
where they agree, there is more to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from clearhead.config.kinds import KINDS
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import Maps
from clearhead.model.attention import KeysValues, MultiHeadAttention
from clearhead.model.decoder import DecoderLayer
from clearhead.model.encoder import EncoderLayer
from clearhead.model.masks import causal_mask
from clearhead.model.places import ATTENTIONS, PLACES, Attention
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import Transformer

_Change = Callable[[KeysValues], KeysValues]
_MOST_STEPS, _FEWEST_STEPS = 64, 16
"""Steps of integrated gradients."""
WORK = 120_000
"""Tokens in all that `measured` sends through the model for integrated gradients: seconds."""
_HELD = 1024
"""Tokens whose graph is held at a time."""
_ROUNDING = 1e-12
"""A change of direction below this is none."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each produced token owes to each source token and to each target token read before it."""

    source: Maps
    """[target, source]."""
    read: Maps
    """[target, target]: the second axis is what the decoder read, the start first; 0 for what came later."""
    check: float
    """What the method's own check gave; each method says what it means and what it should be."""


def measured(model: SequenceModel, maps: AttentionMaps, start: int, work: int = WORK) -> AttentionMaps:
    """Return the maps with every method's result in `measures` and its check in `about`; they need `inner`.

    Norms and value zeroing by place (`norms.cross`), the others as [target, source] and [target, target]
    (`rollout.source`, `rollout.read`). Norms are shares of their row, so that they compare with weights. Integrated
    gradients take fewer steps for a longer text, and those and value zeroing are left out where they would send more
    than `work` tokens through the model, which `about` says; call them then. Other models than Transformers have none.
    """
    if not KINDS[model.config.kind].paper:
        return maps
    model = cast(Transformer, model)
    found: dict[str, Maps] = {}
    norms = value_norms(model, maps)
    checks = {"norms": norms.check}
    for place in PLACES:
        table: Maps = getattr(norms, place)
        found[f"norms.{place}"] = table / np.maximum(table.sum(axis=-1, keepdims=True), np.float32(_ROUNDING))
    owed = {"rollout": rollout(maps)}
    # What a step costs: a pass of all tokens, forward once, backward for each that was produced.
    steps = min(_MOST_STEPS, work // (len(maps.target) * (len(maps.source) + len(maps.target))))
    if steps >= _FEWEST_STEPS:
        zeroed = value_zeroing(model, maps)
        found |= {f"zeroing.{place}": getattr(zeroed, place) for place in PLACES}
        checks["zeroing"] = zeroed.check
        owed["gradient"] = gradient_times_input(model, maps, start)
        owed["integrated"] = integrated_gradients(model, maps, start, steps)
    for name, each in owed.items():
        found[f"{name}.source"], found[f"{name}.read"], checks[name] = each.source, each.read, each.check
    left_out = () if "integrated" in owed else ("value zeroing", "integrated gradients")
    about = replace(maps.about, checks=checks, steps=steps, unmeasured=left_out)
    return replace(maps, measures=found, about=about)


@dataclass(frozen=True, eq=False)
class Norms:
    """Norms of the weighted value vectors of every head, in all three places: [layer, head, query, key]."""

    encoder: Maps
    decoder: Maps
    cross: Maps
    check: float
    """Largest difference between the sum of all weighted vectors and what the sub-layer put out; should be near 0."""


@torch.inference_mode()
def value_norms(model: Transformer, maps: AttentionMaps) -> Norms:
    """Return |weight · f(x)| for every query and key (Kobayashi et al. 2020), f(x) = (x W^V + b^V) W^O of a head.

    A head that looks at a token whose vector is short takes nothing from it. Costs no pass: it is computed from
    what `record(inner=True)` kept.
    """
    norms: dict[str, list[Maps]] = {}
    worst = 0.0
    for place, where in ATTENTIONS.items():
        weights: Maps = getattr(maps, place)
        norms[place] = []
        for layer in range(len(weights)):
            attention = _attention(model, where, layer)
            inner = where.of_layer(layer)
            # [heads, d_k, d_model]: the part of W^O that belongs to each head
            outward = attention.output.weight.cpu().T.reshape(attention.num_heads, attention.d_k, -1)
            made = torch.from_numpy(maps.inner[f"{inner}.value"]) @ outward
            shares = torch.from_numpy(weights[layer])
            output = (shares @ made).sum(dim=0) + attention.output.bias.cpu()
            worst = max(
                worst, float((output - torch.from_numpy(maps.inner[f"{inner}.function"])).abs().max())
            )
            # |weight · f(x)| = weight · |f(x)|, which needs no table of vectors for every query and key
            norms[place].append((shares * made.norm(dim=-1)[:, None]).numpy())
    return Norms(**{place: np.stack(layers) for place, layers in norms.items()}, check=worst)


def rollout(maps: AttentionMaps) -> Attribution:
    """Follow the attention through all layers, half of each token staying itself (Abnar and Zuidema 2020).

    In the decoder a state is half itself, half what self-attention brings; then half that, half what attention to
    the source brings. Costs no pass. Check: the largest distance of a row's sum from 1; should be near 0.
    """
    memory = np.eye(maps.encoder.shape[-1])
    for weights in maps.encoder.mean(axis=1):
        memory = 0.5 * memory + 0.5 * weights @ memory
    length = maps.decoder.shape[-1]
    states = np.concatenate([np.zeros((length, len(memory))), np.eye(length)], axis=1)
    for own, cross in zip(maps.decoder.mean(axis=1), maps.cross.mean(axis=1), strict=True):
        states = 0.5 * states + 0.5 * own @ states
        brought = np.concatenate([cross @ memory, np.zeros((length, length))], axis=1)
        states = 0.5 * states + 0.5 * brought
    check = float(np.abs(states.sum(axis=1) - 1).max())
    parts = states.astype(np.float32)
    return Attribution(parts[:, : len(memory)], parts[:, len(memory) :], check)


def gradient_times_input(model: Transformer, maps: AttentionMaps, start: int) -> Attribution:
    """Return the gradient of each token's log-probability by each embedding, times that embedding.

    A first-order estimate of what would be lost without the token. Check: the largest gap between the sum over
    all tokens and the log-probability's difference from that of no embeddings at all; often large, which is why
    there are integrated gradients. Costs a pass forward and one backward for each target token.
    """
    return _integrated(model, maps, start, steps=1)


def integrated_gradients(model: Transformer, maps: AttentionMaps, start: int, steps: int = 64) -> Attribution:
    """Return gradients times input, averaged on the way from no embeddings to these (Sundararajan et al. 2017).

    Positions stay. By the fundamental theorem the sums are complete: check is the largest gap between the sum over
    all tokens and log p - log p of the baseline, in nats; should be small beside that difference, and falls with
    more steps. Costs `steps` passes forward and as many backward for each target token.
    """
    return _integrated(model, maps, start, steps)


def _integrated(model: Transformer, maps: AttentionMaps, start: int, steps: int) -> Attribution:
    device = model.device
    src = torch.tensor([maps.source.ids], device=device)
    read = torch.tensor([[start, *maps.target.ids[:-1]]], device=device)
    with torch.no_grad():
        sides = [model.src_embedding(src), model.target_embedding(read)]
    # The middles of equal parts of the way; one step is the whole input itself.
    places = (torch.arange(steps, device=device) + 0.5) / steps if steps > 1 else torch.ones(1, device=device)
    with torch.no_grad():
        ends = [_log_probs(model, [share * side for side in sides], maps)[0] for share in (1.0, 0.0)]
    found = [np.zeros((len(maps.target), side.shape[1]), np.float32) for side in sides]
    size = max(1, _HELD // (src.shape[1] + read.shape[1]))
    for first in range(0, steps, size):
        some = places[first : first + size]
        ways = [(some[:, None, None] * side).requires_grad_() for side in sides]
        log_probs = _log_probs(model, ways, maps)
        for token in range(len(maps.target)):
            slopes = torch.autograd.grad(
                log_probs[:, token].sum(), ways, retain_graph=True, materialize_grads=True
            )
            for side, slope, out in zip(sides, slopes, found, strict=True):
                out[token] += (slope.sum(dim=0) * side[0]).sum(dim=-1).cpu().numpy() / steps
    gap = found[0].sum(axis=1) + found[1].sum(axis=1) - (ends[0] - ends[1]).cpu().numpy()
    return Attribution(found[0], found[1], float(np.abs(gap).max()))


def _log_probs(model: Transformer, sides: Sequence[Tensor], maps: AttentionMaps) -> Tensor:
    """Return the log-probability of each produced token, [batch, target], from both sides embedded."""
    src, read = sides
    mask = torch.ones(len(src), 1, src.shape[1], dtype=torch.bool, device=src.device)
    memory = model.encoder(model.positions(src), mask)
    states, _ = model.decoder(model.positions(read), model.decoder.start(memory, mask))
    produced = torch.tensor(maps.target.ids, device=src.device).expand(len(src), -1)
    log_probs: Tensor = model.logits(states).float().log_softmax(dim=-1)
    return log_probs.gather(2, produced[..., None]).squeeze(2)


@dataclass(frozen=True, eq=False)
class Zeroed:
    """How much each state turns in a layer when a key's value vector is nothing: rows sum to 1."""

    encoder: Maps
    """[layer, query, key]."""
    decoder: Maps
    cross: Maps
    check: float
    """Largest difference of a layer's output from what was recorded, where nothing is zeroed; should be near 0."""


@torch.inference_mode()
def value_zeroing(model: Transformer, maps: AttentionMaps) -> Zeroed:
    """Return how far each state turns (1 - cosine) in a layer without one key's value (Mohebbi et al. 2023).

    Unlike weights and norms it sees what the residual and the feed-forward network make of it. Costs each layer
    once for every key, in a batch. What enters a layer is what `record(inner=True)` kept.
    """
    device = model.device
    worst = 0.0

    def shares(outputs: Tensor, stack: str, layer: int) -> Maps:
        nonlocal worst
        recorded = torch.from_numpy(maps.inner[f"{stack}.{layer}.feed_forward.after"]).to(device)
        worst = max(worst, float((outputs[0] - recorded).abs().max()))
        exact = outputs.double()
        turned = (1 - nn.functional.cosine_similarity(exact[:1], exact[1:], dim=-1)).T
        turned[turned < _ROUNDING] = 0.0
        table: Maps = (turned / turned.sum(dim=-1, keepdim=True).clamp(min=_ROUNDING)).float().cpu().numpy()
        return table

    def entering(stack: str, layer: int, copies: int) -> Tensor:
        before = torch.from_numpy(maps.inner[f"{stack}.{layer}.self.before"]).to(device)
        return before.expand(copies, -1, -1)

    encoder, decoder, cross = [], [], []
    sources, targets = len(maps.source), len(maps.target)
    for number, module in enumerate(model.encoder.layers):
        outputs = _encoder_layer(cast(EncoderLayer, module), entering("encoder", number, sources + 1))
        encoder.append(shares(outputs, "encoder", number))
    memory = torch.from_numpy(maps.inner["encoder.memory"]).to(device)
    for number, module in enumerate(model.decoder.layers):
        layer = cast(DecoderLayer, module)
        own = entering("decoder", number, targets + 1)
        decoder.append(shares(_decoder_layer(layer, own, memory, _without_each, _whole), "decoder", number))
        theirs = entering("decoder", number, sources + 1)
        cross.append(shares(_decoder_layer(layer, theirs, memory, _whole, _without_each), "decoder", number))
    return Zeroed(np.stack(encoder), np.stack(decoder), np.stack(cross), worst)


def _encoder_layer(layer: EncoderLayer, x: Tensor) -> Tensor:
    """Run a layer on copies, each without the value of one key."""
    entered = layer.self_sublayer.enter(x)
    kv = _without_each(layer.self_attention.keys_values(entered))
    x = layer.self_sublayer.leave(x, layer.self_attention(entered, kv))
    entered = layer.feed_forward_sublayer.enter(x)
    return layer.feed_forward_sublayer.leave(x, layer.feed_forward(entered))


def _decoder_layer(layer: DecoderLayer, x: Tensor, memory: Tensor, own: _Change, theirs: _Change) -> Tensor:
    """Run a layer whose own keys and values, and those of the memory, are changed."""
    entered = layer.self_sublayer.enter(x)
    kv = own(layer.self_attention.keys_values(entered))
    x = layer.self_sublayer.leave(x, layer.self_attention(entered, kv, causal_mask(x.shape[1], x.device)))
    kv = theirs(layer.cross_attention.keys_values(memory.expand(len(x), -1, -1)))
    x = layer.cross_sublayer.leave(x, layer.cross_attention(layer.cross_sublayer.enter(x), kv))
    entered = layer.feed_forward_sublayer.enter(x)
    return layer.feed_forward_sublayer.leave(x, layer.feed_forward(entered))


def _without_each(kv: KeysValues) -> KeysValues:
    """Take from copy i + 1 of a batch the value of key i; copy 0 stays whole."""
    values = kv.values.clone()
    for key in range(values.shape[2]):
        values[key + 1, :, key] = 0.0
    return KeysValues(kv.keys, values)


def _whole(kv: KeysValues) -> KeysValues:
    return kv


def _attention(model: Transformer, where: Attention, layer: int) -> MultiHeadAttention:
    attention = getattr(getattr(model, where.stack).layers[layer], f"{where.sublayer}_attention")
    assert isinstance(attention, MultiHeadAttention)
    return attention
