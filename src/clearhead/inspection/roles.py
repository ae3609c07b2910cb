"""What each head mostly looks at."""

from collections.abc import Sequence

import numpy as np

from clearhead.inspection.looked import Looked
from clearhead.inspection.tokens import Maps, Tokens
from clearhead.model.places import PLACES
from clearhead.text.words import is_punctuation

_ROLE = 0.4
"""Least share of a head's attention with which it has a role."""


def roles(maps: Sequence[Looked]) -> dict[str, list[list[str]]]:
    """Return the role of every head over some sentences, by place, layer and head; `mixed` where it has none.

    Roles in self-attention: `previous`, `next` and `same` token, `position n` for another fixed distance, `sink`
    for controls and punctuation. In attention to the source: `sink`, and `alignment` for its sharpness, the largest
    weight of each row, on words. Shares are means over all queries that can play the role.
    """
    by_place: dict[str, list[list[str]]] = {}
    for place in PLACES:
        layers, heads = getattr(maps[0], place).shape[:2]
        by_place[place] = [
            [
                _role(place, [(getattr(sentence, place)[layer, head], sentence) for sentence in maps])
                for head in range(heads)
            ]
            for layer in range(layers)
        ]
    return by_place


def _role(place: str, tables: Sequence[tuple[Maps, Looked]]) -> str:
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
                diagonal = [
                    float(weights[q, q + distance]) for q in range(length) if 0 <= q + distance < length
                ]
                shares.setdefault(name, []).extend(diagonal)
    means = {name: float(np.mean(values)) for name, values in shares.items() if values}
    best = max(means, key=means.__getitem__)
    return best if means[best] >= _ROLE else "mixed"


def _sinks(tokens: Tokens, read: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which tokens are controls or punctuation; of those that are read, the start comes first, the last is not."""
    wordless = [span is None or is_punctuation(tokens.text[span.start : span.end]) for span in tokens.spans]
    return np.array([True, *wordless[:-1]] if read else wordless)
