"""The figures that a validation set gives, and which of two are better."""

from dataclasses import asdict, dataclass, field
from typing import Any

from clearhead.config import Selection

_SHOWN = 2
"""Digits after the point of BLEU and chrF that are shown; figures that agree in them are a tie."""


@dataclass(frozen=True)
class Validation:
    """Figures of one model on the validation sets."""

    loss: float
    """Cross-entropy of a target token without smoothing, in nats."""
    perplexity: float
    bleu: float
    """Of greedy search; the mean over the validation sets where there are several."""
    chrf: float
    bleu_signature: str
    """Several, each once, where the validation sets are split into words in several ways."""
    bleu_by_set: dict[str, float] = field(default_factory=dict)
    """BLEU of each validation set and direction: {"en-fr": 40.1}."""

    @property
    def scores(self) -> str:
        """BLEU and chrF in words; empty where nothing was translated, as by a language model of plain text."""
        return f"BLEU {self.bleu:.2f}, chrF {self.chrf:.2f}" if self.bleu_signature else ""

    def better_than(self, other: "Validation | None", select_by: Selection) -> bool:
        """Say whether these figures beat others, or there are no others.

        A young model has a BLEU of 0.00 while its loss falls: of equal ones the lower loss is better.
        """
        if other is None:
            return True
        if select_by != "loss":
            mine, before = (round(getattr(figures, select_by), _SHOWN) for figures in (self, other))
            if mine != before:
                return bool(mine > before)
        return self.loss < other.loss

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
