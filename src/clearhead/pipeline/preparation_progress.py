"""Drawing the preparation of text on a terminal, and as plain lines elsewhere; needs no torch."""

import time
from collections.abc import Iterable

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn, TimeElapsedColumn

from clearhead.data.preparation import Progress
from clearhead.data.store import Store

EVERY_SECONDS = 30
"""How often a line is written where there is no terminal to draw on."""


def show_preparation(events: Iterable[Progress | Store], console: Console) -> Store:
    """Draw how far the preparation of text is, with its rate; return the store that comes last."""
    columns = (
        TextColumn("[bold]{task.description}"),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    started = line = stage_started = time.monotonic()
    stage = ""
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("preparing", figures="")
        for event in events:
            if isinstance(event, Store):
                store = event
                continue
            now = time.monotonic()
            if event.stage != stage:
                stage, stage_started = event.stage, now
            rate = event.pairs / (now - stage_started) if now > stage_started + 0.1 else 0
            figures = preparing(event) + (f", {rate:,.0f} a second" if rate else "")
            progress.update(task, figures=figures)
            if not console.is_terminal and now - line > EVERY_SECONDS:
                line = now
                console.print(figures)
    console.print(f"{len(store):,} pairs in {time.monotonic() - started:,.1f} s")
    return store


def preparing(event: Progress) -> str:
    """Say in a few words how far the preparation of text is."""
    of = f" of {event.total:,}" if event.total else ""
    return f"{event.stage}: {event.pairs:,}{of} pairs"
