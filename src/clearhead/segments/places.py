"""Where in a translation a tag of its source belongs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clearhead.segments.correspondence import Correspondence, Span, Table

_MARK = 0.3
"""What a punctuation mark weighs beside a word."""
_EACH = 0.05
"""What each word costs that a tag holds: one that belongs to nothing stays outside."""
_LEAST = 0.2
"""How much a word must belong to a tag to be held by it alone."""
_DECAY = 0.5
"""How much less a word counts for the place of an empty tag with each word between."""
_TOUCH = 0.4
"""What it costs to part an empty tag from the word that it touched."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """An empty tag between source words."""

    before: int
    """How many source words stand before it."""
    touches_before: bool
    touches_behind: bool


def words_of(table: Correspondence, inside: Sequence[bool], within: Span) -> Span | None:
    """Return the run of target words that belongs most to some source words and least to all others.

    The sum over the run of how much of each word belongs inside, less how much belongs outside, is the largest that
    there is: so one stray link does not swallow a sentence, and of what parts the main run is held. Only words of
    `within` are taken; None if none belongs there.
    """
    held = np.array(inside, bool)
    only_marks = all(mark for mark, of_it in zip(table.source_marks, inside, strict=True) if of_it)
    marks = np.array(table.source_marks, bool)
    inner = table.weights[:, held].sum(axis=1)
    scores = inner - table.weights[:, ~held].sum(axis=1)
    for (first, last), (begin, end) in table.blocks:  # of a whole sentence the whole translation
        words = held[first:last] | marks[first:last]
        if words.all() and held[first:last].any() and not only_marks:
            scores[begin:end] = np.maximum(scores[begin:end], 2 * _EACH)
    scores = scores - _EACH
    if not only_marks:
        scores = np.where(np.array(table.target_marks, bool), _MARK * scores, scores)
    run = _largest(scores, within)
    if run:
        return run
    first, last = within
    if first == last:
        return None
    best = first + int(inner[first:last].argmax())
    return (best, best + 1) if inner[best] >= _LEAST else None


def _largest(scores: Table, within: Span) -> Span | None:
    """Return the run with the largest sum (Kadane's scan), None if no sum is above 0."""
    best, run = 0.0, None
    total, start = 0.0, within[0]
    for number in range(*within):
        total += float(scores[number])
        if total <= 0.0:
            total, start = 0.0, number + 1
        elif total > best:
            best, run = total, (start, number + 1)
    return run


def gap_of(table: Correspondence, spot: Spot, within: Span) -> int:
    """Return before which target word an empty tag stands, so that the least is on the wrong side of it.

    A source word counts less the further it is; one that the tag touched should be the next to it.
    """
    sources = len(table.source)
    nearness = np.array(
        [
            _DECAY ** (spot.before - 1 - word if word < spot.before else word - spot.before)
            for word in range(sources)
        ],
        np.float32,
    )
    nearness[np.array(table.source_marks, bool)] *= _MARK
    near = table.weights * nearness
    before, behind = near[:, : spot.before].sum(axis=1), near[:, spot.before :].sum(axis=1)
    costs = np.concatenate([[0.0], np.cumsum(behind)]) + np.concatenate(
        [np.cumsum(before[::-1])[::-1], [0.0]]
    )
    touched = _touched(table, spot)
    if touched is not None:
        costs += _TOUCH
        costs[touched] -= _TOUCH
    first, last = within
    return first + int(costs[first : last + 1].argmin())


def _touched(table: Correspondence, spot: Spot) -> int | None:
    """Return the gap next to what came from the word that a tag touched, if it touched one alone."""
    if spot.touches_before == spot.touches_behind or not len(table.target):
        return None
    word = spot.before - 1 if spot.touches_before else spot.before
    if not 0 <= word < len(table.source):
        return None
    belongs = np.flatnonzero(table.weights[:, word] >= 0.5)
    if not len(belongs):
        return None
    return int(belongs[-1]) + 1 if spot.touches_before else int(belongs[0])
