"""Byte-pair encoding (§5.1) in its plain form: the readable reference of what the library does.

Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016.
Training joins the most frequent pair of neighbouring symbols, again and again; the list of joins in
that order is all there is to a model. Applying it joins, of the pairs in a word, the one that was
learned first, until none is left.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from clearhead.errors import TextError
from clearhead.text.escape import SPACE_MARK, marked
from clearhead.text.tokenizer import Tokenizer


def apply_merges(word: str | Sequence[str], merges: Mapping[tuple[str, str], int]) -> list[str]:
    """Join pairs of neighbouring symbols, lowest rank first and leftmost first, while any can be.

    `word` is given as characters or symbols; `merges` maps a pair to its rank. One pair is joined
    at a time. For a list of merges as the paper learns it, that equals joining every place of a pair
    at once, because a join can only make pairs that were learned later; SentencePiece makes a piece
    from any two pieces that spell it, also from one learned later, and there only this order is its.
    Quadratic in the length of the word.
    """
    symbols = list(word)
    while True:
        ranked = [(merges[pair], place) for place, pair in enumerate(pairwise(symbols)) if pair in merges]
        if not ranked:
            return symbols
        _, place = min(ranked)
        symbols[place : place + 2] = ["".join(symbols[place : place + 2])]


def merges_of(tokenizer: Tokenizer) -> dict[tuple[str, str], int]:
    """Read the merges of a trained BPE tokenizer: every pair of pieces that spells a third.

    The rank is the id of what the pair becomes, since pieces are numbered in the order they were
    learned (single characters follow, and are never the result of a merge). Raises TextError for
    another kind of tokenizer.
    """
    if tokenizer.kind != "bpe":
        raise TextError(f"a {tokenizer.kind} tokenizer has no merges; train one with kind='bpe'")
    learned = tokenizer.text_pieces
    return {
        (piece[:cut], piece[cut:]): rank
        for piece, rank in learned.items()
        for cut in range(1, len(piece))
        if piece[:cut] in learned and piece[cut:] in learned
    }


def segment(text: str, tokenizer: Tokenizer, merges: Mapping[tuple[str, str], int]) -> list[str]:
    """Cut a text into the pieces of a BPE tokenizer by applying its merges word by word.

    Equals the pieces of `tokenizer.encode`, computed another way: what is not a piece is spelled in bytes.
    """
    pieces: list[str] = []
    for word in marked(text).split(SPACE_MARK)[1:]:
        for symbol in apply_merges(SPACE_MARK + word, merges):
            known = symbol in tokenizer.text_pieces
            pieces += [symbol] if known else [f"<0x{byte:02X}>" for byte in symbol.encode()]
    return pieces
