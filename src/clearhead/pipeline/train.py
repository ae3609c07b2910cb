"""A training run from text to a model directory, as a generator of what happens."""

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch

from clearhead import checkpoint
from clearhead.config import DecodingConfig, RunConfig, TrainingConfig
from clearhead.data.batching import Batch, BatchStream, TokenizedCorpus, padding_share
from clearhead.engines.directory import WEIGHTS, ModelInfo, model_files
from clearhead.errors import CheckpointError, ConfigError
from clearhead.model.transformer import Transformer
from clearhead.pipeline.card import model_card
from clearhead.pipeline.corpora import (
    Corpora,
    describe,
    fingerprint,
    read_corpora,
    tokenize,
    train_tokenizer,
)
from clearhead.pipeline.run_directory import RunDirectory, write_file
from clearhead.pipeline.validation import Validation, validate
from clearhead.text.tokenizer import Tokenizer
from clearhead.training.allocator import keep_freed_memory
from clearhead.training.loop import StepReport, train
from clearhead.training.state import TrainState

OPTIMIZER, STATE = "optimizer.safetensors", "state.json"
_GREEDY = {"beam_size": 1}


@dataclass(frozen=True)
class Prepared:
    """The text is read and cut into tokens; training begins."""

    facts: dict[str, Any]
    parameters: int
    resumed_from: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validated:
    """The model was measured on the validation set."""

    step: int
    figures: Validation
    best: bool
    seconds: float


@dataclass(frozen=True)
class Saved:
    """A checkpoint is on the disk."""

    step: int


@dataclass(frozen=True)
class Finished:
    """The model directory is written."""

    model: Path
    step: int
    chosen: str
    """`average of the last N` or `best at step N`."""
    figures: Validation
    candidates: dict[str, Validation]


Event = Prepared | StepReport | Validated | Saved | Finished


def run(
    config: RunConfig, out: Path | str, *, resume: bool = False, corpora: Corpora | None = None
) -> Iterator[Event]:
    """Train a model into the run directory `out`, yielding every event.

    `corpora` stands in for the files of `config.data`. A run that was interrupted at any moment and is
    resumed ends in the same bytes as one that was not, on the same machine, torch and thread count.
    """
    directory = RunDirectory(Path(out))
    resume = resume and not directory.is_untouched()  # stopped before it began: begin
    if resume:
        directory.reopen(config)
    corpora = corpora or read_corpora(config.data)
    if not resume:
        directory.create(config)
    _prepare_machine(config.training)

    tokenizer = _tokenizer(directory, corpora, config)
    corpus, left_out = tokenize(tokenizer, corpora.train, config.data.max_tokens)
    valid_corpus, _ = tokenize(tokenizer, corpora.valid, max_tokens=1 << 30)
    facts = describe(corpora, tokenizer, left_out)
    config = replace(config, model=replace(config.model, vocab_size=tokenizer.vocab_size))

    torch.manual_seed(config.training.seed)
    model = Transformer(config.model).to(_device(config.training.device))
    state = TrainState.fresh(model, config.training)
    identity = {"data": fingerprint(corpus), "machine": machine(config.training)}
    warnings = _restore(state, directory, identity) if resume else ()
    directory.trim_log(state.notes.get("log_lines", 0))
    stream = BatchStream(
        corpus, config.training.batch_tokens, config.training.seed, start=(state.epoch, state.batch)
    )
    facts["padding_share"] = round(
        padding_share(stream.plan(state.epoch), corpus.src_lengths, corpus.tgt_lengths), 4
    )
    if not state.notes:
        directory.log({"event": "prepared", **facts, "parameters": config.model.num_parameters})
    yield Prepared(facts, config.model.num_parameters, state.step, warnings)

    outcome = _Run(config, directory, tokenizer, corpora, valid_corpus, facts, state, identity)
    yield from outcome.learn(stream)
    yield outcome.finish()


