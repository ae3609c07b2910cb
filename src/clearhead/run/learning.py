"""The steps of a run: learn, and log, validate and save when that is due."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace

from clearhead.data.batching import Batch
from clearhead.data.loader import Position
from clearhead.errors import TrainingError, WorkerError
from clearhead.evaluation.validation import Validation
from clearhead.run import checkpoints, milestones
from clearhead.run.events import Event, Saved, Validated, Validating
from clearhead.run.interruption import Interrupted
from clearhead.run.models import current_weights, files_of_model
from clearhead.run.progress import Underway
from clearhead.run.setup import Setup
from clearhead.storage import folders
from clearhead.storage.steps import step_folder
from clearhead.training.loop import StepReport, train
from clearhead.training.state import TrainState


def learn(setup: Setup, run: Underway) -> Iterator[Event]:
    """Take the steps; validate, keep the best and save when due; end early where a signal came."""
    # A model to start from is measured first, to see what was learned and what was forgotten.
    first = setup.origin is not None and run.progress.before is None
    due, run.progress = run.progress.validation_due, replace(run.progress, validation_due=False)
    if due or first:
        yield from _validate_and_save(setup, run)
    if not _is_over(setup, run):
        yield from _take_steps(setup, run)
        if not run.signal and run.progress.last_validation != run.state.step:
            yield from _validate_and_save(setup, run)
        if setup.group.leads and not step_folder(setup.directory.checkpoints, run.state.step).exists():
            yield _save(setup, run)
    run.signal = setup.group.most(setup.interruption.signal or 0)  # while it was validated, too


def _take_steps(setup: Setup, run: Underway) -> Iterator[Event]:
    training, leads = setup.config.training, setup.group.leads
    started, tokens = time.monotonic(), 0
    batches = milestones.until_last_epoch(training, setup.loader(run.state.position))
    for report in _steps(setup, run.state, batches):
        yield report
        tokens += report.tokens
        if not report.applied:
            _log(setup, {"event": "skipped", **asdict(report)})
            continue
        if milestones.log_is_due(training, report.step):
            speed = round(tokens / (time.monotonic() - started))
            figures = {"tokens_per_second": speed, **setup.utilisation(speed)}
            _log(setup, {"event": "train", **asdict(report), **figures})
            started, tokens = time.monotonic(), 0
        if milestones.validation_is_due(training, report.step):
            yield from _validate_and_save(setup, run)
            started, tokens = time.monotonic(), 0
        elif milestones.save_is_due(training, report.step) and leads:
            yield _save(setup, run)
        if _is_over(setup, run):
            break


def _steps(
    setup: Setup, state: TrainState, batches: Iterator[tuple[Position, Batch]]
) -> Iterator[StepReport]:
    """Take steps; where the loss stays no number, say what to start again from."""
    try:
        yield from train(state, batches, setup.config.training, setup.group, setup.identity.batches)
    except WorkerError:
        raise
    except TrainingError as error:
        best = setup.directory.best
        start = f", and --init {best} to start from the best so far" if best.exists() else ""
        raise TrainingError(f"{error}, in a new run: give another --out{start}") from None


def _log(setup: Setup, event: dict[str, object]) -> None:
    if setup.group.leads:
        setup.directory.log(event)


def _is_over(setup: Setup, run: Underway) -> bool:
    """Say whether a signal came to any process, or the patience of the first is at an end."""
    group, training = setup.group, setup.config.training
    run.signal = group.most(setup.interruption.signal or 0)
    out_of_patience = milestones.patience_is_over(training, run.progress.validations_since_best)
    return bool(run.signal or group.most(out_of_patience))


def _validate_and_save(setup: Setup, run: Underway) -> Iterator[Event]:
    """Validate, and save where that is due too; where a signal comes first, leave it for the next time."""
    if not setup.group.leads:
        return
    yield Validating(run.state.step)
    try:
        # In this order: a signal must not come between the halves of exchanging the weights.
        with run.state.averaged(), setup.interruption.anywhere():
            figures = setup.measure(run.state.model)
    except Interrupted:
        run.progress = replace(run.progress, validation_due=True)
        return
    yield _validated(setup, run, figures)
    if run.state.step and milestones.save_is_due(setup.config.training, run.state.step):
        yield _save(setup, run)


def _validated(setup: Setup, run: Underway, figures: Validation) -> Validated:
    """Note what the model reached; keep it where it is the best so far."""
    step = run.state.step
    run.progress = run.progress.validated(step, figures, setup.config.training.select_by)
    is_best = run.progress.validations_since_best == 0
    if is_best and run.progress.best:
        files = files_of_model(setup, run, current_weights(run.state), run.progress.best.name, figures)
        folders.write_directory(setup.directory.best, files)
    setup.directory.log({"event": "valid", "step": step, **figures.to_dict(), "best": is_best})
    return Validated(step, figures, is_best)


def _save(setup: Setup, run: Underway) -> Saved:
    """Write a checkpoint and remove those no longer needed."""
    run.progress = replace(run.progress, log_lines=setup.directory.log_lines())
    kept = "moving average" if run.state.ema else "parameters"
    model = files_of_model(setup, run, current_weights(run.state), f"{kept} at step {run.state.step}")
    checkpoints.save(run, setup.directory, setup.identity, model)
    checkpoints.prune(setup.directory, setup.config.training)
    return Saved(run.state.step)
