"""What happens in a training run, yielded as it happens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhead.data.preparation import Progress
from clearhead.evaluation.validation import Validation
from clearhead.run.diagnosis.finding import Finding
from clearhead.run.facts import DataFacts
from clearhead.training.loop import StepReport


@dataclass(frozen=True)
class Prepared:
    """The text is read and divided into tokens; training begins."""

    facts: DataFacts
    parameters: int
    resumed_from: int
    """The step of the checkpoint that the run resumes from; 0 for a new run."""
    report: list[dict[str, Any]]
    """What was found in each corpus, as the store keeps it."""
    warnings: tuple[str, ...] = ()
    precision: str = ""
    """The precision of the run, and why it was chosen."""
    course: str = ""
    """The number of steps and epochs ahead, in words."""
    last_step: int = 0
    """The last step that it can reach."""


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
    """Whether no earlier figures are better."""


@dataclass(frozen=True)
class Diagnosed:
    """Something goes wrong, seen for the first time in this run."""

    finding: Finding


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
    """Which weights it has, such as `best at step 900`."""
    figures: Validation
    """Of these weights."""
    candidates: dict[str, Validation]
    """The figures of all weights that were measured at the end, by name."""
    before: dict[str, float]
    """BLEU of each validation set before the first step, where the run started from a model."""
    ending: str = ""
    """Why the run ended."""


@dataclass(frozen=True)
class NothingLeft:
    """The run that was to be resumed had ended already."""

    model: Path
    step: int
    ending: str
    going_on: str
    """How to train further."""


@dataclass(frozen=True)
class Stopped:
    """A signal ended the run; its checkpoint is on the disk."""

    step: int
    signal: int


Event = (
    Progress
    | Prepared
    | StepReport
    | Validating
    | Validated
    | Diagnosed
    | Saved
    | Finished
    | NothingLeft
    | Stopped
)
