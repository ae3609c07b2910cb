"""Tables in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of cells under a heading; the first column is words, the others are numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Return the table as Markdown, its title in bold above it."""
        assert all(len(row) == len(self.head) for row in self.rows), "every row has a cell for each column"
        ruler = ["---", *["---:"] * (len(self.head) - 1)]
        return "\n".join(
            [f"**{self.title}**", "", *(f"| {' | '.join(row)} |" for row in (self.head, ruler, *self.rows))]
        )
