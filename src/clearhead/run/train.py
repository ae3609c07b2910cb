"""A training run from text to a model directory, as a generator of what happens."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch

from clearhead.config import DecodingConfig, RunConfig
from clearhead.data.batching import Batch, padding_share
from clearhead.data.loader import Loader, Position, chunk_bounds
from clearhead.data.store import REPORT, Store
from clearhead.errors import CheckpointError, ConfigError, TrainingError, WorkerError
from clearhead.inspection.alignment import Reader
from clearhead.model.transformer import Transformer
from clearhead.model_directory import WEIGHTS, ModelInfo, model_files
from clearhead.run import checkpoints
from clearhead.run.agreement import facts_of_start, facts_of_text
from clearhead.run.card import model_card
from clearhead.run.corpora import (
    Corpora,
    check_alignments,
    check_languages,
    check_store,
    check_valid_lengths,
    describe,
    directions,
    ensure_store,
    open_corpora,
    recipe,
)
from clearhead.run.course import course, ending, going_on, last_step, warmup_note
from clearhead.run.directory import RunDirectory, with_precision
from clearhead.run.events import Event, Finished, NothingLeft, Prepared, Saved, Stopped, Validated, Validating
from clearhead.run.interruption import Interrupted, Interruption
from clearhead.run.machine import device_of, machine, prepare_machine
from clearhead.run.origin import Origin
from clearhead.run.precision import settle
from clearhead.run.validation import Translate, Validation, validate
from clearhead.storage import folders
from clearhead.storage.steps import saved_steps, step_folder
from clearhead.storage.tensors import Arrays, average, read_arrays
from clearhead.training.distributed import Group
from clearhead.training.guidance import guided_head
from clearhead.training.loop import StepReport, train
from clearhead.training.state import TrainState

MOVING_AVERAGE = "moving average"
_GUIDED_SHARE = 0.5
"""A head that was taught shares its weight among the source tokens it was taught: half of the most is linked."""


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

    `translate` translates the validation text, `corpora` stands in for the files of `config.data`.
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
    with interruption.anywhere():
        group.check_same(facts_of_start(config, resume=resume))
        asked, resume = resume, group.of_first("go on" if resume and directory.exists() else "") == "go on"
    with ExitStack() as held:
        with interruption.anywhere(), group.together():
            if group.leads:
                held.enter_context(directory.locked())
            origin = Origin.of(config, instead=directory.best if resume and _is_saved(directory) else None)
            given, config = config, origin.shaped(config) if origin else config
            if group.leads and resume:
                config = directory.reopen(config)
            elif group.leads:
                directory.check_free()
            path = Path(config.data.store) if config.data.store else directory.store
            corpora = corpora or open_corpora(config, path, resume=resume)
            check_alignments(config, corpora)
            origin = origin.with_targets(text.config for text in corpora.train) if origin else None
            tokenizer = origin.tokenizer if origin else None
            if origin and not resume:
                corpora = replace(corpora, warnings=(*origin.notes(given), *corpora.warnings))
            check_store(path, config, corpora, tokenizer, run=directory if resume else None)
        for comes_now in (group.leads, True):  # to the first one's disk, then to the disks of other machines
            with interruption.anywhere(), group.together():
                if comes_now:
                    yield from ensure_store(path, config, corpora, tokenizer)
        # All that can be wrong with the settings comes to light before there is a run.
        with interruption.anywhere(), group.together():
            outcome = _Run(config, directory, Store(path), corpora, translate, interruption, origin, group)
        with interruption.anywhere():
            group.check_same(facts_of_text(outcome.store, origin.path if origin else None))
            outcome.settle(begun=resume)
            found = outcome.find_checkpoint(resume=resume)
        if group.leads and not found.saved:
            directory.create(with_precision(config, outcome.precision.precision))
        if found.saved and outcome.had_ended():
            if group.leads:
                yield outcome.nothing_left()
            return
        with interruption.anywhere():
            prepared = outcome.begin(found, [] if resume or not asked else [_nothing_yet(directory)])
        yield prepared
        yield from outcome.learn()
        if outcome.signal:
            yield outcome.stopped()
        elif group.leads:
            yield Validating(outcome.state.step, final=True)
            yield outcome.finish()


class _Run:
    """What the steps of one run share."""

    def __init__(
        self,
        config: RunConfig,
        directory: RunDirectory,
        store: Store,
        corpora: Corpora,
        translate: Translate,
        interruption: Interruption,
        origin: Origin | None,
        group: Group,
    ) -> None:
        prepare_machine(config.training, group)
        self.group = group
        self.signal = 0
        """That ended the run, of whichever process."""
        self.directory, self.store, self.corpora, self.interruption = directory, store, corpora, interruption
        self.tokenizer, self.translate = store.tokenizer, translate
        self.origin = origin
        config = replace(config, model=replace(config.model, vocab_size=self.tokenizer.vocab_size))
        self.recipe = recipe(config, corpora)
        self.facts = describe(store, corpora)
        device = device_of(config.training.device)
        self.identity: dict[str, Any] = {"data": store.fingerprint, "machine": machine(device, group)}
        check_languages(config, corpora, self.tokenizer)
        check_valid_lengths(config, corpora, self.tokenizer)
        if config.training.guided_alignment and not store.has_links:
            raise ConfigError(
                "none of the word alignments belongs to a pair that is kept; words are what stands between spaces "
                f"and count from 0 (faults are counted in {store.path}/{REPORT})"
            )
        if config.data.subword_sampling:
            store.sampler(config.data.subword_sampling)
        self.config = config
        self.batches = config.training.accumulate * group.size
        """Of a step, of all processes."""
        torch.manual_seed(config.training.seed)
        model = Transformer(config.model)
        if origin:
            _load(model, origin.weights())
        self.state = TrainState.fresh(model.to(device), config.training)

    def settle(self, *, begun: bool) -> None:
        """Find in which precision all processes learn."""
        self.precision = settle(self.config, self.identity["machine"]["device"], self.group, begun=begun)
        self.config = with_precision(self.config, self.precision.precision)

    def find_checkpoint(self, *, resume: bool) -> checkpoints.Found:
        """Return the state that a run goes on from: that of the first process, which alone reads and saves."""
        found = checkpoints.Found()
        with self.group.together():
            if resume and self.group.leads:
                found = checkpoints.find(self.directory, self.identity, self.config)
        found = checkpoints.take_over(self.state, found, self.group)
        self.batches = self.identity["batches"] = found.batches or self.batches
        if not found.saved:  # drawn alike from the seed, but for the last digits where processors differ
            _load(self.state.model, self.group.arrays_of_first(self.state.model_arrays()))
        return found

    def had_ended(self) -> bool:
        """Say whether a run that goes on had ended, and its model is whole."""
        ended = self.group.leads and bool(self._ending()) and self._is_finished()
        return bool(self.group.most(int(ended)))

    def _is_finished(self) -> bool:
        last = self.directory.last_event()
        try:
            folders.verify(self.directory.model)
        except CheckpointError:
            return False
        return last.get("event") == "finished" and last.get("step") == self.state.step

    def _ending(self) -> str:
        """Say why the run is at its end; empty where it is not."""
        training, state = self.config.training, self.state
        over = bool(training.max_epochs) and state.position >= Position(training.max_epochs)
        return ending(training, state.step, self._stale(), epochs_over=over)

    def nothing_left(self) -> NothingLeft:
        """Tell that the run had ended, and how to go on from it."""
        model, step = self.directory.model, self.state.step
        return NothingLeft(
            model, step, self._ending(), going_on(self.config.training, step, self._stale(), model)
        )

    def begin(self, found: checkpoints.Found, notes: Sequence[str]) -> Prepared:
        """Tell what is at hand, and what was found and noted before."""
        state, training = self.state, self.config.training
        if self.group.leads:
            self.directory.trim_log(state.notes.get("log_lines", 0))
        chunk = self._loader().first_chunk()
        chunks = len(chunk_bounds(len(self.store)))
        per_epoch = max(1, len(chunk.batches) * chunks / self.batches)
        share = padding_share(chunk.batches, chunk.corpus.src_lengths, chunk.corpus.tgt_lengths)
        self.facts["padding_share"] = round(share, 4)
        parameters = self.config.model.num_parameters
        if not state.notes:
            # Not why it was chosen: a run that is killed before its first checkpoint must log the same again.
            chosen = {"precision": self.precision.precision}
            self._log({"event": "prepared", **self.facts, "parameters": parameters, **chosen})
            if self.group.leads and self.store.path != self.directory.store:
                self.directory.keep(REPORT, (self.store.path / REPORT).read_bytes())
        warnings = (*self.corpora.warnings, *notes, *found.warnings, *warmup_note(training, per_epoch))
        report, precision = self.store.report, str(self.precision)
        return Prepared(
            self.facts,
            parameters,
            state.step,
            report,
            warnings,
            precision,
            course(training, per_epoch),
            last_step(training, per_epoch),
        )

    def _loader(self) -> Loader:
        return Loader(
            self.store,
            self.recipe,
            start=self.state.position,
            workers=self.config.data.loader_workers,
        )

    def _log(self, event: dict[str, Any]) -> None:
        if self.group.leads:
            self.directory.log(event)

    def learn(self) -> Iterator[Event]:
        """Take the steps; validate, keep the best and save when due; end early where a signal came."""
        state = self.state
        # A model to start from is measured first, to tell what was learned and what forgotten.
        first = bool(self.origin) and "before" not in state.notes
        if state.notes.pop("validation_due", False) or first:  # or the run was stopped just before
            yield from self._validate_and_save()
        if not self._is_over():
            yield from self._take_steps()
            if not self.signal and state.notes.get("last_validation") != state.step:
                yield from self._validate_and_save()
            if self.group.leads and not self._is_saved():
                yield self.save()
        self.signal = self.group.most(self.interruption.signal or 0)  # while it was validated, too

    def _take_steps(self) -> Iterator[Event]:
        training = self.config.training
        started, tokens = time.monotonic(), 0
        batches = iter(self._loader())
        if training.max_epochs:
            batches = _until_epoch(batches, training.max_epochs)
        for report in self._steps(batches):
            yield report
            tokens += report.tokens
            if not report.applied:
                self._log({"event": "skipped", **asdict(report)})
                continue
            if report.step % training.log_every == 0:
                seconds = time.monotonic() - started
                self._log({"event": "train", **asdict(report), "tokens_per_second": round(tokens / seconds)})
                started, tokens = time.monotonic(), 0
            if report.step % training.valid_every == 0:
                yield from self._validate_and_save()
                started, tokens = time.monotonic(), 0
            elif report.step % training.save_every == 0 and self.group.leads:
                yield self.save()
            if self._is_over():
                break

    def _steps(self, batches: Iterator[tuple[Position, Batch]]) -> Iterator[StepReport]:
        try:
            yield from train(self.state, batches, self.config.training, self.group, self.batches)
        except WorkerError:
            raise
        except TrainingError as error:
            best = self.directory.best
            start = f", and --init {best} to start from the best so far" if best.exists() else ""
            raise TrainingError(f"{error}, in a new run: give another --out{start}") from None

    def _is_over(self) -> bool:
        """Say whether a signal came to any process, or the patience of the first is at an end."""
        self.signal = self.group.most(self.interruption.signal or 0)
        return bool(self.signal or self.group.most(self._out_of_patience()))

    def _is_saved(self) -> bool:
        return step_folder(self.directory.checkpoints, self.state.step).exists()

    def _validate_and_save(self) -> Iterator[Event]:
        """Validate, and save where that is due too; where a signal comes first, leave it for the next time."""
        if not self.group.leads:
            return
        yield Validating(self.state.step)
        try:
            # In this order: a signal must not come between the halves of exchanging the weights.
            with self.state.averaged(), self.interruption.anywhere():
                figures = self._measure()
        except Interrupted:
            self.state.notes["validation_due"] = True
            return
        yield self._validated(figures)
        if self.state.step and self.state.step % self.config.training.save_every == 0:
            yield self.save()

    def _out_of_patience(self) -> bool:
        return 0 < self.config.training.patience <= self._stale()

    def _stale(self) -> int:
        return int(self.state.notes.get("validations_since_best", 0))

    def _validated(self, figures: Validation) -> Validated:
        """Note what the model reached; keep it where it is the best so far."""
        notes, step = self.state.notes, self.state.step
        best = figures.better_than(notes.get("best"), self.config.training.select_by)
        notes["last_validation"] = step
        if step == 0:
            notes["before"] = figures.bleu_by_set
        notes["validations_since_best"] = 0 if best else notes.get("validations_since_best", 0) + 1
        if best:
            notes["best"] = {"step": step, **figures.to_dict()}
            files = self._model_files(self._weights(), f"best at step {step}", figures)
            folders.write_directory(self.directory.best, files)
        self.directory.log({"event": "valid", "step": step, **figures.to_dict(), "best": best})
        return Validated(step, figures, best)

    def save(self) -> Saved:
        """Write a checkpoint and remove those no longer needed."""
        self.state.notes["log_lines"] = self.directory.log_lines()
        kept = "moving average" if self.state.ema else "parameters"
        model = self._model_files(self._weights(), f"{kept} at step {self.state.step}")
        checkpoints.save(self.state, self.directory, self.identity, model)
        checkpoints.prune(self.directory, self.config.training)
        return Saved(self.state.step)

    def stopped(self) -> Stopped:
        """Tell where a run that heard a signal can go on."""
        return Stopped(self.state.step, self.signal)

    def finish(self) -> Finished:
        """Average the last checkpoints; of that, the moving average and the best on validation write the best."""
        state, training = self.state, self.config.training
        saved = saved_steps(self.directory.checkpoints)[-training.average_last :]
        files = [checkpoints.parameters(path) for path in saved]
        last_average = (
            f"average of the last {len(files)} checkpoints" if len(files) > 1 else "last checkpoint"
        )
        for path in (*saved, self.directory.best):
            folders.verify(path)
        weights = {last_average: average(files)}
        best_note = dict(state.notes["best"])
        best_name = f"best at step {best_note.pop('step')}"
        weights[best_name] = read_arrays(self.directory.best / WEIGHTS)

        candidates = {best_name: Validation(**best_note)}
        if state.ema:
            weights[MOVING_AVERAGE] = state.ema_arrays()
        for name in [name for name in weights if name not in candidates]:
            _load(state.model, weights[name])
            candidates[name] = self._measure()
        chosen = best_name
        for name, figures in candidates.items():
            if not candidates[chosen].better_than(figures.to_dict(), training.select_by):
                chosen = name
        why = self._ending()
        model = self._model_files(weights[chosen], chosen, candidates[chosen], why)
        folders.write_directory(self.directory.model, model)
        self.directory.log(
            {
                "event": "finished",
                "step": state.step,
                "ending": why,
                "chosen": chosen,
                "candidates": {name: figures.to_dict() for name, figures in candidates.items()},
            }
        )
        before = state.notes.get("before", {})
        return Finished(self.directory.model, state.step, chosen, candidates[chosen], candidates, before, why)

    def _measure(self) -> Validation:
        greedy: DecodingConfig = replace(self.config.decoding, beam_size=1)
        return validate(
            self.state.model,
            self.tokenizer,
            self.corpora.valid,
            translate=self.translate,
            decoding=greedy,
            tokenize=self.config.data.bleu_tokenize,
        )

    def _inherited_target(self) -> str:
        """Return the default target of the model that the run started from."""
        return self.origin.info.default_target if self.origin else ""

    def _alignment(self) -> dict[str, Any]:
        """Return how word alignments are read: from the head that was taught them, or as in the run's origin."""
        if not self.config.training.guided_alignment:
            return dict(self.origin.info.alignment) if self.origin else {}
        return Reader(heads=(guided_head(self.config.model),), share=_GUIDED_SHARE).to_dict()

    def _weights(self) -> Arrays:
        """Return the weights that the model has now: their moving average where one is kept."""
        return self.state.ema_arrays() or self.state.model_arrays()

    def _model_files(
        self, weights: Arrays, chosen: str, figures: Validation | None = None, why: str = ""
    ) -> dict[str, bytes | Arrays]:
        """Return the files of a model directory with these weights, which are measured or not."""
        source_langs, target_langs = directions(self.store)
        info = ModelInfo(
            model=self.config.model,
            decoding=self.config.decoding,
            tokenizer=self.tokenizer.kind,
            source_langs=source_langs,
            target_langs=target_langs,
            default_target=self.config.data.default_target or self._inherited_target(),
            alignment=self._alignment(),
            characters_per_token=self.facts["characters_per_token"],
            training={
                "chosen": chosen,
                "steps": self.state.step,
                "epochs": self.state.position.epoch,
                "seed": self.config.training.seed,
                "precision": self.precision.precision,
                "pairs": self.facts["pairs"],
                "corpora": self.facts["corpora"],
                "init": self.config.init,
                "max_tokens": self.config.data.max_tokens,
                "ending": why,
                "validation": figures.to_dict() if figures else {},
                "before": self.state.notes.get("before", {}),
                "torch": torch.__version__,
            },
        )
        return model_files(info, weights, self.tokenizer, model_card(info))


def _is_saved(directory: RunDirectory) -> bool:
    """Say whether a run holds a checkpoint, so that it needs the model that it started from no more."""
    return bool(saved_steps(directory.checkpoints))


def _nothing_yet(directory: RunDirectory) -> str:
    return f"{directory.path} holds no run yet: it starts from its beginning"


def _load(model: Transformer, weights: Arrays) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights[name]))


def _until_epoch(batches: Iterator[tuple[Position, Batch]], epochs: int) -> Iterator[tuple[Position, Batch]]:
    """Pass on the batches of the first `epochs` epochs."""
    return takewhile(lambda item: item[0] <= Position(epochs), batches)
