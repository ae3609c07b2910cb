"""Glossaries as tables with tabs: source, target and, if wanted, languages, match, case, forbidden."""

from collections.abc import Iterator, Sequence

from clearhead.errors import ClearheadError, DataError
from clearhead.storage import untrusted
from clearhead.terms.term import Term

COLUMNS = ("source", "target", "languages", "match", "case", "forbidden")


def from_tsv(data: bytes) -> Iterator[tuple[str, Term]]:
    """Yield (place, entry) of a table; a first line that begins with `source` and `target` names the columns."""
    columns: Sequence[str] = COLUMNS
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"line {line}: it is not UTF-8; save the file as UTF-8") from None
    for number, row in enumerate(text.split("\n"), start=1):
        cells = [cell.strip() for cell in row.rstrip("\r").split("\t")]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if number == 1 and {"source", "target"} <= set(map(str.lower, cells)):
            columns = _named([cell.lower() for cell in cells])
            continue
        try:
            yield f"line {number}", _entry(cells, columns)
        except ClearheadError as error:
            raise DataError(f"line {number}: {error}") from None


def _named(cells: Sequence[str]) -> Sequence[str]:
    for cell in cells:
        if cell not in COLUMNS:
            raise DataError(
                f"line 1: the column {untrusted.shown(cell)} is unknown; name them {', '.join(COLUMNS)}"
            )
        if cells.count(cell) > 1:
            raise DataError(f"line 1: there are two columns {cell}; leave one out")
    return cells


def _entry(cells: Sequence[str], columns: Sequence[str]) -> Term:
    if len(cells) > len(columns):
        raise DataError(
            f"there are {len(cells)} columns, and the table has {len(columns)}; take out a tab, or name the columns "
            "in the first line"
        )
    if len(cells) < 2:
        raise DataError("there is no tab between source and target; put one there")
    values = dict(zip(columns, cells, strict=False))
    return entry(values, several(values.get("target", "")), several(values.get("forbidden", "")))


def entry(values: dict[str, str], targets: tuple[str, ...], forbidden: tuple[str, ...]) -> Term:
    """Return the entry of what is written in a table or a file of TOML; empty values are the usual ones."""
    return Term(
        source=values.get("source", ""),
        targets=targets,
        languages=languages(values.get("languages", "")),
        match=values.get("match") or "exact",  # type: ignore[arg-type]  # it is checked
        case=values.get("case") or "any",  # type: ignore[arg-type]
        forbidden=forbidden,
    )


def several(cell: str) -> tuple[str, ...]:
    """Return the parts of `a | b`."""
    return tuple(part.strip() for part in cell.split("|")) if cell.strip() else ()


def languages(text: str) -> tuple[str, str]:
    """Return source and target language of `en-fr`; empty for any. Raises DataError."""
    if not text:
        return "", ""
    parts = text.lower().split("-")
    if len(parts) != 2 or not all(part == "" or (part.isalpha() and len(part) in (2, 3)) for part in parts):
        raise DataError(
            f"languages must be two codes such as en-fr, got {untrusted.shown(text)}; leave it empty for any"
        )
    return parts[0], parts[1]
