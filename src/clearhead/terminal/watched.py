"""Drawing how far a piece of work is, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clearhead.terminal.console import SafeConsole
from clearhead.terminal.gauge import Gauge


@contextmanager
def watched(work: str, total: int | None = None, unit: str = "sentences") -> Iterator[Callable[[int], None]]:
    """Show how many are done, how fast, and how long it takes; yields the function to call with the count."""
    with Gauge(SafeConsole(stderr=True), work) as gauge:
        gauge.begin(work, total=total, unit=unit)
        yield gauge.reach
