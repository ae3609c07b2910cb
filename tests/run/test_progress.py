"""How far a run is: noted, written down and read again; and which weights are chosen at the end."""

import json
from dataclasses import replace

import pytest

from clearhead.data.loader import Position
from clearhead.evaluation.validation import Validation
from clearhead.run.checkpoints import Identity, SavedRun, _completed, _differences
from clearhead.run.machine import Machine
from clearhead.run.progress import Best, RunProgress
from clearhead.run.selection import choose
from clearhead.training.state import Counters

FIGURES = Validation(
    loss=5.0, perplexity=148.4, bleu=1.0, chrf=3.0, bleu_signature="s", bleu_by_set={"": 1.0}
)
BETTER = replace(FIGURES, bleu=2.0)
WORSE = replace(FIGURES, bleu=0.5)
MACHINE = Machine(processes=2, torch="2.13.0", threads=1, device="cpu", processor="x86_64")


def test_validations_are_noted():
    progress = RunProgress().validated(0, FIGURES, "bleu")
    assert progress.before == FIGURES.bleu_by_set
    progress = progress.validated(5, WORSE, "bleu").validated(10, WORSE, "bleu")
    assert (progress.validations_since_best, progress.last_validation) == (2, 10)
    assert progress.best == Best(0, FIGURES)
    progress = progress.validated(15, BETTER, "bleu")
    assert (progress.validations_since_best, progress.best) == (0, Best(15, BETTER))
    assert progress.best.name == "best at step 15"
    assert progress.before == FIGURES.bleu_by_set


def test_a_run_is_fresh_until_a_checkpoint_counted_its_log():
    assert RunProgress().is_fresh
    assert RunProgress().validated(0, FIGURES, "bleu").is_fresh
    assert not RunProgress(log_lines=1).is_fresh


@pytest.mark.parametrize(
    "progress",
    [
        RunProgress(),
        RunProgress(log_lines=3, validation_due=True),
        RunProgress(log_lines=9, before={"en-fr": 0.0}, last_validation=0, best=Best(0, FIGURES)),
        RunProgress(log_lines=9, before={}, validations_since_best=2),
    ],
)
def test_what_a_checkpoint_says_is_read_again(progress):
    saved = SavedRun(Counters(7, Position(1, 2, 3), 1), progress, Identity("digest", MACHINE, 4))
    again = SavedRun.from_dict(json.loads(json.dumps(saved.to_dict())))
    assert again == saved


def test_what_earlier_releases_did_not_write_is_completed():
    """They knew of one process; the batches of a step were those that it accumulated."""
    identity = Identity("digest", MACHINE, 4)
    old = {"machine": {"torch": "2.11.0", "threads": 1, "device": "cpu", "processor": "arm", "more": 1}}
    completed = _completed(old, identity, accumulate=3)
    assert completed["batches"] == 3
    assert Machine.from_dict(completed["machine"]) == replace(
        MACHINE, processes=1, torch="2.11.0", processor="arm"
    )
    new = {"machine": {"processes": 2}, "batches": 8}
    assert _completed(new, identity, accumulate=3)["batches"] == 8


def test_another_machine_is_named():
    before = {"torch": "2.11.0", "threads": 1}
    assert _differences(before, MACHINE) == (
        "torch was '2.11.0', is '2.13.0': the numbers may differ in the last digits",
    )


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ({"best": FIGURES, "average": WORSE}, "best"),
        ({"best": FIGURES, "average": BETTER, "moving average": WORSE}, "average"),
        ({"best": FIGURES, "average": WORSE, "moving average": BETTER}, "moving average"),
        ({"best": FIGURES, "average": FIGURES}, "average"),  # of equal ones the last
    ],
)
def test_which_weights_become_the_model(candidates, chosen):
    assert choose(candidates, "bleu") == chosen
