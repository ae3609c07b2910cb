"""Cells of spreadsheets: their names, which of them are translated, and texts that formulas depend on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clearhead.errors import DocumentError

_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LITERAL = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True)
class Cell:
    """A cell with text."""

    sheet: str
    column: int
    """From 1."""
    row: int
    text: str

    @property
    def place(self) -> str:
        """Return its name, as formulas have it."""
        return f"{self.sheet}!{letters(self.column)}{self.row}"


def letters(column: int) -> str:
    """Return the name of a column, such as AB, by its number from 1."""
    name = ""
    while column > 0:
        column, place = divmod(column - 1, 26)
        name = chr(ord("A") + place) + name
    return name


def numbers(name: str) -> tuple[int, int] | None:
    """Return column and row of a cell by its name, such as AB12."""
    parts = _CELL.fullmatch(name)
    if not parts:
        return None
    column = 0
    for letter in parts[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column, int(parts[2])


def literals(formulas: Iterable[str]) -> set[str]:
    """Return the texts that formulas name, and the choices of lists."""
    named: set[str] = set()
    for formula in formulas:
        for literal in _LITERAL.findall(formula):
            text = literal.replace('""', '"')
            named |= {text, *(choice.strip() for choice in text.split(","))}
    return named


def chosen(cells: Sequence[Cell], columns: Sequence[str]) -> set[Cell]:
    """Return the cells of some columns: by letter, by number from 1, or by the text in the first row of its sheet.

    The cell that names a column is among them. No columns: all cells. Raises DocumentError for a column that no sheet
    has.
    """
    if not columns:
        return set(cells)
    found: set[Cell] = set()
    for name in columns:
        headed = {(cell.sheet, cell.column) for cell in cells if cell.row == 1 and cell.text.strip() == name}
        of_column = [
            cell
            for cell in cells
            if (cell.sheet, cell.column) in headed
            or (not headed and name.upper() in (letters(cell.column), str(cell.column)))
        ]
        if not of_column:
            heads = sorted({cell.text.strip() for cell in cells if cell.row == 1 and cell.text.strip()})
            raise DocumentError(
                f"no sheet has text in a column {name!r}; name one by its letter, number or first row"
                + (f": {', '.join(heads[:20])}" if heads else "")
            )
        found.update(of_column)
    return found