class _Run:
    """What the steps of one run share."""

    def __init__(
        self,
        config: RunConfig,
        directory: RunDirectory,
        tokenizer: Tokenizer,
        corpora: Corpora,
        valid_corpus: TokenizedCorpus,
        facts: dict[str, Any],
        state: TrainState,
        identity: dict[str, Any],
    ) -> None:
        self.config, self.directory, self.tokenizer, self.corpora = config, directory, tokenizer, corpora
        self.valid_corpus, self.facts, self.state, self.identity = valid_corpus, facts, state, identity

    def learn(self, stream: BatchStream) -> Iterator[Event]:
        """Take the steps; validate, keep the best and save when due."""
        training, state = self.config.training, self.state
        if self._out_of_patience():
            return
        started, tokens = time.monotonic(), 0
        batches: Iterator[tuple[tuple[int, int], Batch]] = iter(stream)
        if training.max_epochs:
            batches = _until_epoch(batches, training.max_epochs)
        for report in train(state, batches, training):
            yield report
            tokens += report.tokens
            if not report.applied:
                self.directory.log({"event": "skipped", **asdict(report)})
                continue
            if report.step % training.log_every == 0:
                seconds = time.monotonic() - started
                self.directory.log(
                    {"event": "train", **asdict(report), "tokens_per_second": round(tokens / seconds)}
                )
                started, tokens = time.monotonic(), 0
            if report.step % training.valid_every == 0:
                event = self.validate()
                yield event
                started, tokens = time.monotonic(), 0
            if report.step % training.save_every == 0:
                yield self.save()
            if self._out_of_patience():
                break
        validated = state.notes.get("last_validation") == state.step
        if not validated:
            yield self.validate()
        if not validated or not checkpoint.step_directory(self.directory.checkpoints, state.step).exists():
            yield self.save()

    def _out_of_patience(self) -> bool:
        patience = self.config.training.patience
        return 0 < patience <= int(self.state.notes.get("validations_since_best", 0))

    def validate(self) -> Validated:
        """Measure the model; keep it where it is the best so far."""
        started = time.monotonic()
        figures = self._figures()
        notes, step = self.state.notes, self.state.step
        best = figures.better_than(notes.get("best"), self.config.training.select_by)
        notes["last_validation"] = step
        notes["validations_since_best"] = 0 if best else notes.get("validations_since_best", 0) + 1
        if best:
            notes["best"] = {"step": step, **figures.to_dict()}
            self._write_model(self.directory.best, self.state.model_arrays(), f"best at step {step}", figures)
        self.directory.log({"event": "valid", "step": step, **figures.to_dict(), "best": best})
        return Validated(step, figures, best, time.monotonic() - started)

    def save(self) -> Saved:
        """Write a checkpoint and remove those no longer needed."""
        state = self.state
        state.notes["log_lines"] = self.directory.log_lines()
        path = checkpoint.step_directory(self.directory.checkpoints, state.step)
        checkpoint.write_directory(
            path,
            {
                WEIGHTS: state.model_arrays(),
                OPTIMIZER: state.optimizer_arrays(),
                STATE: checkpoint.json_bytes({"counters": state.counters(), **self.identity}),
            },
        )
        checkpoint.prune(self.directory.checkpoints, keep=max(2, self.config.training.average_last))
        return Saved(state.step)

    def finish(self) -> Finished:
        """Average the last checkpoints, choose between that and the best on validation, write the model."""
        state, training = self.state, self.config.training
        files = [
            path / WEIGHTS for path in checkpoint.steps(self.directory.checkpoints)[-training.average_last :]
        ]
        last_average = (
            f"average of the last {len(files)} checkpoints" if len(files) > 1 else "last checkpoint"
        )
        weights = {last_average: checkpoint.average(files)}
        best_note = dict(state.notes["best"])
        best_name = f"best at step {best_note.pop('step')}"
        weights[best_name] = checkpoint.read_arrays(self.directory.best / WEIGHTS)

        self._load(weights[last_average])
        candidates = {last_average: self._figures(), best_name: Validation(**best_note)}
        chosen = last_average
        if candidates[best_name].better_than(candidates[last_average].to_dict(), training.select_by):
            chosen = best_name
        self._write_model(self.directory.model, weights[chosen], chosen, candidates[chosen])
        self.directory.log(
            {
                "event": "finished",
                "step": state.step,
                "chosen": chosen,
                "candidates": {name: figures.to_dict() for name, figures in candidates.items()},
            }
        )
        return Finished(self.directory.model, state.step, chosen, candidates[chosen], candidates)

    def _figures(self) -> Validation:
        greedy: DecodingConfig = replace(self.config.decoding, **_GREEDY)
        return validate(
            self.state.model,
            self.tokenizer,
            self.valid_corpus,
            self.corpora.valid,
            decoding=greedy,
            tokenize=self.config.data.bleu_tokenize,
        )

    def _load(self, weights: checkpoint.Arrays) -> None:
        with torch.no_grad():
            for name, parameter in self.state.model.named_parameters():
                parameter.copy_(torch.from_numpy(weights[name]))

    def _write_model(self, path: Path, weights: checkpoint.Arrays, chosen: str, figures: Validation) -> None:
        info = ModelInfo(
            model=self.config.model,
            decoding=self.config.decoding,
            tokenizer=self.tokenizer.kind,
            source_langs=self.corpora.source_langs,
            target_langs=self.corpora.target_langs,
            characters_per_token=self.facts["characters_per_token"],
            training={
                "chosen": chosen,
                "steps": self.state.step,
                "epochs": self.state.epoch,
                "seed": self.config.training.seed,
                "pairs": self.facts["pairs"],
                "max_tokens": self.config.data.max_tokens,
                "validation": figures.to_dict(),
                "torch": torch.__version__,
            },
        )
        checkpoint.write_directory(path, model_files(info, weights, self.tokenizer, model_card(info)))


