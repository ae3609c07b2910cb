"""Drawing the preparation of text; needs no torch."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from clearhead.data.preparation import Progress
from clearhead.data.store import Store
from clearhead.terminal.gauge import Gauge


def show_preparation(events: Iterable[Progress | Store], console: Console) -> Store:
    """Draw how far the preparation of text is, with its rate; return the store that comes last."""
    started = time.monotonic()
    with Gauge(console, "preparing") as gauge:
        for event in events:
            if isinstance(event, Store):
                store = event
            else:
                draw(event, gauge)
    for report in store.report:
        for note in report.get("notes", ()):
            console.print(f"note: {note}", markup=False)
    seconds = time.monotonic() - started
    read = sum(report["pairs_read"] for report in store.report)
    rate = f", {read / seconds:,.0f} pairs/s" if seconds >= 1 else ""
    console.print(f"{len(store):,} pairs{left_out(store.report)}; prepared in {seconds:,.1f} s{rate}")
    return store


def draw(event: Progress, gauge: Gauge) -> None:
    """Draw how far the preparation is, a stage after the other, and write its notes."""
    if event.note:
        gauge.console.print(f"note: {event.note}", markup=False)
    if event.stage != gauge.work:
        gauge.begin(event.stage, total=event.total, unit="pairs")
    gauge.reach(event.pairs, total=event.total)


def left_out(reports: Iterable[Mapping[str, Any]]) -> str:
    """Say how many pairs each fault left out."""
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(
            {fault: entry["count"] for fault, entry in report["faults"].items() if entry["left_out"]}
        )
    return "".join(f", {count:,} left out ({fault})" for fault, count in counts.items())
