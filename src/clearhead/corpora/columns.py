"""Which two columns of a table hold the sides of a corpus: as the user says, or as its first rows show.

Mined corpora begin with a score, exports of Tatoeba with numbers of sentences, crawls with addresses, and
spreadsheets have a head line. What is not plain is not guessed.
"""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clearhead.errors import ConfigError, DataError
from clearhead.text.language_codes import find, known, same

Row = Sequence[str]

_NUMBER = re.compile(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?\s?%?")
_ADDRESS = re.compile(r"(?:[a-z][a-z\d+.-]*://|www\.)\S+", re.IGNORECASE)
_NO_WORD = re.compile(r"\S*(?:\d|[_/@\\]|\w[.:]\w)\S*")
"""What a number, a date, a sum, an e-mail address and the name of a file have in common."""
_FIGURES = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_PRESENT, _MOST, _FORM = 0.8, 0.5, 12
"""Shares of its rows where a column has text; characters of a beginning that many of its cells share."""

_LANGUAGES = (
    "arabic:ar bulgarian:bg catalan:ca chinese:zh croatian:hr czech:cs danish:da dutch:nl english:en estonian:et "
    "finnish:fi french:fr german:de greek:el hebrew:he hindi:hi hungarian:hu indonesian:id italian:it japanese:ja "
    "korean:ko latvian:lv lithuanian:lt norwegian:no persian:fa polish:pl portuguese:pt romanian:ro russian:ru "
    "serbian:sr slovak:sk slovenian:sl spanish:es swedish:sv thai:th turkish:tr ukrainian:uk vietnamese:vi"
)
_NAMED = dict(entry.split(":") for entry in _LANGUAGES.split())
_SIDES = ({"source", "src"}, {"target", "tgt", "trg", "translation"})
_HEAD_WORDS = (
    "text sentence sentences segment string id ids no nr number score scores url urls origin original domain lang "
    "language locale comment notes reference ref mt license similarity laser margin bicleaner"
)
_HEADS = frozenset().union(*_SIDES, _HEAD_WORDS.split())


@dataclass(frozen=True)
class Layout:
    """Where the sides are in the rows of a table."""

    source: int
    """Column, from 0."""
    target: int
    width: int
    """Columns of most rows."""
    head: bool = False
    """Whether the first row names the columns."""

    def has(self, row: Row) -> bool:
        """Say whether a row reaches to both columns."""
        return len(row) > max(self.source, self.target)


def layout(
    path: Path | str, rows: Sequence[Row], languages: tuple[str, str], columns: Sequence[int | str] = ()
) -> Layout:
    """Return where the sides are, from the first rows, blank ones left out.

    Raises ConfigError for columns that the table does not have, and DataError where it has more than two and
    which of them hold the text is not plain.
    """
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 2
    first = rows[0] if rows else ()
    head = len(rows) > 1 and _is_head(rows, languages)
    if columns:
        names = any(isinstance(column, str) for column in columns)
        source, target = (_place(path, column, first, width) for column in columns)
        return Layout(source, target, width, head or names)
    named = _named(first, languages) if head else None
    if named:
        return Layout(*named, width, head=True)
    if width <= 2:
        return Layout(0, 1, width, head)
    texts = _text_columns(rows[head:], width)
    if len(texts) != 2:
        raise DataError(
            f"{path} has {width} columns, and its first rows do not show which two hold the text: "
            f"{shown(rows[head])}; say which, source first: --columns 1 2 (columns = [1, 2] in the run.toml)"
        )
    return Layout(texts[0], texts[1], width, head)


def column_of(
    path: Path | str, rows: Sequence[Row], side: int, language: str, columns: Sequence[int | str] = ()
) -> Layout | None:
    """Return a layout whose source is one side of a table, 0 or 1; None where only their order shows which is which.

    The side is known by `columns`, or by a head line that names languages or sides. Raises ConfigError as `layout`.
    """
    languages = (language, language)
    if columns:
        of_both = layout(path, rows, languages, columns)
        return replace(of_both, source=(of_both.source, of_both.target)[side], target=0)
    if not (len(rows) > 1 and _is_head(rows, languages)):
        return None
    place = _of_language(language, rows[0]) if language else None
    named = _by_side(rows[0])
    if place is None and named:
        place = named[side]
    return None if place is None else Layout(place, 0, len(rows[0]), head=True)


def described(path: Path | str, shape: Layout, *, quoted: bool, chosen: bool = False) -> str | None:
    """Say how a table is read and how to overrule that; None for two plain columns, or those asked for."""
    parts = []
    if chosen and not (shape.head or quoted):
        return None
    if shape.width > 2 or (shape.source, shape.target) != (0, 1):
        parts.append(
            f"columns {shape.source + 1} and {shape.target + 1} of {shape.width} are source and target"
        )
    if shape.head:
        parts.append("the first line names the columns and is not text")
    if quoted:
        parts.append("cells are quoted as in a spreadsheet")
    overrule = "if that is wrong, give --columns SOURCE TARGET (columns = [1, 2] under [data])"
    return f"{path}: {'; '.join(parts)}; {overrule}" if parts else None


def quoted(lines: Sequence[str]) -> bool:
    """Say whether lines are written as spreadsheets do, which quote a cell of quotes, tabs or line breaks and double
    the quotes in it: where they are, each line is exactly what a spreadsheet would write.
    """
    rows, begun = [], [line for line in lines if line]
    if not any('"' in line for line in begun):
        return False
    reader = csv.reader((f"{line}\n" for line in begun), delimiter="\t", strict=True)
    starts = [0]
    try:
        for row in reader:
            rows.append(row)
            starts.append(reader.line_num)
    except csv.Error:
        if (
            not rows or len(begun) - starts[-1] > len(begun) // 2
        ):  # else it may be a cell whose end is not here
            return False
    raw = ["\n".join(begun[start:end]) for start, end in itertools.pairwise(starts)]
    with_quotes = [(row, line) for row, line in zip(rows, raw, strict=True) if '"' in line]
    return bool(with_quotes) and any(
        all(_written(row, how) == line for row, line in which)
        for how, which in (
            (csv.QUOTE_MINIMAL, with_quotes),
            (csv.QUOTE_ALL, list(zip(rows, raw, strict=True))),
        )
    )


def shown(row: Row) -> str:
    """Return a row on one line, its cells parted by bars, long ones cut."""
    cells = (cell if len(cell) <= 40 else f"{cell[:37]}..." for cell in row[:12])
    return repr(" | ".join(cells))


def _written(row: Row, how: int) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter="\t", lineterminator="\n", quoting=how).writerow(row)  # type: ignore[arg-type]
    return file.getvalue().removesuffix("\n")


