"""Glossaries in TOML: a table [[terms]] for each entry."""

import tomllib
from collections.abc import Iterator

from clearhead.errors import ClearheadError, DataError
from clearhead.storage import untrusted
from clearhead.terms.tables import COLUMNS, entry
from clearhead.terms.term import Term

_LISTS = ("target", "forbidden")


def from_toml(data: bytes) -> Iterator[tuple[str, Term]]:
    """Yield (place, entry) of a file of TOML; `target` and `forbidden` are a string or a list of strings."""
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"byte {error.start + 1}: it is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"it is not valid TOML: {error}; correct it there") from None
    except RecursionError:
        raise DataError("it is nested too deep; give a list of tables [[terms]]") from None
    terms = content.pop("terms", None)
    if content or not isinstance(terms, list):
        raise DataError("it must hold tables [[terms]] and nothing else; see docs/guides/terms.md")
    for number, values in enumerate(terms, start=1):
        try:
            yield f"entry {number}", _entry(values)
        except ClearheadError as error:
            raise DataError(f"entry {number}: {error}") from None


def _entry(values: object) -> Term:
    if not isinstance(values, dict):
        raise DataError(f"it is {untrusted.shown(values)}; give a table with source and target")
    for key, value in values.items():
        if key not in COLUMNS:
            raise DataError(f"the key {untrusted.shown(key)} is unknown; use {', '.join(COLUMNS)}")
        listed = key in _LISTS and isinstance(value, list)
        if not all(isinstance(text, str) for text in (value if listed else [value])):
            raise DataError(f"{key} must be text, got {untrusted.shown(value)}; put it into quotes")
    lists = [_listed(values.get(key, [])) for key in _LISTS]
    return entry({key: value for key, value in values.items() if key not in _LISTS}, lists[0], lists[1])


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
