"""`clearhead train`."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, NoReturn

from tyro.conf import OmitArgPrefixes, arg

from clearhead.cli.options import Headings
from clearhead.cli.output import show
from clearhead.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    RunConfig,
    TokenizerConfig,
    TrainingConfig,
)
from clearhead.errors import ConfigError
from clearhead.extras import require_torch

if TYPE_CHECKING:
    from clearhead.run.events import Finished, NothingLeft
    from clearhead.run.interruption import Interrupted
    from clearhead.terminal.console import SafeConsole


@dataclass(frozen=True, kw_only=True)
class Train:
    r"""Train a translator from parallel text.

    A TOML file given by --config can hold every setting under the same name: --training.max-steps is max_steps under
    [training], and an option without a table, such as --max-tokens, belongs under [data]. Several corpora or
    directions are listed in the file as [[data.corpora]] and [[data.validation]].

    Examples:
        clearhead train --source train.fr --target train.en \
            --valid-source valid.fr --valid-target valid.en --out runs/fr-en
        clearhead train --config run.toml --out runs/fr-en --resume
    """

    essentials: ClassVar[Headings] = {
        "Text": ("data.source", "data.target", "data.valid_source", "data.valid_target"),
        "Run": ("out", "config", "preset", "resume", "init", "workers", "max_restarts"),
        "Settings changed most": (
            "tokenizer.vocab_size",
            "model.dropout",
            "training.batch_tokens",
            "training.max_steps",
            "training.warmup_steps",
            "training.learning_rate",
            "training.patience",
            "training.precision",
            "training.device",
        ),
    }
    headings: ClassVar[Headings] = {"Run": essentials["Run"]}
    fitted: ClassVar[frozenset[str]] = frozenset(
        {
            "preset",
            "tokenizer.vocab_size",
            "model.dropout",
            "model.norm",
            "training.max_steps",
            "training.batch_tokens",
            "training.optimizer",
            "training.schedule",
            "training.learning_rate",
            "training.warmup_steps",
            "training.valid_every",
            "training.patience",
            "training.save_every",
            "training.average_last",
            "training.ema_decay",
        }
    )
    """Settings that fit the corpus where neither a flag nor a file gives them."""

    out: Annotated[Path, arg(metavar="DIR")]
    """Directory to create for the run: log, checkpoints, best and final model."""
    config: Path | None = None
    """TOML file with settings; options override it."""
    preset: Annotated[str | None, arg(metavar="NAME")] = None
    """Model shape: tiny, small, base or big."""
    resume: bool = False
    """Continue the run in --out; exactly from its last checkpoint, or from the start if it has none. Without --config
    it continues with its own settings."""
    init: str = ""
    """Model, run or checkpoint to fine-tune; `default` is the model that comes with Clearhead. The run takes its
    weights, shape and tokenizer, and other defaults for schedule, learning rate, warm-up, steps and validation."""
    workers: Annotated[str, arg(metavar="N|auto")] = "1"
    """Processes that train together; each takes its own batch at every step and its share of the cores. auto: one per
    GPU, or without a GPU one per core up to 4."""
    max_restarts: int = 0
    """With several workers: how often all are started again, from the last checkpoint, where one dies."""
    data: OmitArgPrefixes[DataConfig] = field(default_factory=DataConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    model: ModelConfig = field(default_factory=lambda: ModelConfig.small(vocab_size=8000))
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def run(self) -> None:
        """Train, in this process or in several."""
        require_torch("clearhead train")
        from clearhead.run import workers
        from clearhead.run.interruption import Interrupted

        count = workers.number_of(self.workers)
        if self.max_restarts < 0:
            raise ConfigError(f"--max-restarts must be at least 0, got {self.max_restarts}")
        launched = os.environ.get("WORLD_SIZE", "1")
        if launched != "1" and count > 1 and self.workers != "auto":
            raise ConfigError(
                f"--workers is {self.workers}, and WORLD_SIZE says that this is one of {launched} processes already; "
                "leave --workers out where torchrun or a cluster starts them, or unset WORLD_SIZE"
            )
        if count == 1 or launched != "1":
            self.train()
            return
        try:
            code = workers.run(self.train, count, self.max_restarts)
        except Interrupted as stop:
            _say_interrupted(stop)
        if code:
            sys.exit(code)

    def train(self) -> None:
        """Train as one of as many processes as the environment names, drawing progress on standard error."""
        from clearhead.run import train
        from clearhead.run.events import Finished, NothingLeft, Stopped
        from clearhead.run.interruption import Interrupted, Interruption
        from clearhead.run.tensorboard import recorded
        from clearhead.terminal.console import SafeConsole
        from clearhead.terminal.training import show
        from clearhead.translator.unsaved import translated

        others = os.environ.get("RANK", "0") != "0"  # of several processes the first speaks
        console = SafeConsole(stderr=True, highlight=False, markup=False, quiet=others)  # paths are data
        config = self.run_config()
        stopped: Stopped | None = None
        try:
            with Interruption() as interruption:
                events = train.run(
                    config,
                    self.out,
                    translate=translated,
                    resume=self.resume,
                    interruption=interruption,
                )
                watched = events if others else recorded(events, self.out)
                for event in show(watched, console, config.training.max_steps):
                    if isinstance(event, Finished):
                        self._finished(event, console)
                    if isinstance(event, NothingLeft):
                        self._nothing_left(event, console)
                    if isinstance(event, Stopped):
                        console.print(
                            f"stopped at step {event.step:,}, which is saved; go on with: the same command and --resume"
                        )
                        stopped = event
        except Interrupted as stop:
            _say_interrupted(stop, quiet=os.environ.get("LOCAL_RANK", "0") != "0")  # of a machine one speaks
        if stopped:
            sys.exit(128 + stopped.signal)

    def _finished(self, event: "Finished", console: "SafeConsole") -> None:
        from clearhead.run.validation import REASONS

        for name, figures in event.candidates.items():
            console.print(
                f"{name}: validation {figures.scores}{', ' if figures.scores else ''}loss {figures.loss:.3f}"
            )
        by = self.training.select_by if event.figures.scores else "loss"
        console.print(f"kept the {event.chosen}: {REASONS[by]}")
        console.print(f"the run ended with {event.ending}")
        for name, bleu in event.before.items():
            change = f"{event.figures.bleu_by_set[name] - bleu:+.2f}"
            console.print(
                f"{name}: BLEU {bleu:.2f} before, {event.figures.bleu_by_set[name]:.2f} after ({change})"
            )
        show(str(event.model))
        if event.figures.scores:
            console.print(f"next: clearhead translate --model {event.model} < FILE")
        else:
            console.print(f"next: clearhead generate --model {event.model} < FILE")

    def _nothing_left(self, event: "NothingLeft", console: "SafeConsole") -> None:
        console.print(
            f"nothing is left to do: the run ended with {event.ending}; translate with its model {event.model}, or "
            f"{event.going_on}"
        )
        show(str(event.model))

    def run_config(self) -> RunConfig:
        """Return the settings of the TOML file with the flags over them."""
        return RunConfig(
            preset=self.preset or "small",
            init=self.init,
            data=self.data,
            tokenizer=self.tokenizer,
            model=self.model,
            training=self.training,
            decoding=self.decoding,
        )


def _say_interrupted(stop: "Interrupted", *, quiet: bool = False) -> NoReturn:
    if not quiet:
        print("clearhead: interrupted; go on with the same command and --resume", file=sys.stderr)
    sys.exit(128 + stop.signal)
