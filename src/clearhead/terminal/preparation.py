"""Drawing the preparation of text on a terminal, and as plain lines elsewhere; needs no torch."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn, TimeElapsedColumn

from clearhead.data.preparation import Progress
from clearhead.data.store import Store

EVERY_SECONDS = 30
"""How often a line is written where there is no terminal to draw on."""
_FIRST_SECONDS = 5
"""When the first one is."""


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


def show_preparation(events: Iterable[Progress | Store], console: Console) -> Store:
    """Draw how far the preparation of text is, with its rate; return the store that comes last."""
    columns = (
        TextColumn("[bold]{task.description}"),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    started = stage_started = time.monotonic()
    stage, lines = "", Lines()
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("preparing", figures="")
        for event in events:
            if isinstance(event, Store):
                store = event
                continue
            if event.note:
                console.print(f"note: {event.note}", markup=False, soft_wrap=True)
            now = time.monotonic()
            if event.stage != stage:
                stage, stage_started = event.stage, now
            rate = event.pairs / (now - stage_started) if now > stage_started + 0.1 else 0
            figures = preparing(event) + (f", {rate:,.0f} a second" if rate else "")
            progress.update(task, figures=figures)
            if not console.is_terminal and lines.due():
                console.print(figures)
    for report in store.report:
        for note in report.get("notes", ()):
            console.print(f"note: {note}", markup=False, soft_wrap=True)
    seconds = time.monotonic() - started
    console.print(f"{len(store):,} pairs{left_out(store.report)}; in {seconds:,.1f} s", soft_wrap=True)
    return store


def left_out(reports: Iterable[Mapping[str, Any]]) -> str:
    """Say how many pairs each fault left out."""
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(
            {fault: entry["count"] for fault, entry in report["faults"].items() if entry["left_out"]}
        )
    return "".join(f", {count:,} left out ({fault})" for fault, count in counts.items())


def preparing(event: Progress) -> str:
    """Say in a few words how far the preparation of text is."""
    of = f" of {event.total:,}" if event.total else ""
    return f"{event.stage}: {event.pairs:,}{of} pairs"
