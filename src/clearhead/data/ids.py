"""The ids of pairs of sentences, and the known links of their tokens."""

from collections.abc import Sequence

from clearhead.corpora.pair import Pair
from clearhead.corpora.word_links import Link, fit, of_tokens
from clearhead.surface.masking import mask_pair
from clearhead.text.tokenizer import Tokenizer


def ids_of(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], tag: str | None = None, *, normal: bool = False
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the ids of both sides of pairs, source ids with their tag; `normal` as in `Tokenizer.encode_batch`."""
    kinds, learned = tokenizer.symbol_kinds, tokenizer.learned
    sides, normal = (
        ([mask_pair(*pair, kinds, learned) for pair in pairs], False) if kinds else (pairs, normal)
    )
    return (
        tokenizer.encode_batch([src for src, _ in sides], to=tag, normal=normal),
        tokenizer.encode_target_batch([tgt for _, tgt in sides], normal=normal),
    )


def token_links(tokenizer: Tokenizer, pair: Pair, src: Sequence[int], tgt: Sequence[int]) -> list[Link]:
    """Return the known links of a pair's tokens; none where the words are not the same in what the ids spell.

    They are not where an imported vocabulary changes a text or has no piece for a part of it, and where a symbol
    stands for several words or for a part of one.
    """
    if not pair.links:
        return []
    spelled = tokenizer.decode(src), tokenizer.decode(tgt)
    if not fit(pair, *spelled):
        return []
    return of_tokens(pair.links, spelled, (tokenizer.spans(src), tokenizer.spans(tgt)))
