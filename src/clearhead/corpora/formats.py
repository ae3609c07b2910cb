"""Files that hold both sides of a corpus, one pair per line: tables (TSV) and JSON Lines."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

from clearhead.corpora import columns as tables
from clearhead.corpora.lines import OVERLONG, Overlong, read_lines
from clearhead.corpora.packed import is_stream
from clearhead.corpora.pair import Pair
from clearhead.errors import ConfigError, DataError
from clearhead.text.language_codes import find

Tell = Callable[[str], None]
"""Who hears how a file was understood, in one line."""
NO_ROW = "row without these columns"

_FEW, _MANY, _QUOTES = 500, 20_000, 20
"""Rows to know a table by, and the most that are read to find that many with quotes."""
_UNSEEN = "\ue58b"
"""Stands for a line that was too long among the rows of a spreadsheet."""


def silent(line: str) -> None:
    """Hear nothing."""


def read_tsv(
    path: Path | str,
    source_lang: str = "",
    target_lang: str = "",
    columns: Sequence[int | str] = (),
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the pairs of a table with tabs between its columns: those that `columns` names, or recognised ones.

    A blank line is a pair with empty sides. Raises DataError for a line without a tab where there are two columns,
    and where it is not plain which columns hold the text.
    """
    table = _Table(path)
    shape = tables.layout(path, table.first_rows, (source_lang, target_lang), columns)
    described = tables.described(path, shape, quoted=table.quoted, chosen=bool(columns))
    if described:
        tell(described)
    yield from table.pairs(shape)


def read_column(
    path: Path | str, side: int, language: str = "", columns: Sequence[int | str] = ()
) -> Iterator[str]:
    """Yield one side of a table, 0 for the source and 1 for the target; a file without tabs is that side itself.

    Raises ConfigError where neither `columns` nor a head line says which column it is.
    """
    table = _Table(path)
    if all(len(row) == 1 for row in table.first_rows):
        yield from read_lines(path, bounded=True) if not is_stream(str(path)) else table.lines
        return
    shape = tables.column_of(path, table.first_rows, side, language, columns)
    if shape is None:
        raise ConfigError(
            f"{path} holds both sides, but was given as {('source', 'target')[side]} together with another file; give "
            "it alone, as the source without a target, or say which columns they are: --columns SOURCE TARGET"
        )
    for pair in table.pairs(shape):
        yield Overlong(pair.src) if pair.fault == OVERLONG else pair.src


class _Table:
    """The rows of a table with tabs; the first ones are known before all are read."""

    def __init__(self, path: Path | str) -> None:
        self.path, self.name = path, str(path)
        lines = read_lines(path, bounded=True)
        sample = _sample(lines)
        self.quoted = tables.quoted(sample)
        self.lines = chain(sample, lines)
        self.first_rows = [row for row in _first_rows(sample, quoted=self.quoted) if any(row)]

    def pairs(self, shape: tables.Layout) -> Iterator[Pair]:
        """Yield the pairs in two columns."""
        rows = _spreadsheet(self.path, self.lines) if self.quoted else enumerate(self._rows(), start=1)
        head = shape.head
        for number, row in rows:
            if head and any(row):
                head = False
                continue
            yield self._pair(row, number, shape)

    def _rows(self) -> Iterator[Sequence[str]]:
        for line in self.lines:
            yield [line] if isinstance(line, Overlong) else line.split("\t")

    def _pair(self, row: Sequence[str], number: int, shape: tables.Layout) -> Pair:
        place = self.name, number
        if self.quoted and any(_UNSEEN in cell for cell in row):
            return Pair("", "", *place, fault=OVERLONG)
        if shape.has(row):
            return Pair(row[shape.source], row[shape.target], *place)
        if not any(row):
            return Pair("", "", *place)
        if isinstance(row[0], Overlong):
            return Pair(row[0], "", *place, fault=OVERLONG)
        if shape.width <= 2:
            raise DataError(
                f"{self.path}, line {number}: it has no tab; a .tsv file has source and target in two columns"
            )
        return Pair(" ".join(row), "", *place, fault=NO_ROW)


