"""What was seen of one sentence and its translation: every attention, and the numbers around it.

Plain values and numpy arrays, without torch; saved as JSON, which people can read, or NPZ, which is smaller.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from clearhead.errors import ConfigError
from clearhead.inspection import saved
from clearhead.inspection.about import About
from clearhead.inspection.tokens import Choice, Guess, Maps, Tokens
from clearhead.inspection.what_if import WhatIf
from clearhead.model.places import PLACES
from clearhead.text.words import Span

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionMaps:
    """All three attentions of the paper (§3.2.3), each [layer, head, query, key]; rows sum to 1.

    One that the model does not have, such as the self-attention of a recurrent one, has no layers.
    """

    source: Tokens
    """The keys of `encoder` and `cross`; the end of the sentence last, the target's tag first if there is one."""
    target: Tokens
    """What each position of the decoder produced, the end last."""
    encoder: Maps
    """Self-attention of the encoder."""
    decoder: Maps
    """Masked self-attention of the decoder: query and key i are what was read at i, that is `read[i]`."""
    cross: Maps
    """`cross[..., i, :]` is the look at the source while `target.pieces[i]` was made."""
    probabilities: np.ndarray[Any, np.dtype[np.float32]]
    """Of each produced token, given all before it."""
    guesses: tuple[tuple[Guess, ...], ...]
    """The most probable tokens at each step, best first."""
    measures: Mapping[str, Maps] = field(default_factory=dict)
    """Where they were asked for: what `attribution.measured` adds, by the name of the method and the place."""
    search: tuple[tuple[Choice, ...], ...] = ()
    """Where it was asked for: the choices of each step of our own search, best first."""
    about: About = field(default_factory=About)
    """The model, the target language, the engine that made the text, how far to trust it."""
    what_if: WhatIf | None = None
    """Where it was asked for: the plain translation beside what a changed model, or several, make of the sentence."""
    inner: Mapping[str, Maps] = field(default_factory=dict)
    """If it was asked for: every vector on the way, under the name that an observer receives (`docs/guides`)."""

    @property
    def src(self) -> tuple[str, ...]:
        """Source pieces: the keys of `encoder` and `cross`."""
        return self.source.pieces

    @property
    def produced(self) -> tuple[str, ...]:
        """Target pieces as they were made, the end last."""
        return self.target.pieces

    @property
    def read(self) -> tuple[str, ...]:
        """Target pieces as the decoder reads them, the start first."""
        return ("<s>", *self.target.pieces[:-1])

    def scores(self, place: str, layer: int) -> tuple[Maps, Maps]:
        """Return q·k and q·k / sqrt(d_k) of a layer, [head, query, key], before any mask; needs `inner`.

        `place` is `encoder.self`, `decoder.self` or `decoder.cross`.
        """
        stack, _, which = place.partition(".")
        try:
            query, key = (self.inner[f"{stack}.{layer}.{which}.{name}"] for name in ("query", "key"))
        except KeyError:
            raise ConfigError(
                f"these maps hold no queries and keys of {place} in layer {layer}; look again with inner=True"
            ) from None
        raw = query @ key.swapaxes(-2, -1)
        return raw, raw / np.float32(np.sqrt(query.shape[-1]))

    @property
    def sentences(self) -> tuple[Self, ...]:
        """Itself: what `look` returns of several sentences has one of these for each."""
        return (self,)

    @property
    def text(self) -> str:
        """The whole translation, as `translate` gives it."""
        return self.target.text if self.about.text is None else self.about.text

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said of it."""
        return self.about.notes

    def __repr__(self) -> str:
        layers, heads = self.decoder.shape[:2]
        return (
            f"AttentionMaps({shortened(self.source.text)} -> {shortened(self.target.text)}, {len(self.source)} -> "
            f"{len(self.target)} tokens, {len(self.encoder)}+{layers} layers, {heads} heads)"
        )

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        from clearhead.inspection.page import frame

        return frame(self._page())

    def _page(self) -> str:
        from clearhead.inspection.page import page

        return page(self)

    def save(self, file: Path | str) -> None:
        """Write a page (`.html`), or the numbers (`.json`, `.npz`). Raises ConfigError for another name."""
        saved.save(file, html=self._page, values=self.to_dict, arrays=self.arrays)

    @classmethod
    def load(cls, file: Path | str) -> Self:
        """Read the numbers that `save` wrote. Raises ConfigError for anything else."""
        return saved.load(file, "attention maps", values=cls.from_dict, arrays=cls.from_arrays)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; numbers are as short as they can be without losing a bit."""
        return {
            **json.loads(self._facts()),
            "arrays": {name: _lists(a) for name, a in self._numbers().items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the maps of what `to_dict` made."""
        arrays = {name: np.asarray(rows, dtype=np.float32) for name, rows in values["arrays"].items()}
        _check_version(values)
        lengths = (len(values[side]["ids"]) for side in ("source", "target"))
        for name, (queries, keys) in _sides(*lengths).items():
            if not arrays[name].size:  # lists have no sides of an attention that the model does not have
                arrays[name] = np.zeros((0, 0, queries, keys), np.float32)
        return cls._from(values, arrays)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return the maps of what `arrays` gave."""
        return cls._from(json.loads(str(arrays["facts"])), arrays)

    def arrays(self) -> dict[str, Any]:
        """Return what a `.npz` file holds: every array, and the other values as JSON under `facts`."""
        return {**self._numbers(), "facts": np.array(self._facts())}

    def _numbers(self) -> dict[str, Maps]:
        return {
            **{name: getattr(self, name) for name in _ARRAYS},
            **{f"inner.{name}": array for name, array in self.inner.items()},
            **{f"measures.{name}": array for name, array in self.measures.items()},
        }

    def _facts(self) -> str:
        facts = {
            "format_version": FORMAT_VERSION,
            "source": asdict(self.source),
            "target": asdict(self.target),
            "guesses": self.guesses,
            "search": self.search,
            "about": self.about.to_dict(),
            "what_if": None if self.what_if is None else self.what_if.to_dict(),
        }
        return json.dumps(facts, ensure_ascii=False)

    @classmethod
    def _from(cls, facts: Mapping[str, Any], arrays: Mapping[str, Maps]) -> Self:
        _check_version(facts)
        maps = cls(
            source=_tokens(facts["source"]),
            target=_tokens(facts["target"]),
            guesses=tuple(tuple(Guess(*values) for values in step) for step in facts["guesses"]),
            search=tuple(tuple(Choice(*values) for values in step) for step in facts["search"]),
            about=About.from_dict(facts["about"]),
            what_if=WhatIf.from_dict(facts["what_if"]) if facts.get("what_if") else None,
            inner=_under("inner.", arrays),
            measures=_under("measures.", arrays),
            **{name: arrays[name] for name in _ARRAYS},
        )
        maps._check()
        return maps

    def _check(self) -> None:
        """Raise ValueError where arrays and tokens do not fit together."""
        source, target = len(self.source), len(self.target)
        for name, sides in _sides(source, target).items():
            array: Maps = getattr(self, name)
            if array.ndim != 4 or array.shape[2:] != sides:
                raise ValueError(f"{name} has shape {list(array.shape)} for {target} and {source} tokens")
        if self.probabilities.shape != (target,) or len(self.guesses) != target:
            raise ValueError("its parts are of different lengths")


_ARRAYS = (*PLACES, "probabilities")


def _sides(source: int, target: int) -> dict[str, tuple[int, int]]:
    """Return how many queries and keys each attention has."""
    return {"encoder": (source, source), "decoder": (target, target), "cross": (target, source)}


def shortened(text: str, most: int = 40) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")


def _under(prefix: str, arrays: Mapping[str, Maps]) -> dict[str, Maps]:
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}


def _tokens(values: Mapping[str, Any]) -> Tokens:
    return Tokens(
        values["text"],
        tuple(values["ids"]),
        tuple(values["pieces"]),
        tuple(None if span is None else Span(*span) for span in values["spans"]),
        tuple(Span(*span) for span in values.get("carried", ())),
    )


def _lists(array: Maps) -> Any:
    """Return nested lists whose numbers are the shortest that give the same float32 again."""
    flat: list[Any] = [float(str(number)) for number in array.ravel()]
    for size in reversed(array.shape[1:]):
        flat = [flat[place : place + size] for place in range(0, len(flat), size)] if size else []
    return flat


def _check_version(facts: Mapping[str, Any]) -> None:
    """Raise ConfigError for maps that another release wrote in another form."""
    version = facts.get("format_version")
    if version != FORMAT_VERSION:
        raise ConfigError(f"these maps have format version {version!r}; this release reads {FORMAT_VERSION}")