def _place(path: Path | str, column: int | str, first: Row, width: int) -> int:
    """Return a column from 0, given its number from 1 or its name."""
    if isinstance(column, str):
        plain = [cell.strip().lower() for cell in first]
        if column.strip().lower() in plain:
            return plain.index(column.strip().lower())
        place = _of_language(column, first)
        if place is not None:
            return place
        raise ConfigError(
            f"{path} has no column {column!r}; its first line is {shown(first)}: give two of these names, or numbers"
        )
    if column > width:
        raise ConfigError(
            f"{path} has {width} columns, and columns asks for {column}; its first line is {shown(first)}"
        )
    return column - 1


def _is_head(rows: Sequence[Row], languages: tuple[str, str]) -> bool:
    """Say whether the first row names the columns: in usual words, or where the others have nothing but numbers."""
    first = [cell.strip() for cell in rows[0]]
    if len(first) < 2 or not all(first) or len(set(first)) < 2:
        return False
    places = {_of_language(language, first) for language in languages if language}
    others_too = len(places) == 2 and None not in places  # then other codes are those of other languages
    if all(_is_name(cell, () if others_too else languages) for cell in first):
        return True
    if len(rows) < 4 or any(_NUMBER.fullmatch(cell) or len(cell) > 40 for cell in first):
        return False
    others = [[row[place] for row in rows[1:] if len(row) > place] for place in range(len(first))]
    return any(cells and all(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in others) and any(
        not all(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in others
    )


def _is_name(cell: str, languages: Sequence[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(cell)]
    wanted = [language for language in languages if language]
    if any(same(cell, language) or _NAMED.get(cell.lower()) == language for language in wanted):
        return True
    if not wanted and known(cell) and cell.isascii():
        return True
    return bool(words) and all(word in _HEADS or word in _NAMED or _is_code(word, wanted) for word in words)


def _is_code(word: str, wanted: Sequence[str]) -> bool:
    return any(same(word, language) for language in wanted) if wanted else known(word)


def _named(first: Row, languages: tuple[str, str]) -> tuple[int, int] | None:
    """Return the columns that a head names by the languages, or as source and target."""
    by_language = tuple(_of_language(language, first) if language else None for language in languages)
    if by_language[0] is not None and by_language[1] is not None and by_language[0] != by_language[1]:
        return by_language[0], by_language[1]
    return _by_side(first)


def _by_side(first: Row) -> tuple[int, int] | None:
    """Return the columns that a head calls source and target."""
    places_of_sides = [
        [place for place, cell in enumerate(first) if set(map(str.lower, _WORD.findall(cell))) & names]
        for names in _SIDES
    ]
    return (
        (places_of_sides[0][0], places_of_sides[1][0])
        if [len(places) for places in places_of_sides] == [1, 1]
        else None
    )


def _of_language(language: str, first: Row) -> int | None:
    """Return the column whose name is a language: its code, its English name, or either among few words."""
    codes = [_NAMED.get(cell.strip().lower(), cell.strip()) for cell in first]
    closest = find(language, codes)
    if closest is not None:
        return codes.index(closest)
    within = [
        place
        for place, cell in enumerate(first)
        if any(same(language, _NAMED.get(word.lower(), word)) for word in _WORD.findall(cell))
        and not {"id", "url", "lang", "score"} & set(map(str.lower, _WORD.findall(cell)))
    ]
    return within[0] if len(within) == 1 else None


def _text_columns(rows: Sequence[Row], width: int) -> list[int]:
    """Return the columns of text, leaving out labels and notes of one form where there are more than two."""
    cells = [
        [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        for place in range(width)
    ]
    texts = [
        place
        for place in range(width)
        if len(cells[place]) >= _PRESENT * len(rows) and _is_text(cells[place])
    ]
    for is_label in (_is_label, _has_one_form):
        if len(texts) > 2:
            texts = [place for place in texts if not is_label(cells[place])]
    return texts


def _is_text(cells: Sequence[str]) -> bool:
    words = sum(
        any(map(str.isalpha, cell)) and not (_ADDRESS.fullmatch(cell) or _NO_WORD.fullmatch(cell))
        for cell in cells
    )
    return words > _MOST * len(cells)


def _is_label(cells: Sequence[str]) -> bool:
    """Say whether cells are codes of languages, or a few words again and again."""
    return all(known(cell) for cell in cells) or (len(cells) > 9 and len(set(cells)) <= len(cells) // 10)


def _has_one_form(cells: Sequence[str]) -> bool:
    """Say whether most cells begin alike, but for figures, as notes on licences do."""
    beginnings = Counter(_FIGURES.sub("0", cell)[:_FORM] for cell in cells)
    return len(cells) > 1 and beginnings.most_common(1)[0][1] > _MOST * len(cells)
