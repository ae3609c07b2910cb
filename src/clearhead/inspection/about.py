"""What is known of a translation that was looked at, besides its numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from clearhead.config.alignment import Reader


@dataclass(frozen=True, kw_only=True)
class About:
    """The model, its shape, who made the text, and how far to trust it."""

    model: str = ""
    """As it was named when it was loaded."""
    to: str | None = None
    """Target language, if the model was given one."""
    kind: str = "transformer"
    """What the model is built of."""
    d_model: int = 0
    num_heads: int = 0
    norm: str = "post"
    normalization: str = "layer"
    activation: str = "relu"
    positions: str = "sinusoidal"
    reader: Reader | None = None
    """How alignments are read; as is usual for the shape otherwise."""
    engine: str | None = None
    """The engine that made the translation, and its precision; None for a translation that was given."""
    text: str | None = None
    """The whole translation as `translate` gives it, with what surrounds the sentence; None for one that was given."""
    notes: tuple[str, ...] = ()
    confidence: float | None = None
    """Probability that the translation is right; None where the model was not calibrated."""
    unsure: bool = False
    """Whether that is below what the model was calibrated to call unsure."""
    word_confidence: tuple[float, ...] | None = None
    """Of each word of the translation, punctuation marks counted; None where the model was not calibrated."""
    missing: tuple[int, ...] | None = None
    """Source words whose translation seems to be missing; None if the reader has not learned to find them."""
    beam_size: int = 1
    search_text: str | None = None
    """What our own search found, where its story was asked for."""
    checks: Mapping[str, float] = field(default_factory=dict)
    """The check value of each method of `attribution.measured`."""
    steps: int = 0
    """Steps of integrated gradients."""
    unmeasured: tuple[str, ...] = ()
    """Methods that were left out, since they would take minutes for a text of this length."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote; what this release does not know is ignored."""
        if not isinstance(values, Mapping):
            raise TypeError("what is known of the translation must be an object")
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("notes", "word_confidence", "missing", "unmeasured"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        if known.get("reader") is not None:
            known["reader"] = Reader.from_dict(known["reader"])
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
