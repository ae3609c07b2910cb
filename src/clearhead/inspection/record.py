"""One teacher-forced pass over a source and a finished target, keeping all three attentions (§3.2.3) and more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from clearhead.config import ModelConfig
from clearhead.inspection.about import About
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import Attended, Choice, Guess, Maps, Tokens
from clearhead.model.padding import padded
from clearhead.model.places import ATTENTIONS, CROSS, Place, is_cross_weights, is_weights
from clearhead.model.sequence_model import SequenceModel

_GUESSES = 8


@torch.inference_mode()
def record(
    model: SequenceModel,
    source: Tokens,
    target: Tokens,
    *,
    start: int,
    piece: Callable[[int], str],
    inner: bool = False,
    search: tuple[tuple[Choice, ...], ...] = (),
    guesses: int = _GUESSES,
    about: About | None = None,
) -> AttentionMaps:
    """Run the model once over a source and a finished target, and keep every attention.

    One pass with the written-out equation, which equals the one that translates. The decoder reads `start`
    and then all of `target` but its last. `piece` names an id; with `inner` every vector on the way is kept;
    `search` is passed on.
    """
    seen: dict[str, Maps] = {}

    def keep(place: str, tensor: Tensor) -> None:
        if inner or is_weights(place):
            seen[place] = tensor[0].float().cpu().numpy()

    device = model.device
    src = torch.tensor([list(source.ids)], device=device)
    tgt = torch.tensor([[start, *target.ids[:-1]]], device=device)
    states = model(src, tgt, observer=keep)
    probabilities = model.logits(states)[0].float().softmax(dim=-1)
    best = probabilities.topk(min(guesses, probabilities.shape[-1]), dim=-1)
    produced = probabilities.gather(1, torch.tensor(target.ids, device=device)[:, None]).squeeze(1)
    config = model.config
    return AttentionMaps(
        source=source,
        target=target,
        encoder=_stacked(seen, "encoder", config, (len(source), len(source))),
        decoder=_stacked(seen, "decoder", config, (len(target), len(target))),
        cross=_stacked(seen, "cross", config, (len(target), len(source))),
        probabilities=produced.cpu().numpy(),
        guesses=tuple(
            tuple(Guess(piece(i), float(p)) for i, p in zip(ids, values, strict=True))
            for ids, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ),
        search=search,
        about=replace(
            about or About(),
            d_model=config.d_model,
            num_heads=config.num_heads,
            norm=config.norm,
            normalization=config.normalization,
            activation=config.activation,
            positions=config.positions,
        ),
        inner={place: tensor for place, tensor in seen.items() if not is_weights(place)},
    )


def _stacked(seen: Mapping[str, Maps], place: Place, config: ModelConfig, sides: tuple[int, int]) -> Maps:
    """Return the weights of all layers; of an attention that the model does not have, none of these sides."""
    layers, heads = config.attends(place)
    found = [seen[ATTENTIONS[place].weights(layer)] for layer in range(layers)]
    return np.stack(found) if found else np.zeros((0, heads, *sides), np.float32)


@torch.inference_mode()
def attended(
    model: SequenceModel, sources: Sequence[Tokens], targets: Sequence[Tokens], *, start: int, pad: int
) -> list[Attended]:
    """Return what `record` returns of the attention to the source, for a batch of pairs."""
    seen: dict[str, Tensor] = {}
    device = model.device
    tgt = padded([target.ids for target in targets], pad, device)
    states = model(
        padded([source.ids for source in sources], pad, device),
        padded([[start, *target.ids[:-1]] for target in targets], pad, device),
        observer=lambda place, tensor: seen.update({place: tensor}) if is_cross_weights(place) else None,
    )
    layers = [seen[CROSS.weights(layer)] for layer in range(model.config.attends("cross")[0])]
    stacked = torch.stack(layers, dim=1).float().cpu().numpy()
    found = model.logits(states).float().softmax(dim=-1).gather(2, tgt[..., None]).squeeze(2).cpu().numpy()
    return [
        Attended(
            source, target, stacked[number, :, :, : len(target), : len(source)], found[number, : len(target)]
        )
        for number, (source, target) in enumerate(zip(sources, targets, strict=True))
    ]
