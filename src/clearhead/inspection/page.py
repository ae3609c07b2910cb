"""One self-contained page of a translation: it needs no network, and holds nothing but data and its own modules.

The modules of `page/` are joined in the order of their imports into one, since `import` does not work on
`file://`; its SHA-256 is in the page's own Content-Security-Policy, so that nothing else ever runs.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from clearhead.config.alignment import Reader
from clearhead.inspection.about import About
from clearhead.inspection.alignment import Alignment, Words, aligned, token_weights
from clearhead.inspection.looked import Looked
from clearhead.inspection.roles import roles
from clearhead.inspection.tokens import Maps, Tokens, label
from clearhead.inspection.what_if import WhatIf
from clearhead.model.places import PLACES
from clearhead.text.vocabulary import BOS

MODULES = Path(__file__).parents[1] / "page"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_MOST_INNER = 1_000_000
"""Numbers of the walk beyond which layers are left out: the file would be larger than a browser likes."""
_MOST_INNER_OF_ALL = 3_000_000
"""The same for all the sentences of a text together."""
_MOST_EXACT = 250_000
"""Weights of a page beyond which 16 bits each must do."""
_MOST_MEASURED = 3_000_000
"""Weights of an attention beyond which the page has no second table of its size."""
_UNSEEN = (".heads", ".input")
"""Ends of the names of vectors that the walk does not show."""


class Shown(Looked, Protocol):
    """The maps of one sentence."""

    @property
    def about(self) -> About:
        """What is known besides the numbers."""

    @property
    def what_if(self) -> WhatIf | None:
        """What changed models make of it."""


class ShownStretch(Protocol):
    """A sentence of a text, or the text between two."""

    @property
    def source(self) -> str:
        """As it was written."""

    @property
    def text(self) -> str:
        """Its translation."""

    @property
    def sentence(self) -> int | None:
        """Its place among the maps."""

    @property
    def translated(self) -> bool:
        """Whether it is a sentence that was translated."""

    @property
    def confidence(self) -> float | None:
        """Probability that the translation is right."""


class ShownPassage(Protocol):
    """The maps of a text of several sentences."""

    @property
    def sentences(self) -> Sequence[Shown]:
        """Of each that was looked at."""

    @property
    def stretches(self) -> Sequence[ShownStretch]:
        """The whole text."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said of it."""

    @property
    def model(self) -> str:
        """As it was named when it was loaded."""

    @property
    def to(self) -> str | None:
        """Target language."""


def page(maps: Shown) -> str:
    """Return the page of one sentence as an HTML file."""
    return _document(maps.source.text, sentence_values(maps))


def passage_page(passage: ShownPassage) -> str:
    """Return the page of several sentences to choose from as an HTML file."""
    return _document(passage.sentences[0].source.text, passage_values(passage))


def sentence_values(maps: Shown) -> dict[str, dict[str, Any]]:
    """Return what the renderer shows of one sentence: its `data`, plain values for JSON."""
    return {"data": data(maps)}


def passage_values(passage: ShownPassage) -> dict[str, dict[str, Any]]:
    """Return what the renderer shows of several sentences: the `passage`, and `data-0`, `data-1` ... of each."""
    text = {
        "model": passage.model,
        "to": passage.to,
        "notes": passage.notes,
        "stretches": [
            {
                "source": stretch.source,
                "text": stretch.text,
                "sentence": stretch.sentence,
                "translated": stretch.translated,
                "confidence": stretch.confidence,
            }
            for stretch in passage.stretches
            if stretch.sentence is not None or any(map(str.isalnum, stretch.source))
        ],
    }
    count = len(passage.sentences)
    of_each = {f"data-{number}": data(maps, count) for number, maps in enumerate(passage.sentences)}
    return {"passage": text, **of_each}


