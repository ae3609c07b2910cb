"""What each head mostly looks at, with the evidence for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clearhead.inspection.looked import Looked
from clearhead.inspection.tokens import Maps, Tokens
from clearhead.model.places import PLACES
from clearhead.text.words import is_punctuation

_ROLE = 0.4
"""Share of a head's attention from which on it is said to have a role."""


@dataclass(frozen=True)
class Role:
    """What a head mostly looks at, and how much of its attention that is."""

    name: str
    """`mixed` where nothing has a share of 0.4."""
    evidence: Mapping[str, float]
    """The share of each role that was looked for."""


def roles(maps: Sequence[Looked]) -> dict[str, list[list[Role]]]:
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


def _role(place: str, tables: Sequence[tuple[Maps, Looked]]) -> Role:
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
