"""What translations look like beside their references, whatever their words: copied, short, empty."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What translations of validation text look like."""

    sentences: int = 0
    copied: float = 0.0
    """Share of the translations that are their source again."""
    copied_references: float = 0.0
    """The same of the references: names and numbers stay as they are."""
    length_ratio: float = 1.0
    """Characters of the translations over those of the references."""
    empty: float = 0.0
    """Share of the translations without a character."""

    @classmethod
    def of(
        cls, sources: Sequence[str], translations: Sequence[str], references: Sequence[str]
    ) -> "Behaviour":
        """Compare translations with their sources and references; spaces around them do not count."""
        sources, translations, references = (
            [text.strip() for text in texts] for texts in (sources, translations, references)
        )
        sentences = len(translations)
        if not sentences:
            return cls()
        return cls(
            sentences=sentences,
            copied=_equal(sources, translations) / sentences,
            copied_references=_equal(sources, references) / sentences,
            length_ratio=sum(map(len, translations)) / max(1, sum(map(len, references))),
            empty=translations.count("") / sentences,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def _equal(texts: Sequence[str], others: Sequence[str]) -> int:
    return sum(text == other for text, other in zip(texts, others, strict=True))
