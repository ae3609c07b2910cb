"""Drawing a training run on a terminal, and as plain lines elsewhere."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from clearhead.data.preparation import Progress
from clearhead.run.events import Event, Finished, NothingLeft, Prepared, Saved, Stopped, Validated
from clearhead.terminal.corpus_report import warnings
from clearhead.terminal.preparation import EVERY_SECONDS, Lines, left_out, preparing
from clearhead.training.loop import StepReport


def show(events: Iterable[Event], console: Console, max_steps: int) -> Iterator[Event]:
    """Draw each event and pass it on."""
    columns = (
        TextColumn("[bold]training"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:>6.0f}/{task.total:.0f} steps"),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    meter, lines = _Meter(), Lines()
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("train", total=max_steps, figures="", start=False)
        for event in events:
            match event:
                case Progress():
                    progress.update(task, figures=preparing(event))
                    if not console.is_terminal and lines.due():
                        console.print(preparing(event))
                case Prepared():
                    _prepared(event, console)
                    progress.update(task, completed=event.resumed_from)
                    progress.start_task(task)
                case StepReport():
                    figures = meter.read(event)
                    progress.update(task, completed=event.step, figures=figures)
                    if not event.applied:
                        console.print(
                            f"step {event.step + 1} was left out: loss {event.loss}, gradient norm "
                            f"{event.gradient_norm} is not finite",
                            style="yellow",
                        )
                    elif not console.is_terminal and meter.line_due():
                        console.print(f"step {event.step}/{max_steps}  {figures}")
                case Validated():
                    _validated(event, console)
                    meter.pause()
                case Saved() | Stopped():
                    pass
                case Finished() | NothingLeft():
                    progress.update(task, visible=False)
            yield event


def _prepared(event: Prepared, console: Console) -> None:
    for warning in (*event.warnings, *([] if event.resumed_from else warnings(event.report))):
        console.print(f"note: {warning}", style="yellow", soft_wrap=True)
    facts = event.facts
    console.print(
        f"{facts.pairs:,} pairs{left_out(event.report)}; {facts.valid_pairs:,} for validation; vocabulary of "
        f"{facts.vocab_size:,}, {facts.characters_per_token:.2f} characters a token; padding "
        f"{100 * facts.padding_share:.1f} %; {event.parameters:,} parameters"
        + (f"; going on from step {event.resumed_from:,}" if event.resumed_from else ""),
        highlight=False,
    )
    console.print(f"precision: {event.precision}", highlight=False)
    console.print(event.course, highlight=False)


def _validated(event: Validated, console: Console) -> None:
    figures = event.figures
    console.print(
        f"step {event.step}: validation loss {figures.loss:.3f}, perplexity {figures.perplexity:.2f}, "
        f"BLEU {figures.bleu:.2f}, chrF {figures.chrf:.2f}" + ("  best so far" if event.best else ""),
        highlight=False,
    )
    if len(figures.bleu_by_set) > 1:
        rows = (f"{name} {value:.2f}" for name, value in figures.bleu_by_set.items())
        console.print("  BLEU: " + ", ".join(rows), highlight=False)


class _Meter:
    """Smooths loss and speed for the eye."""

    def __init__(self) -> None:
        self.loss = self.speed = 0.0
        self.last = self.last_line = time.monotonic()

    def read(self, report: StepReport) -> str:
        now = time.monotonic()
        speed = report.tokens / max(1e-9, now - self.last)
        weight = 0.1 if self.speed else 1.0
        if report.applied:
            self.loss += weight * (report.loss - self.loss)
        self.speed += weight * (speed - self.speed)
        self.last = now
        return f"loss {self.loss:5.3f}  {self.speed:6,.0f} tok/s  lr {report.learning_rate:.1e}"

    def pause(self) -> None:
        self.last = time.monotonic()

    def line_due(self) -> bool:
        due = time.monotonic() - self.last_line >= EVERY_SECONDS
        if due:
            self.last_line = time.monotonic()
        return due
