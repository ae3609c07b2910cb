"""How far a run is, besides the state of its training: what was measured, logged and found best."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from clearhead.config import Selection
from clearhead.evaluation.validation import Validation
from clearhead.run.diagnosis.diagnose import Watch
from clearhead.run.diagnosis.history import History
from clearhead.training.state import TrainState


@dataclass(frozen=True)
class Best:
    """The best model so far."""

    step: int
    figures: Validation

    @property
    def name(self) -> str:
        """What the weights are called."""
        return f"best at step {self.step}"


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """What a checkpoint says of the run, besides the state of its training."""

    log_lines: int = 0
    """Events in the log at the last checkpoint."""
    before: Mapping[str, float] | None = None
    """BLEU of each validation set before the first step, where that was measured."""
    validation_due: bool = False
    """Whether a signal came before the validation after the last step was done."""
    last_validation: int | None = None
    """The step after which the model was last measured."""
    validations_since_best: int = 0
    best: Best | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the run begins here: no checkpoint was saved, which counts the events logged before it."""
        return not self.log_lines

    def validated(self, step: int, figures: Validation, select_by: Selection) -> Self:
        """Return the progress after a validation, whose figures may be the best so far."""
        is_best = figures.better_than(self.best.figures if self.best else None, select_by)
        return replace(
            self,
            last_validation=step,
            before=figures.bleu_by_set if step == 0 else self.before,
            validations_since_best=0 if is_best else self.validations_since_best + 1,
            best=Best(step, figures) if is_best else self.best,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        best = dict(values.get("best") or {})
        return cls(
            **{**values, "best": Best(best.pop("step"), Validation(**best)) if best else None},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is not known is left out."""
        values = {
            name: value for name, value in vars(self).items() if value is not None and value is not False
        }
        return values | ({"best": {"step": self.best.step, **asdict(self.best.figures)}} if self.best else {})


@dataclass
class Underway:
    """What changes while a run learns."""

    state: TrainState
    progress: RunProgress
    watch: Watch = field(default_factory=lambda: Watch(History()))
    """What was logged, by the process that leads."""
    signal: int = 0
    """The signal that ended the run, of whichever process; 0 for none."""
