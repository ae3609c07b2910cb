"""Which words of a translation belong to which of its source, and where both stand in their texts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from clearhead.text.words import is_punctuation

Span = tuple[int, int]
Link = tuple[int, int]
Table = np.ndarray[Any, np.dtype[np.float32]]

_PARTS = re.compile(r"(?<=^[cdjlCDJL]['’])(?=\w)|(?<=^[Qq]u['’])(?=\w)|(?<=[^\W\d])/(?=[^\W\d])")
"""Where one word is several: behind what lost its vowel (l'eau, j'ai; not m'a, whose order is another one in other
languages), and at a stroke (red/green)."""
_SHARE = 0.3
"""Of what a word looks at most, what another one must have to count as well."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Correspondence:
    """The words of a source and its translation, and how much each belongs to each."""

    source: tuple[Span, ...]
    target: tuple[Span, ...]
    weights: Table
    """[target, source]: rows sum to at most 1."""
    source_marks: tuple[bool, ...]
    """Which source words are punctuation."""
    target_marks: tuple[bool, ...]
    blocks: tuple[tuple[Span, Span], ...]
    """Sentences: their source words and their target words."""

    @classmethod
    def of(
        cls,
        texts: tuple[str, str],
        words: tuple[Sequence[str], Sequence[str]],
        links: Sequence[Link],
        tables: Sequence[Table] = (),
    ) -> Self:
        """Put links and, where there are any, the tables of each sentence together, [target, source].

        Links say it more surely, and the tables what is between them: the mean of both.
        """
        sources, targets = (
            _parted(located(text, side), side) for text, side in zip(texts, words, strict=True)
        )
        weights: Table = _linked(links, len(words[1]), len(words[0]))
        if tables:
            weights = (weights + _normalised(_diagonal(tables))) * np.float32(0.5)
        weights = _spread(_spread(weights, targets).T, sources).T
        shapes = [(table.shape[1], table.shape[0]) for table in tables] or [(len(words[0]), len(words[1]))]
        return cls(
            source=tuple(span for parts in sources for span in parts),
            target=tuple(span for parts in targets for span in parts),
            weights=_normalised(weights),
            source_marks=_marks(words[0], sources),
            target_marks=_marks(words[1], targets),
            blocks=_blocks(shapes, sources, targets),
        )


def located(text: str, words: Sequence[str]) -> list[Span]:
    """Return where words stand in a text that holds them in this order; of one that is not found, where it would."""
    spans, place = [], 0
    for word in words:
        start = text.find(word, place)
        if start < 0:
            spans.append((place, place))
            continue
        place = start + len(word)
        spans.append((start, place))
    return spans


def _parted(spans: Sequence[Span], words: Sequence[str]) -> list[list[Span]]:
    """Return the parts of each word; of most words one."""
    parted = []
    for (start, end), word in zip(spans, words, strict=True):
        cuts = list(_PARTS.finditer(word)) if end > start else []
        starts = [start, *(start + cut.end() for cut in cuts)]
        parted.append(list(zip(starts, [*(start + cut.start() for cut in cuts), end], strict=True)))
    return parted


def _marks(words: Sequence[str], parted: Sequence[Sequence[Span]]) -> tuple[bool, ...]:
    return tuple(is_punctuation(word) for word, parts in zip(words, parted, strict=True) for _ in parts)


def _linked(links: Sequence[Link], targets: int, sources: int) -> Table:
    table = np.zeros((targets, sources), np.float32)
    for source, target in links:
        table[target, source] = 1.0
    return _normalised(table)


def _normalised(table: Table) -> Table:
    """Return rows that sum to 1; those that hold next to nothing stay as little as they are."""
    sums: Table = np.maximum(table.sum(axis=1, keepdims=True, initial=0.0), 0.5)
    return np.asarray(table / sums, np.float32)


def _diagonal(tables: Sequence[Table]) -> Table:
    """Return one table of several sentences: words of different sentences share nothing."""
    whole = np.zeros(tuple(np.sum([table.shape for table in tables], axis=0)), np.float32)
    row = column = 0
    for table in tables:
        whole[row : row + table.shape[0], column : column + table.shape[1]] = table
        row, column = row + table.shape[0], column + table.shape[1]
    return whole


def _spread(table: Table, parted: Sequence[Sequence[Span]]) -> Table:
    """Give each part of a word a row: its first parts one each of the words it belongs to, the last part the rest.

    In all languages here what stands before the noun in one word (l'eau) stands before it in several (the water).
    """
    rows = []
    for row, parts in zip(table, parted, strict=True):
        most = row.max(initial=0.0)
        partners = np.flatnonzero((row >= _SHARE * most) & (row > 0))
        for number in range(len(parts)):
            if len(parts) == 1 or len(partners) < len(parts):
                rows.append(row)
                continue
            mine = partners[number:] if number == len(parts) - 1 else partners[number : number + 1]
            part = np.zeros_like(row)
            part[mine] = row[mine]
            rows.append(part)
    return np.stack(rows) if rows else np.zeros((0, table.shape[1]), np.float32)


def _blocks(
    shapes: Sequence[tuple[int, int]], sources: Sequence[Sequence[Span]], targets: Sequence[Sequence[Span]]
) -> tuple[tuple[Span, Span], ...]:
    blocks, source, target, first, begin = [], 0, 0, 0, 0
    for of_source, of_target in shapes:
        last = first + sum(map(len, sources[source : source + of_source]))
        end = begin + sum(map(len, targets[target : target + of_target]))
        blocks.append(((first, last), (begin, end)))
        source, target, first, begin = source + of_source, target + of_target, last, end
    return tuple(blocks)
