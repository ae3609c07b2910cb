"""Tokens and alignments of what a model read and wrote, over the text that is printed."""

from dataclasses import replace
from difflib import SequenceMatcher
from itertools import product

import numpy as np

from clearhead.inspection.alignment import Alignment
from clearhead.inspection.tokens import Maps, Tokens
from clearhead.surface.printed import Printed
from clearhead.text.words import Span, words


def over(tokens: Tokens, text: str) -> Tokens:
    """Return the same tokens over the text that is printed: in its case, with its final mark and its spaces.

    Letters are compared one after the other, so a token keeps the letters that it is. A mark that the model did not
    write belongs to no token.
    """
    if text == tokens.text:
        return tokens
    starts, ends = _moved(tokens.text, text)

    def moved(span: Span) -> Span:
        start = starts[span.start]
        return Span(start, max(start, ends[span.end - 1]) if span.end > span.start else start)

    return replace(
        tokens,
        text=text,
        spans=tuple(span if span is None else moved(span) for span in tokens.spans),
        carried=tuple(map(moved, tokens.carried)),
    )


def _moved(text: str, printed: str) -> tuple[list[int], list[int]]:
    """Return where each letter of a text begins and ends in the printed one; the end of the text begins last."""
    starts, ends = [0] * len(text), [0] * len(text)
    sides = [letter.lower() for letter in text], [letter.lower() for letter in printed]
    for _, start, end, there, past in SequenceMatcher(None, *sides, autojunk=False).get_opcodes():
        for step in range(end - start):
            starts[start + step] = there + step * (past - there) // (end - start)
            ends[start + step] = there + -(-(step + 1) * (past - there) // (end - start))
    return [*starts, len(printed)], ends


def reprinted(alignment: Alignment, source: Printed, target: Printed) -> Alignment:
    """Return an alignment between the printed words; what is carried belongs to itself, whatever was looked at.

    A word that the model did not write (a final mark that was put back) has no link, and is sure.
    """
    links = {
        pair for i, j in alignment.links for pair in product(source.homes[i], target.homes[j])
    }  # several printed words may be one of the model's
    of_sources, of_targets = _belonging(source), _belonging(target)
    weights: Maps = of_targets.T @ np.concatenate(alignment.weights) @ of_sources
    weights = np.minimum(1.0, weights / np.maximum(1, of_targets.sum(axis=0))[:, None]).astype(np.float32)
    through = {
        pair
        for thing in source.carried.keys() & target.carried.keys()
        for pair in _pairs(source.carried[thing], target.carried[thing])
    }
    alone = source.whole & {i for i, _ in through}, target.whole & {j for _, j in through}
    weights[:, sorted(alone[0])] = 0.0
    weights[sorted(alone[1])] = 0.0
    links = {(i, j) for i, j in links if i not in alone[0] and j not in alone[1]} | through
    for i, j in through:
        weights[j, i] = 1.0
    missing = None
    if alignment.missing is not None:
        lost = {number for word in alignment.missing for number in source.homes[word]}
        missing = frozenset(lost - {i for i, _ in through})
    sure = [
        [alignment.confidence[word] for word in of_targets[:, number].nonzero()[0]]
        for number in range(len(target.words))
    ]
    return Alignment(
        source.words,
        target.words,
        tuple(sorted(links)),
        (weights,),
        tuple(min(probabilities, default=1.0) for probabilities in sure),
        missing,
    )


def copied(text: str) -> Alignment:
    """Return the alignment of a text that stays as it is: each word with itself."""
    same = tuple(text[start:end] for start, end in words(text))
    links = tuple((number, number) for number in range(len(same)))
    table = np.eye(len(same), dtype=np.float32)
    return Alignment(same, same, links, (table,), (1.0,) * len(same), frozenset())


def _belonging(printed: Printed) -> Maps:
    """Return [word of the model, printed word]: 1 where they are the same."""
    table = np.zeros((len(printed.homes), len(printed.words)), np.float32)
    for word, numbers in enumerate(printed.homes):
        table[word, sorted(numbers)] = 1.0
    return table


def _pairs(sources: tuple[int, ...], targets: tuple[int, ...]) -> list[tuple[int, int]]:
    """Pair the words of what is carried one by one, or all where it is written in more words than before."""
    if len(sources) == len(targets):
        return list(zip(sources, targets, strict=True))
    return list(product(sources, targets))
