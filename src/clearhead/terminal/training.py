"""Drawing a training run."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console

from clearhead.data.preparation import Progress
from clearhead.run.events import (
    Diagnosed,
    Event,
    Finished,
    NothingLeft,
    Prepared,
    Saved,
    Stopped,
    Validated,
    Validating,
)
from clearhead.terminal.corpus_report import warnings
from clearhead.terminal.gauge import Gauge
from clearhead.terminal.preparation import draw, left_out
from clearhead.training.loop import StepReport

_TRAINING = "training"


def show(events: Iterable[Event], console: Console, max_steps: int) -> Iterator[Event]:
    """Draw each event and pass it on."""
    meter = _Meter()
    with Gauge(console, "preparing") as gauge:
        for event in events:
            match event:
                case Progress():
                    draw(event, gauge)
                case Prepared():
                    _prepared(event, console)
                    last = event.last_step or max_steps
                    gauge.begin(_TRAINING, completed=event.resumed_from, total=last, unit="steps")
                    meter.pause()
                case StepReport():
                    gauge.work = _TRAINING
                    gauge.reach(event.step, *meter.read(event))
                    if not event.applied:
                        _skipped(event, console)
                case Validating(final=False):
                    gauge.work = "validating"
                case Validating():
                    gauge.begin("averaging and validating the last weights")
                    if not console.is_terminal:
                        console.print(gauge.work)
                case Validated():
                    _validated(event, console)
                    gauge.work = _TRAINING
                    meter.pause()
                case Diagnosed():
                    console.print(f"step {event.finding.step:,}: {event.finding}", style="yellow")
                case Saved() | Stopped() | Finished() | NothingLeft():
                    pass
            yield event


def _skipped(event: StepReport, console: Console) -> None:
    console.print(
        f"step {event.step + 1} was skipped: loss {event.loss}, gradient norm {event.gradient_norm}; both must be "
        "finite",
        style="yellow",
    )


def _prepared(event: Prepared, console: Console) -> None:
    for warning in (*event.warnings, *([] if event.resumed_from else warnings(event.report))):
        console.print(f"note: {warning}", style="yellow")
    facts = event.facts
    console.print(
        f"{facts.pairs:,} pairs{left_out(event.report)}; {facts.valid_pairs:,} for validation; vocabulary of "
        f"{facts.vocab_size:,}, {facts.characters_per_token:.2f} characters per token; padding "
        f"{100 * facts.padding_share:.1f} %; {event.parameters:,} parameters"
        + (f"; resuming at step {event.resumed_from:,}" if event.resumed_from else ""),
        highlight=False,
    )
    console.print(f"precision: {event.precision}", highlight=False)
    console.print(event.course, highlight=False)


def _validated(event: Validated, console: Console) -> None:
    figures = event.figures
    console.print(
        f"step {event.step:,}: validation loss {figures.loss:.3f}, perplexity {figures.perplexity:.2f}"
        + (f", {figures.scores}" if figures.scores else "")
        + ("  best so far" if event.best else ""),
        highlight=False,
    )
    if len(figures.bleu_by_set) > 1:
        rows = (f"{name} {value:.2f}" for name, value in figures.bleu_by_set.items())
        console.print("  BLEU: " + ", ".join(rows), highlight=False)


class _Meter:
    """Smooths loss and speed for the eye."""

    def __init__(self) -> None:
        self.loss = self.speed = 0.0
        self.last = time.monotonic()

    def read(self, report: StepReport) -> tuple[str, ...]:
        """Return the figures to draw, the most important first."""
        now = time.monotonic()
        speed = report.tokens / max(1e-9, now - self.last)
        weight = 0.1 if self.speed else 1.0
        if report.applied:
            self.loss += weight * (report.loss - self.loss)
        self.speed += weight * (speed - self.speed)
        self.last = now
        return f"loss {self.loss:5.3f}", f"{self.speed:6,.0f} tok/s", f"lr {report.learning_rate:.1e}"

    def pause(self) -> None:
        """Take what follows for no part of a step."""
        self.last = time.monotonic()
