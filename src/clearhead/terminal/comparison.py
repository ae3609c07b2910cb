"""A comparison of two systems as text: tables for a terminal, plain ones elsewhere."""

from collections.abc import Mapping
from typing import IO

import rich.table
from rich import box
from rich.text import Text

from clearhead.measuring.compare import SHOWN, Comparison, Examples, Table, tables, verdict
from clearhead.terminal.console import SafeConsole
from clearhead.text.shown import one_line, safe

SHOWN_HERE = 5
"""The most sentences of each kind on a terminal."""


def write(comparison: Comparison, file: IO[str]) -> None:
    """Write a comparison at the width of the terminal, or of 80 columns."""
    console = SafeConsole(file=file, highlight=False, emoji=False, markup=False)
    console.print(
        _labelled(
            {
                "A": comparison.a.file,
                "B": comparison.b.file,
                "reference": comparison.reference,
                "sentences": f"{comparison.sentences:,}",
            }
        )
    )
    scores, *others = tables(comparison)
    console.print(_drawn(scores))
    for test in (comparison.bleu, comparison.chrf):
        console.print(f"{test.a.name}: {verdict(test)}")
        console.print(f"  {test.a.signature}", soft_wrap=True)  # on one line, so that it can be copied
    for table in others:
        console.print(_drawn(table))
    for examples in comparison.examples():
        _show(examples, console)
    console.print(f"\nUp to {SHOWN_HERE} sentences of each kind; --html FILE shows up to {SHOWN}.")


def _show(examples: Examples, console: SafeConsole) -> None:
    console.print(Text(f"\n{examples.title}", style="bold"))
    console.print(examples.order if examples.sentences else "No sentence.", style="dim")
    for sentence in examples.sentences[:SHOWN_HERE]:
        console.print(f"\nline {sentence.line:,}   A {sentence.chrf_a:.1f}   B {sentence.chrf_b:.1f}")
        source = {} if sentence.source is None else {"source": sentence.source}
        console.print(
            _labelled({**source, "reference": sentence.reference, "A": sentence.a, "B": sentence.b})
        )


def _drawn(table: Table) -> rich.table.Table:
    drawn = rich.table.Table(
        title=Text(f"\n{safe(table.title)}", style="bold"),
        title_justify="left",
        caption=safe(table.note) or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for number, column in enumerate(table.columns):
        drawn.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        drawn.add_row(*row)
    return drawn


def _labelled(texts: Mapping[str, str]) -> rich.table.Table:
    grid = rich.table.Table.grid(padding=(0, 2))
    for label, text in texts.items():
        grid.add_row(Text(label, style="dim"), Text(one_line(text), overflow="fold"))
    return grid
