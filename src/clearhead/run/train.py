"""A training run from text to a model directory, as a generator of what happens."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from clearhead.config import RunConfig, TrainingConfig
from clearhead.data.loader import chunk_bounds
from clearhead.data.store import REPORT
from clearhead.errors import CheckpointError
from clearhead.run import checkpoints, milestones
from clearhead.run.agreement import check_steps, facts_of_start, facts_of_text
from clearhead.run.corpora import Corpora
from clearhead.run.course import course, ending, going_on, last_step, warmup_note
from clearhead.run.diagnosis.diagnose import Watch
from clearhead.run.diagnosis.history import History
from clearhead.run.directory import RunDirectory, with_batch_tokens, with_precision
from clearhead.run.events import Event, NothingLeft, Prepared, Stopped, Validating
from clearhead.run.interruption import Interruption
from clearhead.run.learner import room_to_learn
from clearhead.run.learning import learn
from clearhead.run.opening import Opened
from clearhead.run.prepare import ensure_store
from clearhead.run.progress import RunProgress, Underway
from clearhead.run.selection import finish
from clearhead.run.setup import Setup
from clearhead.run.validation import Translate
from clearhead.storage import folders
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState


def run(
    config: RunConfig,
    out: Path | str,
    *,
    translate: Translate,
    resume: bool = False,
    corpora: Corpora | None = None,
    interruption: Interruption | None = None,
) -> Iterator[Event]:
    """Train a model into the run directory `out`, yielding every event.

    `translate` translates the validation text, `corpora` replaces the files of `config.data`.
    A run that was interrupted at any moment and is resumed ends in the same bytes as one that was not, on the same
    machine, torch and thread count; one that had ended before yields NothingLeft.
    Where `interruption` has heard a signal, the run saves a checkpoint after the step and ends with Stopped.
    """
    interruption = interruption or Interruption()
    with interruption.anywhere():
        group = Group.join(config.training.device, interruption.while_waiting)
    try:
        yield from _in_group(group, config, RunDirectory(Path(out)), translate, resume, corpora, interruption)
    finally:  # of an error too: taken apart by the end of the process, it may end that with a fault of its own
        group.leave()


def _in_group(
    group: Group,
    config: RunConfig,
    directory: RunDirectory,
    translate: Translate,
    resume: bool,
    corpora: Corpora | None,
    interruption: Interruption,
) -> Iterator[Event]:
    """Check all that can be checked, prepare the text, check the rest, and only then begin or resume the run."""
    with interruption.anywhere():
        group.check_same(facts_of_start(config, directory.path, resume=resume))
        check_steps(group, directory)
        resume = resume or group.again  # by --max-restarts, ours or torchrun's
        begun = group.of_first("go on" if resume and directory.exists() else "") == "go on"
    with ExitStack() as held:
        with interruption.anywhere(), group.together():
            if group.leads:
                held.enter_context(directory.locked())
            opened = Opened.of(config, directory, corpora, begun=begun, leads=group.leads)
        for comes_now in (group.leads, True):  # to the first one's disk, then to the disks of other machines
            with interruption.anywhere(), group.together():
                if comes_now:
                    yield from ensure_store(opened.store, opened.config, opened.corpora, opened.tokenizer)
        with interruption.anywhere(), group.together():
            setup = Setup.of(opened, directory, translate, interruption, group)
            state = setup.fresh_state()
        with interruption.anywhere():
            group.check_same(facts_of_text(setup.store, setup.origin.path if setup.origin else None))
            setup = setup.settled(begun=begun)
            notes, saved = _take_over(setup, state, begun=begun)
        if resume and not begun:
            notes = (f"{directory.path} holds no run yet: it starts from the beginning", *notes)
        yield from _go(opened, setup, state, saved, notes)


def _take_over(
    setup: Setup, state: TrainState, *, begun: bool
) -> tuple[Sequence[str], checkpoints.SavedRun | None]:
    """Give every process the state that the first one has, which alone reads checkpoints; return what there is to say.

    Its arrays are not returned: whoever held them would do so until the run ends.
    """
    group, latest = setup.group, checkpoints.Found()
    with group.together():
        if begun and group.leads:
            latest = checkpoints.find(setup.directory, setup.identity, setup.config)
    with room_to_learn(setup.config, setup.identity.machine.device):  # for moments, too
        saved = checkpoints.take_over(state, latest, group)
    if not saved:  # drawn alike from the seed, but for the last digits where processors differ
        state.fill(group.arrays_of_first(state.model_arrays()))
    return latest.warnings, saved


def _go(
    opened: Opened,
    setup: Setup,
    state: TrainState,
    saved: checkpoints.SavedRun | None,
    notes: Sequence[str],
) -> Iterator[Event]:
    """Learn from the state on, until the end or a signal."""
    group = setup.group
    if saved:
        setup = replace(setup, identity=replace(setup.identity, batches=saved.identity.batches))
    elif group.leads:
        setup.directory.create(_resolved(opened.config, setup.config.training))
    run = Underway(state, saved.progress if saved else RunProgress())
    if saved and _had_ended(setup, run):
        if group.leads:
            yield _nothing_left(setup, run)
        return
    with setup.interruption.anywhere():
        prepared = _begin(setup, run, notes)
    yield prepared
    yield from learn(setup, run)
    if run.signal:
        yield Stopped(state.step, run.signal)
    else:
        moving = state.ema_arrays()
        if group.leads:
            yield Validating(state.step, final=True)
            yield finish(setup, run, moving, _ending(setup, run))
    group.most(0)  # all end together: who leaves first is not taken for one that failed


def _resolved(config: RunConfig, settled: TrainingConfig) -> RunConfig:
    """Return the settings as they were given, with what was found out for `auto`."""
    return with_batch_tokens(with_precision(config, settled.precision), settled.tokens_of_batch)


def _had_ended(setup: Setup, run: Underway) -> bool:
    """Say whether a run that goes on had ended, and its model is whole."""
    ended = setup.group.leads and bool(_ending(setup, run)) and _is_finished(setup.directory, run.state.step)
    return bool(setup.group.most(int(ended)))


def _is_finished(directory: RunDirectory, step: int) -> bool:
    """Say whether a run directory holds the finished model of a step."""
    last = directory.last_event()
    try:
        folders.verify(directory.model)
    except CheckpointError:
        return False
    return last.get("event") == "finished" and last.get("step") == step


def _ending(setup: Setup, run: Underway) -> str:
    """Say why the run is at its end; empty where it is not."""
    training, state = setup.config.training, run.state
    epochs_over = milestones.epochs_are_over(training, state.position)
    return ending(training, state.step, run.progress.validations_since_best, epochs_over=epochs_over)


def _nothing_left(setup: Setup, run: Underway) -> NothingLeft:
    """Say that the run had ended, and how to go on from it."""
    model, step = setup.directory.model, run.state.step
    remedy = going_on(setup.config.training, step, run.progress.validations_since_best, model)
    return NothingLeft(model, step, _ending(setup, run), remedy)


def _begin(setup: Setup, run: Underway, notes: Sequence[str]) -> Prepared:
    """Begin a run, or resume it with its log cut to the checkpoint; return what there is to learn from."""
    training, directory, store = setup.config.training, setup.directory, setup.store
    if setup.group.leads:
        directory.trim_log(run.progress.log_lines)
    chunk = setup.loader(run.state.position).first_chunk()
    per_epoch = max(1, len(chunk.batches) * len(chunk_bounds(len(store))) / setup.identity.batches)
    facts = replace(setup.facts, padding_share=round(chunk.padding_share, 4))
    parameters = setup.config.model.num_parameters
    if run.progress.is_fresh and setup.group.leads:
        # Not why the precision was chosen: a run killed before its first checkpoint must log the same again.
        directory.log(
            {
                "event": "prepared",
                **asdict(facts),
                "parameters": parameters,
                "precision": training.precision,
            }
        )
        if store.path != directory.store:
            directory.keep(REPORT, (store.path / REPORT).read_bytes())
    if setup.group.leads:
        run.watch = Watch(replace(History.read(directory), config=setup.config, report=store.report))
    return Prepared(
        facts,
        parameters,
        resumed_from=run.state.step,
        report=store.report,
        warnings=(*setup.corpora.warnings, *notes, *warmup_note(training, per_epoch)),
        precision=str(setup.precision),
        course=course(training, per_epoch),
        last_step=last_step(training, per_epoch),
    )
