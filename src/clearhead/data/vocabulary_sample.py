"""Learning the vocabulary of a store from the pairs that will be trained on (§5.1)."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from clearhead.config import TokenizerConfig
from clearhead.data.ids import ids_of
from clearhead.data.raw_pairs import Kept, RawPairs
from clearhead.surface.masking import mask_pair
from clearhead.text.symbols import KINDS
from clearhead.text.tokenizer import Tokenizer

_BLOCK = 8192
"""Pairs that are encoded, and rows that are counted, at a time."""
_LONG_WORD = 30
"""Characters; a word of more (base64, an address) is counted as that many tokens."""
_ROUNDS = 3
"""Times that the vocabulary is learned again without the pairs that it makes too long."""

Pairs = Sequence[tuple[str, str]]


def may_fit(text: str, max_tokens: int) -> bool:
    """Say whether a text will most likely have no more than so many tokens, before the vocabulary is known."""
    if len(text.encode()) < max_tokens:  # a text has no more tokens than bytes
        return True
    return (
        sum(len(word) if len(word) > _LONG_WORD else 1 + len(word) / 6 for word in text.split()) <= max_tokens
    )


def learn_vocabulary(
    raw: RawPairs,
    kept: Kept,
    config: TokenizerConfig,
    tags: Sequence[str],
    max_tokens: int,
    *,
    targets_only: bool = False,
) -> Tokenizer:
    """Learn a joint vocabulary from the rows that are kept and will not be too long.

    What is not trained on must not shape the vocabulary: one line of base64 could fill it. `targets_only`: the
    sources are no text, and teach no pieces.
    """
    fitting = kept & raw.fits()
    pairs: Pairs = list(raw.texts(_every(fitting if fitting.any() else kept, config.sample_pairs)))
    if targets_only:
        pairs = [("", tgt) for _, tgt in pairs]
    for _ in range(_ROUNDS):
        tokenizer = _learned(pairs, config, tags)
        long = _too_long(pairs, tokenizer, max_tokens)
        if not 0 < sum(long) < len(pairs):
            return tokenizer
        pairs = list(compress(pairs, [not is_long for is_long in long]))
    return _learned(pairs, config, tags)


def _every(chosen: Kept, most: int) -> np.ndarray[Any, Any]:
    """Return every n-th of the rows that are chosen, so that they are no more than `most`."""
    step = -(-int(np.count_nonzero(chosen)) // most)
    rows, before = [np.empty(0, dtype=np.int64)], 0
    for start in range(0, len(chosen), _BLOCK):  # not all numbers at a time: they take memory
        block = np.flatnonzero(chosen[start : start + _BLOCK])
        rows.append(start + block[-before % step :: step])
        before += len(block)
    return np.concatenate(rows)


def _learned(pairs: Pairs, config: TokenizerConfig, tags: Sequence[str]) -> Tokenizer:
    # What is carried teaches no pieces.
    texts = (mask_pair(src, tgt, KINDS) for src, tgt in pairs) if config.symbols else pairs
    return Tokenizer.train(
        (side for pair in texts for side in pair if side),
        kind=config.kind,
        vocab_size=config.vocab_size,
        languages=tags,
        symbols=config.symbols,
        terms=config.terms,
        split_digits=config.split_digits,
    )


def _too_long(pairs: Pairs, tokenizer: Tokenizer, max_tokens: int) -> list[bool]:
    """Return of each pair whether a vocabulary makes it too long to be trained on."""
    wide = [
        place for place, pair in enumerate(pairs) if max(len(side.encode()) for side in pair) >= max_tokens
    ]
    long = [False] * len(pairs)
    for start in range(0, len(wide), _BLOCK):
        places = wide[start : start + _BLOCK]
        sides = ids_of(tokenizer, [pairs[place] for place in places])
        for place, src, tgt in zip(places, *sides, strict=True):
            long[place] = max(len(src), len(tgt)) > max_tokens
    return long
