"""What `config.json` says of the training of a model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from clearhead.config import section
from clearhead.config.checks import check_integer
from clearhead.config.tables import as_table
from clearhead.evaluation.validation import Validation


@dataclass(frozen=True, kw_only=True)
class CorpusFacts:
    """What was read from a corpus, and what was kept of it."""

    name: str = ""
    """Names of its files, without their folders: a model travels, the folders do not."""
    source_lang: str = ""
    target_lang: str = ""
    read: int = 0
    """Pairs in its files."""
    kept: int = 0
    """Pairs that were learned from."""
    faults: dict[str, int] = field(default_factory=dict)
    """How many pairs had which fault."""


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """How a model was trained. A model that was imported, or not trained, has few of these facts."""

    chosen: str = ""
    """Which weights of the run these are, such as `best at step 900`; empty where no run of ours made them."""
    steps: int = 0
    epochs: int = 0
    """Whole passes over the training text."""
    seed: int = 0
    precision: str = ""
    pairs: int = 0
    """Sentence pairs that were learned from."""
    corpora: tuple[CorpusFacts, ...] = ()
    init: str = ""
    """The model that the run started from."""
    max_tokens: int = 256
    """Most tokens of a sentence that was learned from, as far as that is known."""
    ending: str = ""
    """Why the run ended; empty while it goes on."""
    validation: Validation | None = None
    """Figures of these weights; None where they were not measured."""
    before: dict[str, float] = field(default_factory=dict)
    """BLEU of each validation set before the first step, where the run started from a model."""
    torch: str = ""
    """Version of torch."""
    imported_from: str = ""
    """The family of models that it was imported from."""
    other: Mapping[str, Any] = field(default_factory=dict)
    """What another release noted besides these, kept as it is."""

    def __post_init__(self) -> None:
        check_integer("training.max_tokens", self.max_tokens, 1, 65_535)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return what `to_dict` wrote, of this release or another. Raises ConfigError for anything else."""
        table = as_table(values, "training")
        names = {fact.name for fact in fields(cls)} - {"other", "validation"}
        known = {name: value for name, value in table.items() if name in names}
        figures = table.get("validation")
        validation = section(Validation, figures, "training.validation") if figures else None
        other = {name: value for name, value in table.items() if name not in {*names, "validation"}}
        return cls(**vars(section(cls, known, "training")) | {"validation": validation, "other": other})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: of a run all but where it was imported from, of others what is known."""
        values: dict[str, Any] = {
            **asdict(self),
            "validation": asdict(self.validation) if self.validation else {},
        }
        other = values.pop("other")
        usual = type(self)()
        unknown = {name for name in values if getattr(self, name) == getattr(usual, name)}
        left_out = unknown & {"imported_from"} if self.chosen else unknown
        return {**other, **{name: value for name, value in values.items() if name not in left_out}}
