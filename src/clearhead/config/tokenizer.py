"""`[tokenizer]`: how text is cut into subwords."""

from dataclasses import dataclass
from typing import Literal

from clearhead.config.checks import check, check_choices

TokenizerKind = Literal["unigram", "bpe", "word", "char"]


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """How text is cut into subwords."""

    kind: TokenizerKind = "unigram"
    vocab_size: int = 8000
    """Joint vocabulary of source and target; a small corpus may yield fewer pieces."""
    symbols: bool = False
    """Have symbols for what must come through: placeholders, tags, addresses, codes, numbers, unseen characters."""
    split_digits: bool = False
    """Make each digit a piece of its own, so that numbers are read as they are written."""
    sample_pairs: int = 250_000
    """Pairs, evenly spread over the corpora, that the vocabulary is learned from."""

    def __post_init__(self) -> None:
        check_choices(self, "tokenizer")
        allowed = "300 (256 are bytes) to 1000000"
        check(300 <= self.vocab_size <= 1_000_000, "tokenizer.vocab_size", self.vocab_size, allowed)
        check(self.sample_pairs >= 1, "tokenizer.sample_pairs", self.sample_pairs, "1 or more")
