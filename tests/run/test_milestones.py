"""When a run logs, validates, saves and stops, by tables of numbers."""

import pytest

from clearhead.config import TrainingConfig
from clearhead.data.loader import Position
from clearhead.run import milestones

TRAINING = TrainingConfig(log_every=2, valid_every=3, save_every=4, average_last=1)


def test_what_is_due_after_each_step():
    due = {
        step: [
            kind.__name__.removesuffix("_is_due")
            for kind in (milestones.log_is_due, milestones.validation_is_due, milestones.save_is_due)
            if kind(TRAINING, step)
        ]
        for step in range(1, 7)
    }
    assert due == {1: [], 2: ["log"], 3: ["validation"], 4: ["log", "save"], 5: [], 6: ["log", "validation"]}


@pytest.mark.parametrize(
    ("average_last", "saved", "kept"),
    [
        (1, [4], {4}),
        (1, [4, 8, 12], {8, 12}),  # the one before the last, in case that is damaged
        (3, [4, 8, 12, 16], {8, 12, 16}),
        (1, [4, 8, 9], {4, 8, 9}),  # a signal came at 9
        (1, [4, 8, 9, 12], {8, 12}),
        (1, [3], {3}),
        (1, [], set()),
    ],
)
def test_checkpoints_that_are_kept(average_last, saved, kept):
    training = TrainingConfig(save_every=4, average_last=average_last)
    assert milestones.kept_steps(training, saved) == kept


@pytest.mark.parametrize(
    ("patience", "stale", "over"), [(0, 0, False), (0, 99, False), (2, 1, False), (2, 2, True), (2, 3, True)]
)
def test_patience(patience, stale, over):
    assert milestones.patience_is_over(TrainingConfig(patience=patience), stale) is over


def test_the_last_epoch():
    """With each batch comes where the next one is: the last of an epoch leads to the next epoch."""
    batches = [(Position(0, 0, 1), "a"), (Position(1), "b"), (Position(1, 0, 1), "c"), (Position(2), "d")]
    for epochs, learned in ((0, "abcd"), (1, "ab"), (2, "abcd")):
        training = TrainingConfig(max_epochs=epochs)
        assert "".join(batch for _, batch in milestones.until_last_epoch(training, batches)) == learned
    assert not milestones.epochs_are_over(TrainingConfig(max_epochs=1), Position(0, 3, 9))
    assert milestones.epochs_are_over(TrainingConfig(max_epochs=1), Position(1))
    assert not milestones.epochs_are_over(TrainingConfig(max_epochs=0), Position(9))
