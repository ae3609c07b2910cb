"""The progress of long work: a line that is redrawn on a terminal, a plain line now and then elsewhere."""

import time
from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from clearhead.terminal.progress import Moment, fitted, plain

EVERY_SECONDS = 30
"""How often a line is written where there is no terminal to draw on."""
_FIRST_SECONDS = 5
"""When the first one is."""
_SAMPLES, _SECONDS_A_SAMPLE = 60, 10
"""The pace is that of the last ten minutes."""
_SLOWEST = 0.05
"""Items a second below which a rate would be shown as 0.0."""
_SOON = 0.5
"""Seconds before which a pace says nothing."""


class Pace:
    """How fast a count grows, over the last minutes."""

    def __init__(self, completed: int) -> None:
        self._samples = deque([(time.monotonic(), completed)], maxlen=_SAMPLES)

    def rate(self, completed: int) -> float | None:
        """Return how many come in a second, given the new count; None before that is known."""
        now = time.monotonic()
        (since, before), (last, _) = self._samples[0], self._samples[-1]
        if now - last >= _SECONDS_A_SAMPLE:
            self._samples.append((now, completed))
        return (completed - before) / (now - since) if now - since >= _SOON and completed > before else None


class Lines:
    """When to write a line of progress where there is no terminal."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _FIRST_SECONDS

    def due(self) -> bool:
        """Say whether a line is to be written now."""
        now = time.monotonic()
        due = now >= self._next
        if due:
            self._next = now + EVERY_SECONDS
        return due


class Gauge:
    """What is drawn of one piece of work, stage after stage; used as a context."""

    def __init__(self, console: Console, work: str) -> None:
        self.console = console
        self._drawn = console.is_terminal and not console.is_dumb_terminal and not console.quiet
        self._live = Live(self, console=console, auto_refresh=self._drawn, transient=True)
        self._lines = Lines()
        self.begin(work)

    def __enter__(self) -> Self:
        if self._drawn:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield fitted(self.moment(), options.max_width, ascii_only=options.ascii_only)

    def begin(self, work: str, *, completed: int = 0, total: int | None = None, unit: str = "") -> None:
        """Begin another stage, with a clock of its own."""
        self.work = work
        self._completed, self._total, self._unit = completed, total, unit
        self._figures: tuple[str, ...] = ()
        self._pace: Pace | None = (
            None  # from the first report on: what comes before it is a start, and takes its time
        )
        self._started = time.monotonic()
        self._ends: float | None = None

    def reach(self, completed: int, *figures: str, total: int | None = None) -> None:
        """Tell how far the stage is; without figures of its own its rate is shown.

        Elsewhere than on a terminal this writes the line that is due.
        """
        self._pace = self._pace or Pace(completed)
        rate = self._pace.rate(completed)
        self._completed, self._total = completed, self._total if total is None else total
        self._figures = figures or ((_rate(rate, self._unit),) if rate and rate >= _SLOWEST else ())
        if rate and self._total is not None:
            self._ends = time.monotonic() + (self._total - completed) / rate
        if not self._drawn and self._lines.due():
            self.write_line()

    def moment(self) -> Moment:
        """Return what is known now; the time that is left counts down until the next count comes."""
        now = time.monotonic()
        return Moment(
            work=self.work,
            completed=self._completed,
            total=self._total,
            unit=self._unit,
            figures=self._figures,
            elapsed=now - self._started,
            left=None if self._ends is None else max(0.0, self._ends - now),
        )

    def write_line(self) -> None:
        """Write how far it is as a line that no width breaks."""
        self.console.print(plain(self.moment()), soft_wrap=True, markup=False, highlight=False)


def _rate(rate: float, unit: str) -> str:
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.1f} {unit}/s"
