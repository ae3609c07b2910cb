"""Learning the vocabulary of a store from the pairs that will be trained on (§5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearhead.config import TokenizerConfig
from clearhead.data.ids import ids_of
from clearhead.data.raw_pairs import RawPairs
from clearhead.data.rows import Rows
from clearhead.surface.masking import mask_pair
from clearhead.text.symbols import KINDS
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are encoded at a time."""
_LONG_WORD = 30
"""Characters; a word of more (base64, an address) is counted as that many tokens."""
_ROUNDS = 3
"""Times that the vocabulary is learned again without the pairs that it makes too long."""

Selected = np.ndarray[Any, Any]
"""A truth for each row, or the numbers of some."""


@dataclass(frozen=True)
class TargetsOnly:
    """Raw pairs whose sources are no text, so that they teach no pieces."""

    tgts: Rows

    @property
    def srcs(self) -> Rows:
        """What is as long as the targets are."""
        return self.tgts

    def text(self, row: int) -> tuple[str, str]:
        """Return a pair without its source."""
        return "", self.tgts[row].decode()


Texts = RawPairs | TargetsOnly


def learn_vocabulary(
    pairs: Texts, kept: Selected, config: TokenizerConfig, tags: Sequence[str], max_tokens: int
) -> Tokenizer:
    """Learn a joint vocabulary from the rows that are kept and will not be too long.

    What is not trained on must not shape the vocabulary: one line of base64 could fill it.
    """
    # A text has no more tokens than bytes, so only these can be too long.
    wide = (pairs.srcs.sizes >= max_tokens) | (pairs.tgts.sizes >= max_tokens)
    rows = np.flatnonzero(_fitting(pairs, kept, wide, max_tokens))
    rows = rows[:: -(-len(rows) // config.sample_pairs)]
    for _ in range(_ROUNDS):
        tokenizer = _learned(pairs, rows, config, tags)
        long = _too_long(pairs, rows[wide[rows]], tokenizer, max_tokens)
        if not 0 < len(long) < len(rows):
            return tokenizer
        rows = np.setdiff1d(rows, long, assume_unique=True)
    return _learned(pairs, rows, config, tags)


def _fitting(pairs: Texts, kept: Selected, wide: Selected, max_tokens: int) -> Selected:
    """Return which rows that are kept will most likely not be too long; all of them if there is none."""
    fitting = kept.copy()
    for row in map(int, np.flatnonzero(kept & wide)):
        fitting[row] = max(map(_estimated_tokens, pairs.text(row))) <= max_tokens
    return fitting if fitting.any() else kept


def _estimated_tokens(text: str) -> float:
    """Return about how many tokens a text will have, before the vocabulary is known."""
    return sum(len(word) if len(word) > _LONG_WORD else 1 + len(word) / 6 for word in text.split())


def _learned(pairs: Texts, rows: Selected, config: TokenizerConfig, tags: Sequence[str]) -> Tokenizer:
    texts = (pairs.text(row) for row in rows)
    if config.symbols:  # what is carried teaches no pieces
        texts = (mask_pair(src, tgt, KINDS) for src, tgt in texts)
    return Tokenizer.train(
        (side for pair in texts for side in pair if side),
        kind=config.kind,
        vocab_size=config.vocab_size,
        languages=tags,
        symbols=config.symbols,
        terms=config.terms,
        split_digits=config.split_digits,
    )


def _too_long(pairs: Texts, rows: Selected, tokenizer: Tokenizer, max_tokens: int) -> list[int]:
    """Return the rows that a vocabulary makes too long to be trained on."""
    long: list[int] = []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        sides = ids_of(tokenizer, [pairs.text(row) for row in block])
        long += [
            row for row, src, tgt in zip(block, *sides, strict=True) if max(len(src), len(tgt)) > max_tokens
        ]
    return long