def _sample(lines: Iterator[str]) -> list[str]:
    """Take enough lines to recognise the table by."""
    sample = list(islice(lines, _FEW))
    quotes = sum('"' in line for line in sample)
    while quotes < _QUOTES and len(sample) < _MANY:
        line = next(lines, None)
        if line is None:
            break
        sample.append(line)
        quotes += '"' in line
    return sample


def _first_rows(sample: Sequence[str], *, quoted: bool) -> Iterator[Sequence[str]]:
    if not quoted:
        yield from (line.split("\t") for line in sample[:_FEW] if not isinstance(line, Overlong))
        return
    with suppress(DataError):  # the last cell may end beyond the sample
        yield from (row for _, row in islice(_spreadsheet("", sample), _FEW))


def _spreadsheet(path: Path | str, lines: Iterable[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield rows whose cells may be quoted, hold tabs and go over several lines, with the line where each begins."""
    whole = (f"{_UNSEEN}\n" if isinstance(line, Overlong) else f"{line}\n" for line in lines)
    reader = csv.reader(whole, delimiter="\t", strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, line {number}: its cells are quoted as in a spreadsheet, but this row is incomplete "
                f"({error}); fix its quotes, or save the table again"
            ) from None
        yield number, row


def read_jsonl(
    path: Path | str,
    source_lang: str,
    target_lang: str,
    columns: Sequence[int | str] = (),
    tell: Tell = silent,
) -> Iterator[Pair]:
    """Yield the pairs of lines such as `{"translation": {"en": "...", "fr": "..."}}`; the outer key may be left out.

    A blank line is a pair with empty sides, and `null` is an empty side.
    """
    both_needed(path, source_lang, target_lang)
    for number, line in enumerate(read_lines(path, bounded=True), start=1):
        if isinstance(line, Overlong):
            yield Pair(line, "", str(path), number, fault=OVERLONG)
            continue
        if not line.strip():  # counted, so that a file of alignments keeps its place
            yield Pair("", "", str(path), number)
            continue
        try:
            texts = _texts(line)
            (src, tgt) = (_side(texts, language) for language in (source_lang, target_lang))
            (src + tgt).encode()  # JSON can escape half of a surrogate pair, which is not text
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: it is not a JSON object of text ({error})") from None
        except (KeyError, TypeError, AttributeError) as error:
            held = f" but {', '.join(texts)[:100]}" if isinstance(error, KeyError) else ""
            raise DataError(
                f'{path}, line {number}: it does not hold {{"translation": {{"{source_lang}": "...", '
                f'"{target_lang}": "..."}}}}{held}; fix the line, or source_lang and target_lang'
            ) from None
        yield Pair(src, tgt, str(path), number)


def _texts(line: str) -> dict[str, Any]:
    value = json.loads(line, object_pairs_hook=_each_once)
    texts = value.get("translation", value)
    if not isinstance(texts, dict):
        raise TypeError
    return texts


def _side(texts: dict[str, Any], language: str) -> str:
    """Return the text in a language, whose code may be written otherwise; empty for null."""
    key = find(language, texts)
    if key is None:
        raise KeyError
    text = "" if texts[key] is None else texts[key]
    if not isinstance(text, str):
        raise TypeError
    return text


def _each_once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its items; json would keep the last of several with one name and lose the others."""
    value = dict(items)
    if len(value) < len(items):
        names = [name for name, _ in items]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} appears in it twice")
    return value


def both_needed(path: Path | str, source_lang: str, target_lang: str) -> None:
    """Raise ConfigError where a language is not given."""
    if not (source_lang and target_lang):
        raise ConfigError(
            f"{path} holds several languages: say which by source_lang and target_lang (--source-lang en ...)"
        )
