"""How far a run goes, told before and after."""

import pytest

from clearhead.config import RunConfig, TrainingConfig
from clearhead.run.course import course, ending, going_on, last_step, warmup_note


@pytest.mark.parametrize(
    ("settings", "per_epoch", "told"),
    [
        (
            {},
            1,
            "up to step 100,000: about 100,000 epochs of 1 step; it ends sooner after 10 validations (10,000 steps) "
            "without a new best",
        ),
        (
            {"max_steps": 300},
            8,
            "up to step 300: about 38 epochs of 8 steps",
        ),  # patience cannot end so short a run
        ({"patience": 0}, 2500, "up to step 100,000: about 40 epochs of 2,500 steps"),
        ({"patience": 0, "max_epochs": 3}, 7.5, "up to step 22: about 2.9 epochs of 7.5 steps"),
        (
            {"patience": 0, "max_steps": 100, "max_epochs": 3},
            50,
            "up to step 100: about 2 epochs of 50 steps",
        ),
    ],
)
def test_the_start_says_where_it_ends(settings, per_epoch, told):
    assert course(TrainingConfig(**settings), per_epoch) == told


def test_a_warm_up_that_outlasts_the_run_is_told():
    short = TrainingConfig(max_steps=1000)
    assert warmup_note(short, 10) == (
        "training.warmup_steps is 4,000 and the run ends at step 1,000: the learning rate reaches only 25 % of its "
        "peak; give fewer, such as 100",
    )
    assert warmup_note(TrainingConfig(max_epochs=2), 100)[0].count("step 200:") == 1
    assert warmup_note(TrainingConfig(max_steps=4000), 10) == ()
    assert last_step(TrainingConfig(max_epochs=2), 100) == 200


@pytest.mark.parametrize(
    ("settings", "step", "stale", "over", "why", "how"),
    [
        ({}, 5, 0, False, "", None),
        (
            {"max_steps": 5},
            5,
            0,
            False,
            "its last step, 5 (training.max_steps)",
            "--training.max-steps above 5",
        ),
        (
            {"max_epochs": 2},
            5,
            0,
            True,
            "its last epoch, 2 (training.max_epochs)",
            "--training.max-epochs above 2",
        ),
        (
            {"patience": 3},
            5,
            3,
            False,
            "no new best in 3 validations (training.patience)",
            "--training.patience above 3",
        ),
        ({"patience": 0}, 5, 30, False, "", None),
        (
            {"max_steps": 5, "schedule": "cosine"},
            5,
            0,
            False,
            "its last step, 5 (training.max_steps)",
            "--init M",
        ),
    ],
)
def test_why_it_ended_and_how_it_goes_on(settings, step, stale, over, why, how):
    training = TrainingConfig(**settings)
    assert ending(training, step, stale, epochs_over=over) == why
    assert how is None or how in going_on(training, step, stale, "M")


def test_going_on_from_a_model_has_its_own_defaults():
    fresh, tuned = (RunConfig.from_dict({"init": init}).training for init in ("", "m"))
    assert (fresh.schedule, fresh.warmup_steps, fresh.max_steps) == ("noam", 4000, 100_000)
    assert (tuned.schedule, tuned.warmup_steps) == ("inverse_sqrt", 50)
    assert tuned.warmup_steps < tuned.valid_every <= tuned.max_steps < fresh.max_steps
    papers = RunConfig.from_dict({"init": "m", "training": {"schedule": "noam"}}).training
    assert (papers.learning_rate, papers.warmup_steps) == (1.0, 4000)
    own = RunConfig.from_dict({"init": "m", "training": {"learning_rate": 0.5, "max_steps": 7}}).training
    assert (own.schedule, own.learning_rate, own.max_steps) == ("inverse_sqrt", 0.5, 7)
