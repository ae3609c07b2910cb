"""A comparison of two systems as text: tables for a terminal, plain ones elsewhere."""

from collections.abc import Mapping
from typing import IO

import rich.table
from rich import box
from rich.text import Text

from clearhead.measuring.compare import Comparison, Table, tables, verdict
from clearhead.terminal.console import SafeConsole
from clearhead.text.shown import one_line, safe


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
    for heading, sentences in comparison.examples().items():
        console.print(Text(f"\n{heading} (sentence chrF)", style="bold"))
        if not sentences:
            console.print("\nno sentence")
        for each in sentences:
            console.print(f"\nline {each.line:,}   A {each.chrf_a:.1f}   B {each.chrf_b:.1f}")
            source = {} if each.source is None else {"source": each.source}
            console.print(_labelled({**source, "reference": each.reference, "A": each.a, "B": each.b}))


def _drawn(table: Table) -> rich.table.Table:
    drawn = rich.table.Table(
        title=Text(f"\n{safe(table.title)}", style="bold"), title_justify="left", box=box.SIMPLE_HEAD
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
