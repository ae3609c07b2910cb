"""What is the best so far, by tables of figures; and the words that say why it was kept."""

from dataclasses import replace

import pytest

from clearhead.config import TrainingConfig
from clearhead.evaluation.validation import Validation
from clearhead.run.milestones import patience_is_over
from clearhead.run.progress import RunProgress
from clearhead.run.validation import REASONS

START = Validation(loss=5.0, perplexity=148.4, bleu=0.0, chrf=3.0, bleu_signature="")


@pytest.mark.parametrize(
    ("select_by", "change", "better"),
    [
        ("bleu", {"bleu": 0.01}, True),
        ("bleu", {"bleu": 0.01, "loss": 9.0}, True),
        ("bleu", {"loss": 4.9}, True),  # nothing to choose by BLEU: the loss tells
        ("bleu", {"loss": 5.1}, False),
        ("bleu", {}, False),
        ("bleu", {"bleu": 0.004, "loss": 5.1}, False),  # 0.00, as it is shown
        ("chrf", {"chrf": 2.9, "loss": 1.0}, False),
        ("chrf", {"loss": 4.9}, True),
        ("chrf", {"chrf": 3.1, "loss": 6.0}, True),
        ("loss", {"loss": 4.9, "bleu": 0.0, "chrf": 0.0}, True),
        ("loss", {"bleu": 9.0}, False),
        ("loss", {"loss": float("nan")}, False),
    ],
)
def test_the_best_so_far(select_by, change, better):
    assert replace(START, **change).better_than(START, select_by) is better
    assert START.better_than(None, select_by)
    if better:  # and not the other way round
        assert not START.better_than(replace(START, **change), select_by)


def patient(figures, select_by):
    """Return after how many validations a run is out of patience; None where it never is."""
    training, progress = TrainingConfig(patience=2, select_by=select_by), RunProgress()
    for number, validation in enumerate(figures, start=1):
        progress = progress.validated(number, validation, select_by)
        if patience_is_over(training, progress.validations_since_best):
            return number
    return None


@pytest.mark.parametrize("select_by", ["bleu", "chrf", "loss"])
def test_a_young_model_that_learns_is_waited_for(select_by):
    """Its BLEU is 0.00, validation after validation, while its loss falls."""
    learning = [replace(START, loss=5.0 - step / 10) for step in range(8)]
    assert patient(learning, select_by) is None
    assert patient([START] * 8, select_by) == 3
    assert patient([*learning, *([learning[-1]] * 4)], select_by) == 10


def test_there_are_words_for_each_figure():
    for select_by, word in (("bleu", "BLEU"), ("chrf", "chrF"), ("loss", "lowest validation loss")):
        TrainingConfig(select_by=select_by)
        assert word in REASONS[select_by]
