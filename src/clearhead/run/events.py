"""What happens in a training run, told as it happens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhead.data.preparation import Progress
from clearhead.run.validation import Validation
from clearhead.training.loop import StepReport


@dataclass(frozen=True)
class Prepared:
    """The text is read and cut into tokens; training begins."""

    facts: dict[str, Any]
    parameters: int
    resumed_from: int
    report: list[dict[str, Any]]
    """What was found in each corpus."""
    warnings: tuple[str, ...] = ()
    precision: str = ""
    """In which the run learns, and why."""
    course: str = ""
    """How far it goes."""
    last_step: int = 0
    """To which it goes at most."""


@dataclass(frozen=True)
class Validating:
    """The model is about to be measured on the validation set, which takes a while."""

    step: int
    final: bool = False
    """After the last step: the last weights are averaged, and the best of all are kept."""


@dataclass(frozen=True)
class Validated:
    """The model was measured on the validation set."""

    step: int
    figures: Validation
    best: bool


@dataclass(frozen=True)
class Saved:
    """A checkpoint is on the disk."""

    step: int


@dataclass(frozen=True)
class Finished:
    """The model directory is written."""

    model: Path
    step: int
    chosen: str
    """`average of the last N` or `best at step N`."""
    figures: Validation
    candidates: dict[str, Validation]
    before: dict[str, float]
    """BLEU of each validation set before the first step, where the run started from a model."""
    ending: str = ""
    """Why it ended here."""


@dataclass(frozen=True)
class NothingLeft:
    """The run that was to go on had ended before."""

    model: Path
    step: int
    ending: str
    going_on: str
    """What to do for more."""


@dataclass(frozen=True)
class Stopped:
    """A signal ended the run; its checkpoint is on the disk."""

    step: int
    signal: int


Event = Progress | Prepared | StepReport | Validating | Validated | Saved | Finished | NothingLeft | Stopped
