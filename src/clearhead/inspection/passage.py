"""What was seen of a text of several sentences: the maps of each, under the text as it was translated."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, overload

import numpy as np

from clearhead.inspection import saved
from clearhead.inspection.maps import FORMAT_VERSION, AttentionMaps, shortened


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A sentence of a text, or the text between two, and its translation."""

    source: str
    text: str
    """The same where it stays as it is."""
    sentence: int | None = None
    """Its place among the maps; None if it has none."""
    translated: bool = True
    """Whether it is a sentence that was translated."""
    confidence: float | None = None
    """Probability that the translation is right; None where the model was not calibrated."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PassageMaps(Sequence[AttentionMaps]):
    """The attention of every sentence of a text, in order; one of them is what `look` returns of it alone."""

    sentences: tuple[AttentionMaps, ...]
    stretches: tuple[Stretch, ...]
    """The whole text: "".join of their `source` is the source, of their `text` the translation."""
    notes: tuple[str, ...] = ()
    """What `translate` says of the text, and what was not kept."""
    model: str = ""
    to: str | None = None

    @property
    def source(self) -> str:
        """The text."""
        return "".join(stretch.source for stretch in self.stretches)

    @property
    def text(self) -> str:
        """Its translation, as `translate` gives it."""
        return "".join(stretch.text for stretch in self.stretches)

    def __len__(self) -> int:
        return len(self.sentences)

    @overload
    def __getitem__(self, place: int) -> AttentionMaps: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[AttentionMaps, ...]: ...

    def __getitem__(self, place: int | slice) -> AttentionMaps | tuple[AttentionMaps, ...]:
        return self.sentences[place]

    def __iter__(self) -> Iterator[AttentionMaps]:
        return iter(self.sentences)

    def __repr__(self) -> str:
        return f"PassageMaps({shortened(self.source)} -> {shortened(self.text)}, {len(self)} sentences)"

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        from clearhead.inspection.page import frame

        return frame(self._page())

    def _page(self) -> str:
        from clearhead.inspection.page import passage_page

        return passage_page(self)

    def save(self, file: Path | str) -> None:
        """Write a page (`.html`), or the numbers (`.json`, `.npz`). Raises ConfigError for another name."""
        saved.save(file, html=self._page, values=self.to_dict, arrays=self._arrays)

    @classmethod
    def load(cls, file: Path | str) -> Self:
        """Read the numbers that `save` wrote. Raises ConfigError for anything else."""
        return saved.load(
            file, "the maps of several sentences", values=cls.from_dict, arrays=cls._from_arrays
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; each sentence as its own maps have it."""
        return {**self._facts(), "sentences": [maps.to_dict() for maps in self.sentences]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the maps of what `to_dict` made."""
        return cls._from(values, map(AttentionMaps.from_dict, values["sentences"]))

    @classmethod
    def _from(cls, facts: Mapping[str, Any], sentences: Iterable[AttentionMaps]) -> Self:
        return cls(
            sentences=tuple(sentences),
            stretches=tuple(Stretch(**stretch) for stretch in facts["stretches"]),
            notes=tuple(facts["notes"]),
            model=facts["model"],
            to=facts["to"],
        )

    @classmethod
    def _from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        facts = json.loads(str(arrays["facts"]))
        of_sentences: list[dict[str, Any]] = [{} for _ in range(facts["count"])]
        for name in arrays:
            number, _, inner_name = name.partition(".")
            if inner_name:
                of_sentences[int(number)][inner_name] = arrays[name]
        return cls._from(facts, map(AttentionMaps.from_arrays, of_sentences))

    def _facts(self) -> dict[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "count": len(self),
            "stretches": [asdict(stretch) for stretch in self.stretches],
            "notes": self.notes,
            "model": self.model,
            "to": self.to,
        }

    def _arrays(self) -> dict[str, Any]:
        """Return the arrays of each sentence under its number, and the facts."""
        arrays: dict[str, Any] = {"facts": np.array(json.dumps(self._facts(), ensure_ascii=False))}
        for number, maps in enumerate(self.sentences):
            arrays |= {f"{number}.{name}": array for name, array in maps.arrays().items()}
        return arrays