def _document(title: str, values: Mapping[str, Mapping[str, Any]]) -> str:
    script, style = joined("main"), (MODULES / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_sum(script)}'; style-src '{_sum(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    kept = "\n".join(
        f'<script type="application/json" id="{name}">{_json(value)}</script>'
        for name, value in values.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"Inside a translation: {title}")}</title>
<style>{style}</style>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript, which is part of it; it loads nothing.</noscript></div>
{kept}
<script type="module">{script}</script>
</body>
</html>
"""


def frame(page_text: str, height: int = 780) -> str:
    """Return a page for a notebook, in a frame that can reach nothing of it."""
    return (
        f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(page_text)}" '
        f'style="width:100%;height:{height}px;border:0" title="Inside a translation"></iframe>'
    )


def data(maps: Shown, count: int = 1) -> dict[str, Any]:
    """Return what the page shows of one of `count` sentences, as plain values."""
    about = maps.about
    reader = about.reader or Reader.usual(*maps.cross.shape[:2])
    words = Words.usual(maps.source, maps.target)
    alignment = _trusted(aligned(maps, words, reader), words, about)
    inner, walk_note = _walk(
        maps, _MOST_INNER if count == 1 else min(_MOST_INNER, _MOST_INNER_OF_ALL // count)
    )
    measures, measure_note = _measures(maps)
    exact = sum(getattr(maps, place).size for place in PLACES) * count <= _MOST_EXACT
    return {
        "about": about.to_dict(),
        "source": {**_side(maps.source), "language": None},
        "target": {
            **_side(maps.target),
            "language": about.to,
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
        "attention": {place: _array(getattr(maps, place), exact) for place in PLACES},
        "roles": roles([maps]),
        "norms": {place: _array(table, exact) for place, table in measures["norms"].items()},
        "zeroing": {place: _array(table[:, None], exact) for place, table in measures["zeroing"].items()},
        "measureNote": measure_note,
        "inner": {place: _array(array) for place, array in inner.items()},
        "walkNote": walk_note,
        "whatIf": None if maps.what_if is None else maps.what_if.to_dict(),
        "guesses": [
            [{**guess._asdict(), "label": label(guess.piece)} for guess in step] for step in maps.guesses
        ],
        "search": [
            [{**choice._asdict(), "label": label(choice.piece)} for choice in step] for step in maps.search
        ],
    }


def _trusted(alignment: Alignment, words: Words, about: About) -> Alignment:
    """Return an alignment with the confidence and the omissions that the model was calibrated for.

    A word without a token, such as a final mark that was put back, is sure.
    """
    written = words.of_targets.sum(axis=0) > 0
    sure = about.word_confidence or alignment.confidence
    return replace(
        alignment,
        confidence=tuple(
            probability if is_written else 1.0 for probability, is_written in zip(sure, written, strict=True)
        ),
        missing=alignment.missing if about.missing is None else frozenset(about.missing),
    )


def _measures(maps: Shown) -> tuple[dict[str, dict[str, Maps]], str]:
    """Return what goes beyond attention, by measure and place, and what to say of what is left out."""
    measures: dict[str, dict[str, Maps]] = {
        name: {
            place: maps.measures[f"{name}.{place}"] for place in PLACES if f"{name}.{place}" in maps.measures
        }
        for name in ("norms", "zeroing")
    }
    if not _of_the_paper(maps):
        return (
            measures,
            "Norms of weighted values, value zeroing, rollout and gradients are there for Transformers only.",
        )
    left_out = list(maps.about.unmeasured)
    if sum(table.size for table in measures["norms"].values()) > _MOST_MEASURED:
        measures["norms"] = {}
        left_out.insert(0, "norms of weighted values")
    if not left_out:
        return measures, ""
    return measures, (
        f"Left out for a text of this length: {', '.join(left_out)}. A sentence that is looked at alone, or a shorter "
        "one, has them."
    )


def _walk(maps: Shown, most: int) -> tuple[Mapping[str, Maps], str]:
    """Return the vectors of the walk, of as many layers as one file should hold, and what to say of the others.

    The first and the last layer of each stack go before those between them.
    """
    if not _of_the_paper(maps):
        return {}, "The walk goes through the layers of a Transformer, and this model has none."
    if not maps.inner:
        return {}, "The vectors on the way were not recorded; look again with inner=True."
    layers = [
        (stack, layer)
        for stack, attention in (("encoder", maps.encoder), ("decoder", maps.decoder))
        for layer in range(len(attention))
    ]
    first = {("encoder", 0), ("decoder", 0)}
    ends = first | {("encoder", len(maps.encoder) - 1), ("decoder", len(maps.decoder) - 1)}
    order = sorted(layers, key=lambda place: (place not in first, place not in ends, place[1]))
    shown = {place: array for place, array in maps.inner.items() if not place.endswith(_UNSEEN)}
    kept: dict[str, Maps] = {
        place: array for place, array in shown.items() if not place.split(".")[1].isdigit()
    }
    left: dict[str, list[int]] = {}
    size = sum(array.size for array in kept.values())
    for stack, layer in order:
        of_layer = {place: array for place, array in shown.items() if place.startswith(f"{stack}.{layer}.")}
        needed = sum(array.size for array in of_layer.values())
        if size + needed > most:
            left.setdefault(stack, []).append(layer)
        else:
            size += needed
            kept |= of_layer
    more = "clearhead look --inner --out look.npz writes the numbers of all layers"
    if most < _MOST_INNER:
        more = "a sentence looked at alone has more of them"
    if any(0 in numbers for numbers in left.values()):
        return {}, f"This sentence is too long to walk through: the page would become too large; {more}."
    if not left:
        return kept, ""
    named = " and ".join(f"{stack} {', '.join(map(str, sorted(numbers)))}" for stack, numbers in left.items())
    return kept, f"These layers are left out to keep the page small: {named}; {more}."


def _of_the_paper(maps: Shown) -> bool:
    """Say whether the model has all three attentions of the paper."""
    return all(len(getattr(maps, place)) for place in PLACES)


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


def _side(tokens: Tokens) -> dict[str, Any]:
    return {"text": tokens.text, "labels": [label(piece) for piece in tokens.pieces], "ids": list(tokens.ids)}


def _words(alignment: Alignment) -> dict[str, Any]:
    return {
        "weights": _array(alignment.weights[0]),
        "coverage": alignment.coverage,
        "confidence": alignment.confidence,
        "leftOut": alignment.left_out,
    }


def _owed(maps: Shown, words: Words) -> dict[str, Any]:
    """Return what tokens and words owe to the source by the methods beyond attention: [target, source] each."""
    tables = {}
    for name in ("rollout", "integrated"):
        if f"{name}.source" not in maps.measures:
            continue
        table = maps.measures[f"{name}.source"]
        # Shares are averaged over a word's tokens, contributions in nats are added.
        sums = words.of_targets.T @ table @ words.of_sources
        counts = words.of_targets.sum(axis=0) if name == "rollout" else np.ones(len(words.target))
        of_words = (sums / np.maximum(1, counts)[:, None]).astype(np.float32)
        tables[name] = {"pieces": _array(table), "words": _array(of_words)}
    return tables


def _array(array: Maps, exact: bool = True) -> dict[str, Any]:
    """Return an array as its shape and its bytes, little-endian; else, for shares of a row, in 16 bits each."""
    kind = "exact" if exact else "share"
    values = np.round(array * 65535).astype("<u2") if kind == "share" else array.astype("<f4")
    return {"shape": array.shape, "kind": kind, "data": base64.b64encode(values.tobytes()).decode()}


def _json(value: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the element around it, whatever the tokens are."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _sum(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
