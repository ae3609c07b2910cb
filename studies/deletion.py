"""Does an explanation predict what the model does: tokens taken away in its order (DeYoung et al. 2020).

A source token is taken away by its id becoming that of padding: nothing attends to it, and all others stay where they
are. Controls (a language's tag, the end) always stay.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from clearhead.config.alignment import Reader
from clearhead.inspection.alignment import token_weights
from clearhead.inspection.attribution import (
    gradient_times_input,
    integrated_gradients,
    rollout,
    value_norms,
)
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import Maps
from clearhead.model.transformer import PAD, Transformer

ALONE, RANDOM = "leave one out", "random"
_ROWS = 64
Taken = frozenset[int]
"""Places of the source that are taken away."""


def probabilities(
    model: Transformer, maps: AttentionMaps, start: int, taken: Sequence[Taken]
) -> dict[Taken, Maps]:
    """Return the probability of every target token, the target before it being given, without some of the source."""
    ids = maps.target.ids
    read, made = torch.tensor([start, *ids[:-1]]), torch.tensor(ids)
    found: dict[Taken, Maps] = {}
    rows = list(dict.fromkeys(taken))
    for first in range(0, len(rows), _ROWS):
        some = rows[first : first + _ROWS]
        src = torch.tensor(
            [[PAD if place in row else token for place, token in enumerate(maps.source.ids)] for row in some]
        )
        with torch.inference_mode():
            logits = model.logits(model(src, read.expand(len(some), -1)))
            shares = logits.softmax(dim=-1).gather(2, made.expand(len(some), -1)[..., None]).squeeze(2)
        found.update(zip(some, shares.numpy(), strict=True))
    return found


def explanations(
    model: Transformer, maps: AttentionMaps, start: int, reader: Reader, seed: int, steps: int
) -> dict[str, Maps]:
    """Return what each method says each target token owes to each source token, [target, source]; needs `inner`.

    Of attention the mean over all layers and heads that look at the source, of norms the same; `reader` names the heads
    that word alignments are read from; gradients are those of the log-probability, times the embedding, signed;
    `steps` are those of integrated gradients.
    """
    alone = [frozenset((place,)) for place in range(len(maps.source))]
    whole = frozenset[int]()
    found = probabilities(model, maps, start, [whole, *alone])
    return {
        RANDOM: np.random.default_rng(seed).random(maps.cross.shape[2:]).astype(np.float32),
        "attention, last layer": maps.cross[-1].mean(axis=0),
        "attention, all layers": maps.cross.mean(axis=(0, 1)),
        "attention, the head that aligns": token_weights(maps.cross, reader),
        "rollout": rollout(maps).source,
        "norms of weighted values": value_norms(model, maps).cross.mean(axis=(0, 1)),
        "gradient times input": gradient_times_input(model, maps, start).source,
        "integrated gradients": integrated_gradients(model, maps, start, steps).source,
        ALONE: np.stack([found[whole] - found[one] for one in alone], axis=1),
    }


def may_go(maps: AttentionMaps) -> list[int]:
    """Return the places of the source that are no controls."""
    return [place for place, span in enumerate(maps.source.spans) if span is not None]


def effects(
    model: Transformer, maps: AttentionMaps, start: int, scores: Mapping[str, Maps], shares: Sequence[float]
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Return by method, measure and share what became of every target token but the end.

    `comprehensiveness`: the fall of its probability without the tokens ranked first; `sufficiency`: its fall when only
    those are left. The share is that of the source tokens, at least one of them.
    """
    wanted = list(_wanted(maps, scores, shares))
    found = probabilities(model, maps, start, [frozenset(), *(taken for *_, taken in wanted)])
    out: dict[str, dict[str, dict[str, list[float]]]] = {}
    for method, kind, share, token, taken in wanted:
        fall = float(found[frozenset()][token] - found[taken][token])
        out.setdefault(method, {}).setdefault(kind, {}).setdefault(str(share), []).append(fall)
    return out


def _wanted(
    maps: AttentionMaps, scores: Mapping[str, Maps], shares: Sequence[float]
) -> Iterator[tuple[str, str, float, int, Taken]]:
    places = may_go(maps)
    for method, table in scores.items():
        for token in range(len(maps.target) - 1):
            ranked = sorted(places, key=lambda place: -table[token, place])
            for share in shares:
                count = max(1, round(share * len(places)))
                yield method, "comprehensiveness", share, token, frozenset(ranked[:count])
                yield method, "sufficiency", share, token, frozenset(ranked[count:])


def agreement(maps: AttentionMaps, scores: Mapping[str, Maps]) -> dict[str, list[float]]:
    """Return by method the rank correlation with leaving one out (Jain and Wallace 2019), of each target token."""
    places = may_go(maps)
    ranks = {
        method: table[:-1][:, places].argsort(axis=1).argsort(axis=1).astype(float)
        for method, table in scores.items()
    }
    out = {}
    for method, of_method in ranks.items():
        pairs = zip(of_method, ranks[ALONE], strict=True)
        out[method] = [float(np.corrcoef(one, other)[0, 1]) for one, other in pairs if len(places) > 1]
    return out
