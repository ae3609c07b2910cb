"""Tables in text, CSV and TSV: the cells of some columns are translated; all others stay byte for byte.

Columns are named by the head line or numbered from 1; without a choice, those most of whose cells are text. A head
line is recognised and left as it is. A cell that was translated is quoted if it was, or if it must be.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from clearhead.errors import DocumentError
from clearhead.segments.decoded import decoded
from clearhead.segments.fields import Field, Fields
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Left
from clearhead.strings import translatable as strings

_DELIMITERS = ",;\t|"
_SAMPLE, _LONGEST_NAME = 500, 40
_MOST = 0.5
"""Share of the cells of a column that are text where the column is."""
_LONGER = 1.5
"""How much longer than their column's name cells of text are."""


@dataclass(frozen=True)
class _Cell:
    start: int
    end: int
    text: str
    quoted: bool


def read(data: bytes, reading: Reading) -> Fields:
    """Return a table as a document, its delimiter recognised.

    Raises DocumentError for quotes that do not close, and for a column that the table does not have.
    """
    file = decoded(data)
    delimiter = _delimiter(file.text)
    rows = list(_rows(file.text, delimiter))
    head, columns = _layout([cells for _, cells in rows], reading.columns)
    fields, left = [], []
    for line, cells in rows[head:]:
        for column in columns:
            cell = cells[column] if column < len(cells) else None
            if cell is None or not strings.is_text(cell.text):
                continue
            place = f"line {line}, column {column + 1}"
            why = strings.unsafe(cell.text)
            if why:
                left.append(Left(place=place, why=why))
                continue
            write = partial(_written, quoted=cell.quoted, delimiter=delimiter)
            fields.append(Field(start=cell.start, end=cell.end, text=cell.text, place=place, write=write))
    return Fields(file, fields, left)


def _delimiter(text: str) -> str:
    """Return the mark that parts most lines of a table into as many cells."""
    unquoted = re.sub(r'"[^"]*"', '""', text[: 1 << 16])
    lines = [line for line in unquoted.splitlines() if line.strip()][:_SAMPLE]
    best, most = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        counts = Counter(line.count(delimiter) for line in lines if delimiter in line)
        count, often = counts.most_common(1)[0] if counts else (0, 0)
        if lines and (often / len(lines), count) > most:
            most, best = (often / len(lines), count), delimiter
    return best


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[_Cell]]]:
    """Yield the rows of a table, each with the line where it begins.

    Raises DocumentError for quotes that do not close.
    """
    mark = re.escape(delimiter)
    cell = re.compile(rf'"(?P<quoted>(?:[^"]|"")*+)"(?=[{mark}\r\n]|\Z)|(?P<plain>[^{mark}\r\n]*+)')
    place, line, row_line = 0, 1, 1
    row: list[_Cell] = []
    while place < len(text):
        match = cell.match(text, place)
        assert match
        quoted = match["quoted"] is not None
        value = match["quoted"].replace('""', '"') if quoted else match["plain"]
        if not quoted and delimiter != "\t" and value.startswith('"') and value.count('"') % 2:
            raise DocumentError(
                f"line {line}: the quotes of a cell do not close; fix them, or save the table again"
            )
        row.append(_Cell(match.start(), match.end(), value, quoted))
        place = match.end()
        line += len(re.findall(r"\r\n|\n|\r", match[0])) if quoted else 0
        if text[place : place + 1] == delimiter:
            place += 1
            if place < len(text):
                continue
            row.append(_Cell(place, place, "", False))
        yield row_line, row
        row = []
        place += len(re.match(r"\r\n|\n|\r|", text[place : place + 2])[0])  # type: ignore[index]
        line += 1
        row_line = line


def _layout(rows: Sequence[Sequence[_Cell]], chosen: Sequence[str]) -> tuple[int, list[int]]:
    """Return how many rows are a head, 0 or 1, and which columns are translated, from 0."""
    width = max(map(len, rows), default=0)
    names = [cell.text.strip() for cell in rows[0]] if rows else []
    columns = [_column(name, names, width) for name in chosen]
    if any(not name.isdecimal() for name in chosen):
        return 1, sorted(set(columns))
    sample = rows[1 : 1 + _SAMPLE]
    cells = [
        [row[n].text.strip() for row in sample if n < len(row) and row[n].text.strip()] for n in range(width)
    ]
    texts = [n for n in range(width) if sum(map(strings.is_text, cells[n])) > _MOST * len(cells[n])]
    if not sample and names:
        texts = list(range(width))
    return int(_is_head(names, cells, texts)), sorted(set(columns)) if chosen else texts


def _column(name: str, names: Sequence[str], width: int) -> int:
    """Return a column from 0, given its name or its number."""
    lower = [other.lower() for other in names]
    if name.strip().lower() in lower:
        return lower.index(name.strip().lower())
    if name.isdecimal() and 1 <= int(name[:9]) <= width:
        return int(name) - 1
    held = ", ".join(names)[:200]
    raise DocumentError(
        f"the table has no column {name!r}; its first line is: {held}; give one of these names, or a number from 1 to "
        f"{width}: --columns {names[0] if names and ' ' not in names[0] else 1}"
    )


def _is_head(names: Sequence[str], cells: Sequence[Sequence[str]], texts: Sequence[int]) -> bool:
    """Say whether the first row names the columns: short names, all different, over cells of another kind."""
    if not any(cells) or not names or not all(names) or len(set(names)) < len(names):
        return False
    if any(
        len(name) > _LONGEST_NAME or name[-1] in ".!?" or not any(map(str.isalpha, name)) for name in names
    ):
        return False
    others = [column for column in range(len(names)) if column not in texts and cells[column]]
    if any(strings.is_text(names[n]) and not any(map(strings.is_text, cells[n])) for n in others):
        return True
    return all(
        median(map(len, cells[n])) > _LONGER * len(names[n]) for n in texts if n < len(names) and cells[n]
    )


def _written(text: str, *, quoted: bool, delimiter: str) -> str:
    if quoted or any(mark in text for mark in f'{delimiter}\r\n"'):
        return '"' + text.replace('"', '""') + '"'
    return text
