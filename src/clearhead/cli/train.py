"""`clearhead train`."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tyro.conf import OmitArgPrefixes

from clearhead.cli.output import show
from clearhead.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    RunConfig,
    TokenizerConfig,
    TrainingConfig,
)

if TYPE_CHECKING:
    from clearhead.run.events import Finished, NothingLeft
    from clearhead.run.interruption import Interrupted
    from clearhead.terminal.console import SafeConsole


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a translator from parallel text.

    Example: clearhead train --source train.fr --target train.en --valid-source valid.fr
    --valid-target valid.en --out runs/fr-en --preset small

    Every setting can stand in a TOML file given by --config; flags override it.
    """

    out: Path
    """Run directory to make: log, checkpoints, best and final model."""
    config: Path | None = None
    """TOML file of settings."""
    preset: str | None = None
    """Shape of the model: tiny, small, base or big."""
    resume: bool = False
    """Go on with the run in --out, exactly where its last checkpoint was; where there is none yet, start it. Without
    --config a run goes on with its own settings."""
    init: str = ""
    """Model, run or checkpoint to start from (fine-tuning), or `default`, the one that comes along: its weights, shape
    and tokenizer. Schedule, learning rate, warm-up, steps and validation then have other defaults."""
    workers: str = "1"
    """Processes that train together, each with a batch of its own at every step and a share of the cores; auto: one
    for each GPU, or else for each core up to 4."""
    data: OmitArgPrefixes[DataConfig] = field(default_factory=DataConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    model: ModelConfig = field(default_factory=lambda: ModelConfig.small(vocab_size=8000))
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def run(self) -> None:
        """Train, in this process or in several."""
        from clearhead.run import workers
        from clearhead.run.interruption import Interrupted

        count = workers.number_of(self.workers)
        if count == 1 or "WORLD_SIZE" in os.environ:
            self.train()
            return
        try:
            code = workers.run(self.train, count)
        except Interrupted as stop:
            _say_interrupted(stop)
        if code:
            sys.exit(code)

    def train(self) -> None:
        """Train as one of as many processes as the environment tells, drawing progress on standard error."""
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
                        sys.exit(128 + event.signal)
        except Interrupted as stop:
            _say_interrupted(stop, quiet=os.environ.get("LOCAL_RANK", "0") != "0")  # of a machine one speaks

    def _finished(self, event: "Finished", console: "SafeConsole") -> None:
        from clearhead.run.validation import REASONS

        for name, figures in event.candidates.items():
            console.print(
                f"{name}: validation BLEU {figures.bleu:.2f}, chrF {figures.chrf:.2f}, loss {figures.loss:.3f}"
            )
        console.print(f"kept the {event.chosen}: {REASONS[self.training.select_by]}")
        console.print(f"the run ended with {event.ending}")
        for name, bleu in event.before.items():
            change = f"{event.figures.bleu_by_set[name] - bleu:+.2f}"
            console.print(
                f"{name}: BLEU {bleu:.2f} before, {event.figures.bleu_by_set[name]:.2f} after ({change})"
            )
        show(str(event.model))
        console.print(f"next: clearhead translate --model {event.model} < FILE")

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
