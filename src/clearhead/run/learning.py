"""The steps of a run: learn, and log, validate and save when that is due."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

from clearhead.data.batching import Batch
from clearhead.data.loader import Position
from clearhead.errors import TrainingError, WorkerError
from clearhead.run import checkpoints, milestones
from clearhead.run.events import Diagnosed, Event, Saved, Validated, Validating
from clearhead.run.interruption import Interrupted
from clearhead.run.learner import room_to_learn
from clearhead.run.models import files_of_model
from clearhead.run.pace import Pace
from clearhead.run.progress import Underway
from clearhead.run.setup import Setup
from clearhead.run.validation import Measured
from clearhead.storage import folders
from clearhead.storage.steps import step_folder
from clearhead.storage.tensors import Arrays
from clearhead.training.loop import StepReport, train
from clearhead.training.state import Snapshot, TrainState


def learn(setup: Setup, run: Underway) -> Iterator[Event]:
    """Take the steps; validate, keep the best and save when due; end early where a signal came."""
    if setup.group.leads:
        yield from _diagnosed(setup, run, {})  # what the text shows
    # A model to start from is measured first, to see what was learned and what was forgotten.
    first = setup.origin is not None and run.progress.before is None
    due, run.progress = run.progress.validation_due, replace(run.progress, validation_due=False)
    if due or first:
        yield from _validate_and_save(setup, run)
    if not _is_over(setup, run):
        yield from _take_steps(setup, run)
        if _first_says(setup, not run.signal and run.progress.last_validation != run.state.step):
            yield from _validate_and_save(setup, run)
        unsaved = not step_folder(setup.directory.checkpoints, run.state.step).exists()
        if _first_says(setup, unsaved):
            yield from _save(setup, run, _snapshot(setup, run))
    run.signal = setup.group.most(setup.interruption.signal or 0)  # while it was validated, too


def _first_says(setup: Setup, what: bool) -> bool:
    """Return what the first process says: it alone knows what was measured and saved."""
    return bool(setup.group.most(int(setup.group.leads and what)))


def _take_steps(setup: Setup, run: Underway) -> Iterator[Event]:
    training = setup.config.training
    batches, pace = milestones.until_last_epoch(training, setup.loader(run.state.position)), Pace()
    for report in _steps(setup, run.state, batches, pace):
        yield report
        pace.learned(report.tokens)
        if not report.applied:
            yield from _log(setup, run, {"event": "skipped", **asdict(report)})
            continue
        if milestones.log_is_due(training, report.step):
            figures = pace.read()
            figures |= setup.utilisation(figures["tokens_per_second"])
            yield from _log(setup, run, {"event": "train", **asdict(report), **figures})
        if milestones.validation_is_due(training, report.step):
            yield from _validate_and_save(setup, run)
            pace.begin()
        elif milestones.save_is_due(training, report.step):
            yield from _save(setup, run, _snapshot(setup, run))
        if _is_over(setup, run):
            break


def _steps(
    setup: Setup, state: TrainState, batches: Iterator[tuple[Position, Batch]], pace: Pace
) -> Iterator[StepReport]:
    """Take steps; where the loss stays no number, say what to start again from, and where memory ends, what to do."""
    try:
        with room_to_learn(setup.config, setup.identity.machine.device):
            yield from train(state, batches, setup.config.training, setup.identity.batches, pace.waited)
    except WorkerError:
        raise
    except TrainingError as error:
        best = setup.directory.best
        start = f", and --init {best} to start from the best so far" if best.exists() else ""
        raise TrainingError(f"{error}, in a new run: give another --out{start}") from None


def _log(setup: Setup, run: Underway, event: dict[str, Any]) -> Iterator[Event]:
    """Log an event, and what it is the first to show."""
    if setup.group.leads:
        setup.directory.log(event)
        yield from _diagnosed(setup, run, event)


def _diagnosed(setup: Setup, run: Underway, event: Mapping[str, Any]) -> Iterator[Event]:
    """Log and yield what an event of the log is the first to show."""
    for finding in run.watch.hear(event):
        setup.directory.log({"event": "finding", **finding.to_dict()})
        yield Diagnosed(finding)


def _is_over(setup: Setup, run: Underway) -> bool:
    """Say whether a signal came to any process, or the patience of the first is at an end."""
    out_of_patience = milestones.patience_is_over(setup.config.training, run.progress.validations_since_best)
    # In one exchange: it is there at every step.
    said = setup.group.most(2 * (setup.interruption.signal or 0) + int(out_of_patience))
    run.signal = said // 2
    return bool(said)


def _snapshot(setup: Setup, run: Underway) -> Snapshot | None:
    """Return the state to be saved, to the first process; the others help to gather what is sharded."""
    if not setup.group.leads and not run.state.engine.is_sharded:
        return None
    return run.state.snapshot()


def _validate_and_save(setup: Setup, run: Underway) -> Iterator[Event]:
    """Validate, and save where that is due too; where a signal comes first, leave it for the next time."""
    step, sharded = run.state.step, run.state.engine.is_sharded
    due = bool(step) and milestones.save_is_due(setup.config.training, step)
    # All take part in gathering shares: before the first one may be interrupted.
    snapshot = _snapshot(setup, run) if due else None
    weights = snapshot.weights if snapshot else run.state.weights() if sharded else None
    if not setup.group.leads:
        return
    yield Validating(step)
    try:
        # In this order: a signal must not come between the halves of exchanging the weights.
        with nullcontext() if sharded else run.state.averaged(), setup.interruption.anywhere():
            model = setup.model_of(weights) if sharded and weights else run.state.model
            measured = setup.measure(model)
    except Interrupted:
        run.progress = replace(run.progress, validation_due=True)
        return
    yield _validated(setup, run, measured, weights or run.state.weights())
    yield from _diagnosed(setup, run, {"event": "valid", "step": step, **measured.to_dict()})
    if due:
        yield from _save(setup, run, snapshot)


def _validated(setup: Setup, run: Underway, measured: Measured, weights: Arrays) -> Validated:
    """Note what the model reached; keep it where it is the best so far."""
    step, figures = run.state.step, measured.figures
    run.progress = run.progress.validated(step, figures, setup.config.training.select_by)
    is_best = run.progress.validations_since_best == 0
    if is_best and run.progress.best:
        files = files_of_model(setup, run, weights, run.progress.best.name, figures)
        folders.write_directory(setup.directory.best, files)
    setup.directory.log({"event": "valid", "step": step, **measured.to_dict(), "best": is_best})
    return Validated(step, figures, is_best)


def _save(setup: Setup, run: Underway, snapshot: Snapshot | None) -> Iterator[Saved]:
    """Write a checkpoint and remove those no longer needed; only the first process does."""
    if snapshot is None or not setup.group.leads:
        return
    run.progress = replace(run.progress, log_lines=setup.directory.log_lines())
    kept = "moving average" if snapshot.average else "parameters"
    model = files_of_model(setup, run, snapshot.weights, f"{kept} at step {run.state.step}")
    checkpoints.save(run, snapshot, setup.directory, setup.identity, model)
    checkpoints.prune(setup.directory, setup.config.training)
    yield Saved(run.state.step)
