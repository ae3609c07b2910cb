"""`clearhead plan`."""

import dataclasses
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from clearhead.cli.output import print_json, tell
from clearhead.config import RunConfig
from clearhead.config.tables import read_toml
from clearhead.extras import require_torch

if TYPE_CHECKING:
    from clearhead.planning import plan


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Estimate memory, operations and time of a run before it starts.

    Examples:
        clearhead plan --config run.toml
        clearhead plan --config run.toml --workers 8
    """

    config: Path | None = None
    """TOML file with settings."""
    preset: str | None = None
    """Model shape: tiny, small, base or big."""
    source: str = ""
    """Source text, one sentence per line, or one file with both sides. Without --config, settings fit it."""
    target: str = ""
    """Target text, aligned line by line; leave it out if one file holds both sides."""
    source_lang: str = ""
    """Language code of the source; needed for files that hold several languages (.tmx, .jsonl)."""
    target_lang: str = ""
    """Language code of the target."""
    columns: tuple[int | str, ...] = ()
    """Columns of source and target in a .tsv: two numbers from 1, or two names from its first line."""
    measure: bool = True
    """Run real training steps for a few seconds to measure the time."""
    device: Annotated[str, arg(metavar="cpu|cuda|cuda:N")] = ""
    """Device to measure; without it training.device."""
    workers: Annotated[int, arg(metavar="N")] = 1
    """Processes that will train together, one per GPU; on the CPU they share the cores of this machine."""
    bandwidth: Annotated[float, arg(metavar="GB/S")] = 0.0
    """Gigabytes per second between two of them in one direction; without it 50 between GPUs, which is a network of 400
    Gb/s."""
    json: bool = False
    """Print the result as one JSON object."""

    def run(self) -> None:
        """Print the plan."""
        require_torch("clearhead plan")
        say = tell if sys.stderr.isatty() else _unsaid
        say("loading PyTorch ...")
        from clearhead.planning.plan import plan

        result = plan(
            self.run_config(),
            measure=self.measure,
            workers=self.workers,
            bandwidth=1e9 * self.bandwidth,
            tell=say,
        )
        if self.json:
            times = {"seconds": result.seconds, "seconds_together": result.seconds_together}
            print_json({**dataclasses.asdict(result), **times})
            return
        for name, value in _rows(result):
            print(f"{name:<12}{value}")

    def run_config(self) -> RunConfig:
        """Return the settings of the file, with the corpus of the flags; without a file those that fit the corpus."""
        from clearhead.planning.suggestion import suggested_for

        values: dict[str, Any] = read_toml(self.config) if self.config else {}
        names = ("source", "target", "source_lang", "target_lang", "columns")
        corpus = {name: getattr(self, name) for name in names if getattr(self, name)}
        if corpus and isinstance(values.get("data", {}), dict):
            values["data"] = {**values.get("data", {}), **corpus}
        if self.device and isinstance(values.get("training", {}), dict):
            values["training"] = {**values.get("training", {}), "device": self.device}
        if self.source and not self.config:
            values, _ = suggested_for(values, preset=self.preset)
        return RunConfig.from_dict(values, preset=self.preset)


def _rows(result: "plan.Plan") -> Iterator[tuple[str, str]]:
    parts = ", ".join(f"{name} {count:,}" for name, count in result.parameters_by_part.items())
    step_flops = result.flops_per_token * result.tokens_per_step
    yield "parameters", f"{result.parameters:,} ({parts})"
    yield "memory", f"about {result.memory_bytes / 2**30:.2f} GiB, not counting the program itself"
    yield (
        "operations",
        f"{result.flops_per_token / 1e6:,.1f} MFLOP per token, {step_flops / 1e9:,.1f} GFLOP per step",
    )
    yield "precision", _precision(result.precision)
    size = "about" if result.device and result.pairs else "up to"
    yield "steps", f"{result.steps:,} of {size} {result.tokens_per_step:,} target tokens"
    if result.pairs:
        passes = result.steps * result.tokens_per_step / result.tokens_per_epoch
        yield (
            "corpus",
            f"{result.pairs:,} pairs, about {result.tokens_per_epoch:,} target tokens, seen about {passes:,.1f} times",
        )
    if result.tokens_per_second:
        busy = "; something else uses the processor too, so alone it is faster" if result.busy else ""
        yield (
            "speed",
            f"{result.tokens_per_second:,.0f} target tokens/s, measured just now on {result.device}{busy}",
        )
        yield "time", f"{in_words(result.seconds)}, validation not counted"
        yield from _together(result)
        yield from _shorter(result)


def _together(result: "plan.Plan") -> Iterator[tuple[str, str]]:
    """Yield what several processes would do."""
    scaled = result.together
    if scaled:
        yield (
            "workers",
            f"{scaled.processes} learn {scaled.tokens_per_second:,.0f} target tokens/s, "
            f"{100 * scaled.efficiency:.0f} % of what they would without waiting for each other; most of a step is "
            f"{scaled.bound_by}; as many tokens take {in_words(result.seconds_together)}",
        )


def _shorter(result: "plan.Plan") -> Iterator[tuple[str, str]]:
    """Yield how to bring a run that is longer than an afternoon down to one."""
    from clearhead.planning.suggestion import AFTERNOON

    steps = result.steps_within(AFTERNOON)
    if result.seconds <= AFTERNOON * 1.1 or not steps:
        return
    yield (
        "shorter",
        f"{in_words(AFTERNOON)} are enough for {steps:,} steps: max_steps = {steps} under [training], or "
        f"clearhead train ... --training.max-steps {steps}",
    )


def _unsaid(line: str) -> None:
    """Say nothing where nobody waits at a terminal."""


def _precision(precision: str) -> str:
    return "auto, measured when the run starts" if precision == "auto" else precision


def in_words(seconds: float) -> str:
    """Return a length of time in words, no more exact than it is known."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return "about a minute"
    if minutes < 58:
        return f"about {minutes} minutes"
    if minutes >= 48 * 60:
        return f"about {round(minutes / 1440)} days"
    grain = 5 if minutes < 600 else 60
    hours, minutes = divmod(grain * round(minutes / grain), 60)
    whole = "about an hour" if hours == 1 else f"about {hours} hours"
    return f"{whole} and {minutes} minutes" if minutes else whole
