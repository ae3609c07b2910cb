"""A glossary read from a file: a table with tabs, TOML, or TBX; the ending of its name says which."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from clearhead.errors import ConfigError, DataError
from clearhead.storage import untrusted
from clearhead.terms.finding import Finder
from clearhead.terms.tables import from_tsv
from clearhead.terms.tbx import from_tbx
from clearhead.terms.term import Term
from clearhead.terms.toml import from_toml

LARGEST = 64 << 20
"""Most bytes of a file."""
MOST = 200_000
"""Most entries."""
Entries = Iterator[tuple[str, Term]]
"""Entries with their places, such as `line 3`."""

_READERS: Mapping[str, Callable[[bytes], Entries]] = {
    ".tsv": from_tsv,
    ".txt": from_tsv,
    ".toml": from_toml,
    ".tbx": from_tbx,
}


@dataclass(frozen=True)
class Terms:
    """A glossary.

    >>> Terms.of(("invoice", "facture")).entries[0].targets
    ('facture',)
    """

    entries: tuple[Term, ...] = ()

    @classmethod
    def of(cls, *pairs: tuple[str, str]) -> Self:
        """Return the glossary of some pairs of words."""
        return cls(tuple(Term(source=source, targets=(target,)) for source, target in pairs))

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a file (.tsv, .txt, .toml, .tbx). Raises DataError with the place of what is wrong, or ConfigError."""
        path = Path(path)
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            raise ConfigError(
                f"cannot tell what kind of glossary {path} is; name it with one of {', '.join(_READERS)}"
            )
        try:
            data = untrusted.read_bytes(path, LARGEST)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}; check the name") from None
        except ValueError as error:
            raise DataError(f"cannot read {path}: {error}; give a smaller glossary") from None
        try:
            return cls(tuple(_consistent(reader(data))))
        except (ConfigError, DataError) as error:
            raise type(error)(f"{path}, {error}") from None

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.entries)

    def finder(self, source: str | None, target: str | None) -> Finder:
        """Return what finds the terms of one pair of languages; None for a language that is not known."""
        known = self._finders
        if (source, target) not in known:
            known[source, target] = Finder([term for term in self.entries if term.applies(source, target)])
        return known[source, target]

    @cached_property
    def _finders(self) -> dict[tuple[str | None, str | None], Finder]:
        return {}


def _consistent(entries: Iterable[tuple[str, Term]]) -> Iterator[Term]:
    """Pass entries on; raise DataError for one that says something else than an earlier one, or for too many."""
    seen: dict[tuple[object, ...], tuple[str, Term]] = {}
    for number, (place, term) in enumerate(entries, start=1):
        if number > MOST:
            raise DataError(f"{place}: there are more than {MOST:,} entries; give fewer")
        source = term.source if term.case == "keep" else term.source.casefold()
        key = (source, term.languages, term.case)
        if not term.targets:
            yield term
            continue
        earlier, same = seen.setdefault(key, (place, term))
        if same is term:
            yield term
        elif same.targets != term.targets:
            raise DataError(
                f"{place}: {untrusted.shown(term.source)} has another target on {earlier}; give several forms of one "
                "term as a | b on one line"
            )
