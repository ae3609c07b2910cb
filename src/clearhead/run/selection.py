"""Which weights become the model at the end: the best on validation, an average of checkpoints, or a moving one."""

from collections.abc import Callable, Mapping

import numpy as np

from clearhead.config import Selection
from clearhead.evaluation.validation import Validation
from clearhead.model_directory import WEIGHTS
from clearhead.run import checkpoints
from clearhead.run.events import Finished
from clearhead.run.models import files_of_model
from clearhead.run.progress import Best, Underway
from clearhead.run.setup import Setup
from clearhead.storage import folders
from clearhead.storage.steps import saved_steps
from clearhead.storage.tensors import Arrays, average, read_arrays

MOVING_AVERAGE = "moving average"


def choose(candidates: Mapping[str, Validation], select_by: Selection) -> str:
    """Return the name of the best candidate; of equal ones the last."""
    chosen = next(iter(candidates))
    for name, figures in candidates.items():
        if not candidates[chosen].better_than(figures, select_by):
            chosen = name
    return chosen


def figures_of(
    weights: Mapping[str, Arrays], best: Best, measured: Callable[[Arrays], Validation]
) -> dict[str, Validation]:
    """Return the figures of all weights, those of the best first.

    Where the last validation brought the best, the moving average or the last checkpoint is the best once more:
    translating the validation text with the same weights again would only take time.
    """
    figures = {best.name: best.figures}
    for name, arrays in weights.items():
        if name != best.name:
            known = _equal(arrays, weights[best.name])
            figures[name] = best.figures if known else measured(arrays)
    return figures


def finish(setup: Setup, run: Underway, moving: Arrays, ending: str) -> Finished:
    """Measure what may become the model, the `moving` average too, write the best of it, and log why."""
    best = run.progress.best
    assert best, "a run is validated before it ends"
    weights = _weights(setup, best, moving)
    candidates = figures_of(weights, best, lambda arrays: setup.measure(setup.model_of(arrays)).figures)
    chosen = choose(candidates, setup.config.training.select_by)
    files = files_of_model(setup, run, weights[chosen], chosen, candidates[chosen], ending)
    folders.write_directory(setup.directory.model, files)
    setup.directory.log(
        {
            "event": "finished",
            "step": run.state.step,
            "ending": ending,
            "chosen": chosen,
            "candidates": {name: figures.to_dict() for name, figures in candidates.items()},
        }
    )
    return Finished(
        setup.directory.model,
        run.state.step,
        chosen,
        candidates[chosen],
        candidates,
        dict(run.progress.before or {}),
        ending,
    )


def _weights(setup: Setup, best: Best, moving: Arrays) -> dict[str, Arrays]:
    """Return the weights that may become the model, by name: average, best, and the moving average if one is kept.

    Raises CheckpointError where a file that they are read from is damaged.
    """
    directory = setup.directory
    saved = saved_steps(directory.checkpoints)[-setup.config.training.average_last :]
    for path in (*saved, directory.best):
        folders.verify(path)
    averaged = f"average of the last {len(saved)} checkpoints" if len(saved) > 1 else "last checkpoint"
    weights = {
        averaged: average([checkpoints.parameters(path) for path in saved]),
        best.name: read_arrays(directory.best / WEIGHTS),
    }
    return weights | ({MOVING_AVERAGE: moving} if moving else {})


def _equal(arrays: Arrays, others: Arrays) -> bool:
    """Say whether both hold the same numbers by the same names."""
    return arrays.keys() == others.keys() and all(
        np.array_equal(array, others[name]) for name, array in arrays.items()
    )
