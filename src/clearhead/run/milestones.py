"""When a run logs, validates, saves and stops: functions of numbers."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from clearhead.config import TrainingConfig
from clearhead.data.loader import Position

Batch = TypeVar("Batch")


def log_is_due(training: TrainingConfig, step: int) -> bool:
    """Say whether a step is written to the log."""
    return step % training.log_every == 0


def validation_is_due(training: TrainingConfig, step: int) -> bool:
    """Say whether the model is measured after a step."""
    return step % training.valid_every == 0


def save_is_due(training: TrainingConfig, step: int) -> bool:
    """Say whether a checkpoint is saved after a step."""
    return step % training.save_every == 0


def kept_steps(training: TrainingConfig, saved: Sequence[int]) -> set[int]:
    """Return which checkpoints are kept, of those saved, in order.

    The last ones that were due, as many as are averaged at the end and at least two in case one is damaged; and the
    newest, which a signal may have caused.
    """
    due = [step for step in saved if save_is_due(training, step)]
    return {*saved[-1:], *due[-max(2, training.average_last) :]}


def patience_is_over(training: TrainingConfig, validations_since_best: int) -> bool:
    """Say whether a run ends because validation after validation brought no new best."""
    return 0 < training.patience <= validations_since_best


def epochs_are_over(training: TrainingConfig, position: Position) -> bool:
    """Say whether the next batch, at `position`, is beyond the last epoch."""
    return bool(training.max_epochs) and position >= Position(training.max_epochs)


def until_last_epoch(
    training: TrainingConfig, batches: Iterable[tuple[Position, Batch]]
) -> Iterator[tuple[Position, Batch]]:
    """Pass on the batches of the first `max_epochs` epochs; of all where that is 0.

    With each batch comes the position after it.
    """
    if not training.max_epochs:
        return iter(batches)
    return takewhile(lambda batch: batch[0] <= Position(training.max_epochs), batches)
