"""A translation memory: texts with the translations that people gave them, from one language into another."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from clearhead.config.checks import check
from clearhead.corpora.pair import Pair
from clearhead.errors import DataError
from clearhead.memory.reading import read
from clearhead.memory.similar import Match, Similar, not_equal
from clearhead.text.normalize import normalize

LEAST, MOST = 0.7, 3
"""Score from which an entry is offered, and how many are at most."""


class Memory:
    """Entries by their source, of several with one source the last."""

    def __init__(self, pairs: Iterable[Pair], *, least: float = LEAST) -> None:
        check(0.3 <= least <= 1, "similar", least, "from 0.3 to 1")
        self.least = least
        self.left_out = 0
        """Entries without text on both sides, or that could not be read."""
        self.replaced = 0
        """Entries that a later one with the same source and another translation replaced."""
        self._entries: dict[str, Match] = {}
        for pair in pairs:
            self._add(pair)

    @classmethod
    def load(
        cls,
        files: Sequence[Path | str],
        *,
        source: str | None = None,
        to: str | None = None,
        least: float = LEAST,
    ) -> Self:
        """Read memories (TMX) and other files of both sides (TSV, JSON Lines, PO); later ones win.

        TMX and JSON Lines need the languages of both sides. Raises ConfigError where one is not known, DataError for
        what cannot be read or holds no entry.
        """
        pairs = (pair for file in files for pair in read(file, source or "", to or ""))
        memory = cls(pairs, least=least)
        if not memory:
            raise DataError(
                f"{', '.join(map(str, files))} holds no translation of any text; give a file with text on both sides"
            )
        return memory

    def exact(self, text: str) -> Match | None:
        """Return the entry for a text, the kinds of white space and of accents aside; None where there is none."""
        return self._entries.get(normalize(text))

    def similar(self, text: str) -> tuple[Match, ...]:
        """Return the entries that are most like a text, best first, the one for the very text among them."""
        exact = self.exact(text)
        if not normalize(text) or (exact and self.least == 1):
            return (exact,) if exact else ()
        found = [exact] if exact else []
        for score, place in self._index.search(text, self.least):
            entry = self._in_order[place]
            if len(found) < MOST and entry is not exact:
                found.append(replace(entry, score=not_equal(score)))
        return tuple(found)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        """Say what it holds: two memories with one of these answer alike."""
        return f"Memory({len(self):,} entries, {self._digest})"

    def _add(self, pair: Pair) -> None:
        source = "" if pair.fault else normalize(pair.src)
        if not source or not normalize(pair.tgt):
            self.left_out += 1
            return
        target = pair.tgt.strip()
        before = self._entries.pop(source, None)
        self.replaced += bool(before and before.target != target)
        self._entries[source] = Match(1.0, pair.src.strip(), target)

    @cached_property
    def _in_order(self) -> list[Match]:
        return list(self._entries.values())

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256()
        for entry in self._in_order:
            digest.update(repr(entry).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def _index(self) -> Similar:
        return Similar([entry.source for entry in self._in_order])
