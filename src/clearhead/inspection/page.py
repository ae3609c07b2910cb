"""One self-contained page of a translation: it needs no network, and holds nothing but data and its own modules.

The modules of `page/` are joined in the order of their imports into one, since `import` does not work on
`file://`; its SHA-256 stands in the page's own Content-Security-Policy, so that nothing else ever runs.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clearhead.inspection.alignment import Alignment, Reader, Words, aligned, token_weights
from clearhead.inspection.roles import roles
from clearhead.inspection.tokens import Maps, Tokens, label
from clearhead.model.places import PLACES
from clearhead.text.vocabulary import BOS

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps

MODULES = Path(__file__).parents[1] / "page"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_MOST_INNER = 1_000_000
"""Numbers of the walk beyond which layers are left out: the file would be larger than a browser likes."""
_MOST_EXACT = 250_000
"""Weights beyond which 16 bits each must do."""


def page(maps: "AttentionMaps") -> str:
    """Return the page as one HTML file."""
    script, style = joined("main"), (MODULES / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_sum(script)}'; style-src '{_sum(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    title = escape(f"Inside a translation: {maps.source.text}")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript, which is part of it; it loads nothing.</noscript></div>
<script type="application/json" id="data">{_json(data(maps))}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def frame(maps: "AttentionMaps", height: int = 780) -> str:
    """Return the page for a notebook, in a frame that can reach nothing of it."""
    return (
        f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(page(maps))}" '
        f'style="width:100%;height:{height}px;border:0" title="Inside a translation"></iframe>'
    )


def data(maps: "AttentionMaps") -> dict[str, Any]:
    """Return what the page shows, as plain values."""
    reader = _reader(maps)
    words = Words.usual(maps.source, maps.target)
    alignment = aligned(maps, words, reader)
    inner, walk_note = _walk(maps)
    return {
        "about": dict(maps.about),
        "source": {**_side(maps.source), "language": None},
        "target": {
            **_side(maps.target),
            "language": maps.about.get("to"),
            "read": [label(piece) for piece in maps.read],
            "readIds": [BOS, *maps.target.ids[:-1]],
            "probabilities": [float(p) for p in maps.probabilities],
        },
        "words": {
            "source": maps.source.words(),
            "target": maps.target.words(),
            **_words(alignment),
        },
        "seen": _array(token_weights(maps.cross, reader)),
        "owed": _owed(maps, words),
        "reader": reader.to_dict(),
        "attention": {place: _array(getattr(maps, place), shares=True) for place in PLACES},
        "roles": roles([maps]),
        "norms": {
            place: _array(maps.measures[f"norms.{place}"], shares=True)
            for place in PLACES
            if f"norms.{place}" in maps.measures
        },
        "zeroing": {
            place: _array(maps.measures[f"zeroing.{place}"][:, None], shares=True)
            for place in PLACES
            if f"zeroing.{place}" in maps.measures
        },
        "inner": {place: _array(array) for place, array in inner.items()},
        "walkNote": walk_note,
        "guesses": [
            [{**each._asdict(), "label": label(each.piece)} for each in step] for step in maps.guesses
        ],
        "search": [[{**each._asdict(), "label": label(each.piece)} for each in step] for step in maps.search],
    }


def _walk(maps: "AttentionMaps") -> tuple[Mapping[str, Maps], str]:
    """Return the vectors of the walk, of as many layers as one file should hold, and what to say of the others.

    The first and the last layer of each stack go before those between them.
    """
    if not maps.inner:
        return {}, "The vectors on the way were not recorded; look again with inner=True."
    layers = [
        (stack, layer)
        for stack, attention in (("encoder", maps.encoder), ("decoder", maps.decoder))
        for layer in range(len(attention))
    ]
    ends = {
        ("encoder", 0),
        ("decoder", 0),
        ("encoder", len(maps.encoder) - 1),
        ("decoder", len(maps.decoder) - 1),
    }
    first = {("encoder", 0), ("decoder", 0)}
    order = sorted(layers, key=lambda each: (each not in first, each not in ends, each[1]))
    kept: dict[str, Maps] = {
        place: array for place, array in maps.inner.items() if not place.split(".")[1].isdigit()
    }
    left: dict[str, list[int]] = {}
    size = sum(array.size for array in kept.values())
    for stack, layer in order:
        own = {place: a for place, a in maps.inner.items() if place.startswith(f"{stack}.{layer}.")}
        size += sum(array.size for array in own.values())
        if size > _MOST_INNER:
            left.setdefault(stack, []).append(layer)
        else:
            kept |= own
    more = "clearhead look --inner --out look.npz writes the numbers of all layers"
    if any(0 in numbers for numbers in left.values()):
        return {}, f"This sentence is too long to walk through: the page would become too large; {more}."
    if not left:
        return kept, ""
    named = " and ".join(f"{stack} {', '.join(map(str, sorted(numbers)))}" for stack, numbers in left.items())
    return kept, f"These layers are left out to keep the page small: {named}; {more}."


def joined(name: str) -> str:
    """Return a module and all that it imports as one text, what is imported first."""
    parts: dict[str, str] = {}

    def add(module: str) -> None:
        text = (MODULES / f"{module}.js").read_text(encoding="utf-8")
        for other in _IMPORT.findall(text):
            if other not in parts:
                add(other)
        parts[module] = re.sub(r"^export ", "", _IMPORT.sub("", text), flags=re.MULTILINE)

    add(name)
    return "\n".join(parts.values())


def _reader(maps: "AttentionMaps") -> Reader:
    if "reader" in maps.about:
        return Reader.from_dict(maps.about["reader"])
    return Reader.usual(*maps.cross.shape[:2])


def _side(tokens: Tokens) -> dict[str, Any]:
    return {"text": tokens.text, "labels": [label(piece) for piece in tokens.pieces], "ids": list(tokens.ids)}


def _words(alignment: Alignment) -> dict[str, Any]:
    return {
        "weights": _array(alignment.weights[0]),
        "coverage": alignment.coverage,
        "confidence": alignment.confidence,
        "leftOut": alignment.left_out,
    }


def _owed(maps: "AttentionMaps", words: Words) -> dict[str, Any]:
    """Return what tokens and words owe to the source by the methods beyond attention: [target, source] each."""
    found = {}
    for name in ("rollout", "integrated"):
        if f"{name}.source" not in maps.measures:
            continue
        table = maps.measures[f"{name}.source"]
        # Shares are averaged over a word's tokens, contributions in nats are added.
        sums = words.of_targets.T @ table @ words.of_sources
        counts = words.of_targets.sum(axis=0) if name == "rollout" else np.ones(len(words.target))
        own = (sums / np.maximum(1, counts)[:, None]).astype(np.float32)
        found[name] = {"pieces": _array(table), "words": _array(own)}
    return found


def _array(array: Maps, shares: bool = False) -> dict[str, Any]:
    """Return an array as its shape and its bytes, little-endian; shares of a long text in 16 bits."""
    kind = "share" if shares and array.size > _MOST_EXACT else "exact"
    values = np.round(array * 65535).astype("<u2") if kind == "share" else array.astype("<f4")
    return {"shape": array.shape, "kind": kind, "data": base64.b64encode(values.tobytes()).decode()}


def _json(value: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the element it stands in, whatever the tokens are."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _sum(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
