"""`[tokenizer]`: how text is cut into subwords."""

from dataclasses import dataclass
from typing import Literal

from clearhead.config.checks import check, check_choices

TokenizerKind = Literal["unigram", "bpe", "word", "char"]


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """How text is cut into subwords."""

    kind: TokenizerKind = "unigram"
    """unigram or bpe: subwords; word: whole words; char: single characters."""
    vocab_size: int = 8000
    """Size of the joint vocabulary; a small corpus may yield fewer pieces."""
    symbols: bool = False
    """Learn symbols that carry placeholders, tags, addresses, codes, numbers and unseen characters unchanged."""
    terms: bool = False
    """Add the marks by which terms are given within a source; data.augmentation.terms teaches them."""
    split_digits: bool = False
    """Make each digit a separate piece, so that numbers are read digit by digit."""
    sample_pairs: int = 250_000
    """Number of pairs, spread evenly over the corpora, to learn the vocabulary from."""

    def __post_init__(self) -> None:
        check_choices(self, "tokenizer")
        requirement = "from 300 (256 are bytes) to 1,000,000"
        check(300 <= self.vocab_size <= 1_000_000, "tokenizer.vocab_size", self.vocab_size, requirement)
        check(
            not self.terms or self.kind in ("unigram", "bpe"),
            "tokenizer.terms",
            True,
            f"false with a {self.kind} tokenizer",
        )
        check(self.sample_pairs >= 1, "tokenizer.sample_pairs", self.sample_pairs, "at least 1")
