"""`[decoding]`: how a trained model searches (§6.1 of the paper)."""

from dataclasses import dataclass

from clearhead.config.checks import check_flags, check_integer, check_number

MOST_HYPOTHESES = 1000
"""Widest beam; beyond it a sentence takes gigabytes, and wider beams than some ten find nothing better."""
LARGEST_ALPHA = 10.0
"""The usual exponents are below 2; far above, the penalty overflows."""


@dataclass(frozen=True, kw_only=True)
class DecodingConfig:
    """How a trained model searches for a translation (§6.1); kept with the model as its defaults."""

    beam_size: int = 4
    """Beam size; 1 is greedy search."""
    alpha: float = 0.6
    """Exponent of the length penalty ((5 + n) / 6) ** alpha; 0: none."""
    max_length_factor: float = 2.0
    """Longest translation: this many tokens per source token, plus max_length_offset."""
    max_length_offset: int = 20
    """Tokens that a translation may have beyond max_length_factor times its source's."""
    form: bool = False
    """Give translations the final punctuation and case of their source; keep bullets, cells and brackets."""
    literals: bool = False
    """Correct addresses, codes and long numbers that differ from the source by a letter."""

    def __post_init__(self) -> None:
        check_integer("decoding.beam_size", self.beam_size, 1, MOST_HYPOTHESES)
        check_number("decoding.alpha", self.alpha, 0, LARGEST_ALPHA)
        check_number("decoding.max_length_factor", self.max_length_factor, 0, 100)
        check_integer("decoding.max_length_offset", self.max_length_offset, 1, 10_000)
        check_flags(self, "decoding")

    def max_length(self, num_src_tokens: int) -> int:
        """Return the largest number of target tokens for a source of that length, in tokens."""
        return int(self.max_length_factor * num_src_tokens) + self.max_length_offset