def machine(config: TrainingConfig) -> dict[str, Any]:
    """Return what exact repetition depends on."""
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": config.device,
        "processor": platform.processor() or platform.machine(),
    }


def _prepare_machine(config: TrainingConfig) -> None:
    keep_freed_memory()
    torch.set_num_threads(config.threads or len(os.sched_getaffinity(0)))


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"training.device is {name!r}, which cannot be used here ({reason}); try auto"
        ) from None
    return name


def _tokenizer(directory: RunDirectory, corpora: Corpora, config: RunConfig) -> Tokenizer:
    """Return the run's tokenizer, trained the first time and kept from then on."""
    if directory.tokenizer_file.exists():
        return Tokenizer.load(directory.tokenizer_file)
    tokenizer = train_tokenizer(corpora, config.tokenizer)
    write_file(directory.tokenizer_file, tokenizer.to_bytes())
    return tokenizer


def _restore(state: TrainState, directory: RunDirectory, identity: dict[str, Any]) -> tuple[str, ...]:
    """Take over the newest checkpoint that is whole; return what the user should know."""
    path, faults = checkpoint.latest(directory.checkpoints)
    warnings = [f"{fault}; going on from the checkpoint before it" for fault in faults]
    if path is None:
        if faults:
            raise CheckpointError(f"no checkpoint of {directory.path} is whole: {faults[0]}")
        return ("no checkpoint was saved yet: the run starts from its beginning",)
    saved = checkpoint.read_json(path / STATE)
    if saved["data"] != identity["data"]:
        raise ConfigError(
            f"the training text is not the text that {directory.path} was started with; resume it with the same "
            "files, or give another --out"
        )
    for key, value in identity["machine"].items():
        before = saved["machine"].get(key)
        if before != value:
            warnings.append(f"{key} was {before!r}, is {value!r}: the numbers may differ in the last digits")
    state.restore(
        checkpoint.read_arrays(path / WEIGHTS), checkpoint.read_arrays(path / OPTIMIZER), saved["counters"]
    )
    return tuple(warnings)


def _until_epoch(
    batches: Iterator[tuple[tuple[int, int], Batch]], epochs: int
) -> Iterator[tuple[tuple[int, int], Batch]]:
    """Pass on the batches of the first `epochs` epochs."""
    return takewhile(lambda item: item[0] <= (epochs, 0), batches)
